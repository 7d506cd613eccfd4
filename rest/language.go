package rest

import (
	"context"
	"errors"
	"time"

	"example.com/weir/flowio/filter"
	"example.com/weir/flowio/query"
)

// GetFields implements StrictServerInterface.
func (a *api) GetFields(context.Context, GetFieldsRequestObject) (GetFieldsResponseObject, error) {
	return GetFields200JSONResponse{Fields: query.FieldCatalogue(), Metrics: query.MetricCatalogue()}, nil
}

// ValidateFilter implements StrictServerInterface.
func (a *api) ValidateFilter(_ context.Context, r ValidateFilterRequestObject) (ValidateFilterResponseObject, error) {
	answer := FilterProblems{Problems: []FilterProblem{}}
	_, err := query.Request{Kind: query.Total, Filter: r.Body.Text}.Resolve(time.Now())
	var wrong *query.RequestError
	switch {
	case err == nil:
		return ValidateFilter200JSONResponse(answer), nil
	case !errors.As(err, &wrong):
		return nil, err
	}
	for _, p := range wrong.Problems {
		if p.Filter != nil {
			answer.Problems = append(answer.Problems, newFilterProblem(p.Filter))
		}
	}
	return ValidateFilter200JSONResponse(answer), nil
}

func newFilterProblem(e *filter.SyntaxError) FilterProblem {
	return FilterProblem{Offset: e.Offset, Length: e.Length, Message: e.Msg, Expected: list(e.Expected)}
}

// GetVersion implements StrictServerInterface.
func (a *api) GetVersion(context.Context, GetVersionRequestObject) (GetVersionResponseObject, error) {
	return GetVersion200JSONResponse(a.version), nil
}
