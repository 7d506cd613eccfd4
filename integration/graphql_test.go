package integration

import (
	"encoding/json"
	"errors"
	"fmt"
)

// graphQLError is one error of a GraphQL answer.
type graphQLError struct {
	Message    string
	Path       []any
	Extensions map[string]any
}

func (e *graphQLError) Error() string {
	return fmt.Sprintf("%s %v %v", e.Message, e.Path, e.Extensions)
}

// graphQL runs an operation; the first error of its answer is a *graphQLError.
func (d *deployment) graphQL(operation string, variables map[string]any, into any, headers ...string) error {
	var got struct {
		Data   json.RawMessage
		Errors []graphQLError
	}
	err := d.callAt("POST", "/graphql", map[string]any{"query": operation, "variables": variables}, &got, headers...)
	var refused *problem
	if errors.As(err, &refused) && json.Unmarshal([]byte(refused.text), &got) != nil {
		return err
	}
	switch {
	case len(got.Errors) > 0:
		return &got.Errors[0]
	case err != nil || into == nil:
		return err
	}
	return json.Unmarshal(got.Data, into)
}
