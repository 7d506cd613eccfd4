package rest

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"

	"github.com/gin-gonic/gin"

	"example.com/weir/flowio/filter"
	"example.com/weir/flowio/group"
	"example.com/weir/flowio/query"
	"example.com/weir/persistence/access"
	"example.com/weir/persistence/configdb"
	"example.com/weir/persistence/topology"
)

// The codes of problems; GraphQL has the same as extensions.code.
const (
	codeUnauthenticated = "UNAUTHENTICATED"
	codeForbidden       = "FORBIDDEN"
	codeNotFound        = "NOT_FOUND"
	codeConflict        = "CONFLICT"
	codeValidation      = "VALIDATION"
	codeFilterSyntax    = "FILTER_SYNTAX"
	codeLimit           = "LIMIT"
	codeRateLimited     = "RATE_LIMITED"
	codeUnitUnavailable = "UNIT_UNAVAILABLE"
	codeCanceled        = "CANCELED"
	codeTimeout         = "TIMEOUT"
	codeNotTPM          = "NOT_TPM"
	codeInternal        = "INTERNAL"
)

// statusClosed is what others call client closed request. Nobody reads it.
const statusClosed = 499

// problems is the only place that turns an error into a status. The first
// entry that matches wins. Anything not listed is a 500 whose text goes to
// the log, not to the caller.
var problems = []struct {
	err    error
	status int
	code   string
}{
	{access.ErrToken, http.StatusUnauthorized, codeUnauthenticated},
	{access.ErrForbidden, http.StatusForbidden, codeForbidden},
	{topology.ErrInvalid, http.StatusBadRequest, codeValidation},
	{topology.ErrConflict, http.StatusConflict, codeConflict},
	{topology.ErrRevision, http.StatusPreconditionFailed, codeConflict},
	{topology.ErrNotFound, http.StatusNotFound, codeNotFound},
	{topology.ErrNotTPM, http.StatusMisdirectedRequest, codeNotTPM},
	{topology.ErrDown, http.StatusServiceUnavailable, codeUnitUnavailable},
	{configdb.ErrTooMany, http.StatusUnprocessableEntity, codeLimit},
	{query.ErrNoJob, http.StatusNotFound, codeNotFound},
	{query.ErrNoResult, http.StatusNotFound, codeNotFound},
	{query.ErrBusy, http.StatusTooManyRequests, codeRateLimited},
	{group.ErrBudget, http.StatusUnprocessableEntity, codeLimit},
	{context.DeadlineExceeded, http.StatusGatewayTimeout, codeTimeout},
	{context.Canceled, statusClosed, codeCanceled},
}

// ErrorCodes returns the code of every sentinel that this package knows. It
// is for the test that compares it with the one of package graph.
func ErrorCodes() map[error]string {
	codes := make(map[error]string, len(problems))
	for _, p := range problems {
		codes[p.err] = p.code
	}
	return maps.Clone(codes)
}

// refusal is a refusal that this package decides itself.
type refusal struct {
	status int
	code   string
	detail string
	errors []Mistake
}

func (r *refusal) Error() string { return r.detail }

func invalid(pointer, detail string) error {
	return &refusal{
		status: http.StatusBadRequest, code: codeValidation,
		detail: detail, errors: []Mistake{{Pointer: pointer, Detail: detail}},
	}
}

// problemOf says how err looks to the caller. Known reports whether its text
// may be shown.
func problemOf(err error) (p Problem, known bool) {
	var (
		refused *refusal
		syntax  *filter.SyntaxError
		request *query.RequestError
		check   *topology.CheckError
		tooBig  *http.MaxBytesError
	)
	switch {
	case errors.As(err, &refused):
		return Problem{Status: refused.status, Code: refused.code, Detail: refused.detail, Errors: refused.errors}, true
	case errors.As(err, &tooBig):
		return Problem{Status: http.StatusRequestEntityTooLarge, Code: codeLimit, Detail: "the body is larger than 1 MiB"}, true
	case errors.As(err, &request):
		p = Problem{Status: http.StatusBadRequest, Code: codeValidation, Detail: err.Error()}
		for _, m := range request.Problems {
			p.Errors = append(p.Errors, Mistake{Pointer: m.Pointer, Detail: m.Detail})
		}
		if errors.As(err, &syntax) {
			p.point(syntax)
		}
		return p, true
	case errors.As(err, &syntax):
		p = Problem{Status: http.StatusBadRequest, Detail: err.Error()}
		p.point(syntax)
		return p, true
	}
	for _, known := range problems {
		if errors.Is(err, known.err) {
			p = Problem{Status: known.status, Code: known.code, Detail: err.Error()}
			if errors.As(err, &check) {
				p.Errors = mistakes(check)
			}
			return p, true
		}
	}
	return Problem{
		Status: http.StatusInternalServerError, Code: codeInternal,
		Detail: "something went wrong here; the log of this Master tells more under the request ID",
	}, false
}

// point makes p point to a mistake in a filter.
func (p *Problem) point(e *filter.SyntaxError) {
	p.Code = codeFilterSyntax
	p.Offset, p.Length, p.Expected = &e.Offset, &e.Length, e.Expected
}

func mistakes(e *topology.CheckError) []Mistake {
	list := make([]Mistake, 0, len(e.Problems))
	for _, p := range e.Problems {
		list = append(list, Mistake{Pointer: p.Pointer, Detail: p.Detail})
	}
	return list
}

// refuse answers with the problem that err is.
func (a *api) refuse(c *gin.Context, err error) {
	p, known := problemOf(err)
	if !known {
		a.log.Error("request failed", "err", err, "request_id", RequestID(c.Request.Context()),
			"method", c.Request.Method, "path", c.Request.URL.Path)
	}
	if p.Status == http.StatusUnauthorized {
		c.Header("WWW-Authenticate", `Bearer realm="weir"`)
	}
	if p.Status == http.StatusTooManyRequests {
		c.Header("Retry-After", "1")
	}
	writeProblem(c.Writer, c.Request, p)
	c.Abort()
}

// refuseRequest answers a request that the generated code cannot read.
func (a *api) refuseRequest(c *gin.Context, err error) {
	if _, known := problemOf(err); !known {
		err = &refusal{status: http.StatusBadRequest, code: codeValidation, detail: err.Error()}
	}
	a.refuse(c, err)
}

func (a *api) refuseMethod(c *gin.Context) {
	a.refuse(c, &refusal{
		status: http.StatusMethodNotAllowed, code: codeValidation,
		detail: c.Request.URL.Path + " does not take " + c.Request.Method,
	})
}

// writeProblem writes p, which has at least a status and a code. It writes
// nothing once the answer has begun.
func writeProblem(w gin.ResponseWriter, r *http.Request, p Problem) {
	if w.Written() {
		return
	}
	p.Type = "about:blank"
	p.Title = http.StatusText(p.Status)
	if p.Title == "" {
		p.Title = "Client Closed Request"
	}
	p.Instance = r.URL.Path
	p.RequestID = RequestID(r.Context())
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	body, err := json.Marshal(p)
	if err != nil {
		return // Problem holds only texts and numbers
	}
	_, _ = w.Write(append(body, '\n')) // a caller that is gone needs no problem
}
