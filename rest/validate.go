package rest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/gin-gonic/gin"

	"example.com/weir/persistence/access"
)

// roleExtension names the role that an operation needs, in openapi.yaml.
const roleExtension = "x-role"

// validator lets a request pass whose caller may send it and that is as
// openapi.yaml says.
type validator struct {
	api    *api
	routes map[string]*routers.Route // by method, space and path as gin writes it
}

var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

func newValidator(spec *openapi3.T, a *api) *validator {
	v := &validator{api: a, routes: map[string]*routers.Route{}}
	for path, item := range spec.Paths.Map() {
		ginPath := basePath + pathParameter.ReplaceAllString(path, ":$1")
		for method, operation := range item.Operations() {
			v.routes[method+" "+ginPath] = &routers.Route{
				Spec: spec, Path: path, PathItem: item, Method: method, Operation: operation,
			}
		}
	}
	return v
}

func (v *validator) check(c *gin.Context) {
	route := v.routes[c.Request.Method+" "+c.FullPath()]
	if !isPublic(route.Operation) {
		if v.api.admit(c, roleOf(route.Operation)); c.IsAborted() {
			return
		}
	}
	if err := validateRequest(c, route); err != nil {
		v.api.refuse(c, err)
	}
}

// isPublic reports whether an operation needs no caller.
func isPublic(o *openapi3.Operation) bool { return o.Security != nil && len(*o.Security) == 0 }

// roleOf returns the role that an operation needs: the highest if it does not
// say.
func roleOf(o *openapi3.Operation) access.Role {
	if name, ok := o.Extensions[roleExtension].(string); ok && access.Role(name).Valid() {
		return access.Role(name)
	}
	return access.Admin
}

func validateRequest(c *gin.Context, route *routers.Route) error {
	if err := checkQuery(c.Request, route); err != nil {
		return err
	}
	if err := keepBody(c, route.Operation); err != nil {
		return err
	}
	parameters := make(map[string]string, len(c.Params))
	for _, p := range c.Params {
		parameters[p.Key] = p.Value
	}
	err := openapi3filter.ValidateRequest(c.Request.Context(), &openapi3filter.RequestValidationInput{
		Request: c.Request, PathParams: parameters, Route: route,
		Options: &openapi3filter.Options{
			MultiError:         true,
			KeepValidatedValue: true,
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, // admit has done it
		},
	})
	if err == nil {
		return nil
	}
	return refuseAll(explain(err))
}

// checkQuery refuses parameters that cannot be read or that the operation does
// not have: they would be ignored silently, and a filter with them.
func checkQuery(r *http.Request, route *routers.Route) error {
	given, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return invalid("?", "the query string: "+err.Error()+"; encode % as %25 and ; as %3B")
	}
	var unknown []Mistake
	for name := range given {
		if route.Operation.Parameters.GetByInAndName(openapi3.ParameterInQuery, name) == nil {
			unknown = append(unknown, Mistake{Pointer: "?" + name, Detail: fmt.Sprintf("unknown query parameter %q", name)})
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	slices.SortFunc(unknown, func(a, b Mistake) int { return strings.Compare(a.Pointer, b.Pointer) })
	return refuseAll(unknown)
}

const bodyKey = "weir.body"

// keepBody reads the body and leaves a copy for answers.replay, if the
// operation can be repeated: answers with secrets are not kept.
func keepBody(c *gin.Context, o *openapi3.Operation) error {
	if o.RequestBody == nil {
		return nil
	}
	if t := c.ContentType(); t != "application/json" && t != "application/merge-patch+json" {
		return &refusal{
			status: http.StatusUnsupportedMediaType, code: codeValidation,
			detail: fmt.Sprintf("the body is %q; send application/json", t),
		}
	}
	c.Request.Header.Set("Content-Type", "application/json") // a merge patch is JSON too
	body, err := io.ReadAll(c.Request.Body)
	if err != nil {
		return err
	}
	if o.Parameters.GetByInAndName(openapi3.ParameterInHeader, idempotencyHeader) != nil {
		c.Set(bodyKey, body)
	}
	c.Request.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}
