package graph

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"example.com/weir/flowio/filter"
	"example.com/weir/flowio/group"
	"example.com/weir/flowio/query"
	"example.com/weir/persistence/access"
	"example.com/weir/persistence/configdb"
	"example.com/weir/persistence/topology"
)

// The codes in extensions.code; REST has the same in its problems.
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

// errorCodes is the only place that turns an error into a code. The first
// entry that matches wins. Anything not listed is INTERNAL and its text goes
// to the log, not to the caller.
var errorCodes = []struct {
	err  error
	code string
}{
	{access.ErrToken, codeUnauthenticated},
	{access.ErrForbidden, codeForbidden},
	{topology.ErrInvalid, codeValidation},
	{topology.ErrConflict, codeConflict},
	{topology.ErrRevision, codeConflict},
	{topology.ErrNotFound, codeNotFound},
	{topology.ErrNotTPM, codeNotTPM},
	{topology.ErrDown, codeUnitUnavailable},
	{configdb.ErrTooMany, codeLimit},
	{query.ErrNoJob, codeNotFound},
	{query.ErrNoResult, codeNotFound},
	{query.ErrBusy, codeRateLimited},
	{group.ErrBudget, codeLimit},
	{context.DeadlineExceeded, codeTimeout},
	{context.Canceled, codeCanceled},
}

// ErrorCodes returns the code of every sentinel that this package knows. It
// is for the test that compares it with the one of package rest.
func ErrorCodes() map[error]string {
	codes := make(map[error]string, len(errorCodes))
	for _, e := range errorCodes {
		codes[e.err] = e.code
	}
	return codes
}

// mistake is one mistake of the input, and where it is.
type mistake struct {
	Pointer string `json:"pointer"`
	Detail  string `json:"detail"`
}

// inputError is a mistake that this package finds itself.
type inputError struct{ mistakes []mistake }

func (e *inputError) Error() string { return e.mistakes[0].Pointer + ": " + e.mistakes[0].Detail }

func invalid(pointer, format string, args ...any) error {
	return &inputError{[]mistake{{pointer, fmt.Sprintf(format, args...)}}}
}

// presenter turns errors into what callers see.
type presenter struct {
	log       *slog.Logger
	requestID func(context.Context) string
}

func (p *presenter) present(ctx context.Context, err error) *gqlerror.Error {
	shown := graphql.DefaultErrorPresenter(ctx, err)
	if extensions := extensionsOf(err); extensions != nil {
		shown.Extensions = extensions
		return shown
	}
	if isDocumentError(ctx, shown) {
		shown.Extensions = documentExtensions(shown)
		return shown
	}
	id := ""
	if p.requestID != nil {
		id = p.requestID(ctx)
	}
	p.log.Error("request failed", "err", err, "request_id", id, "path", shown.Path.String())
	shown.Message = "something went wrong here; the log of this Master tells more under the request ID"
	shown.Extensions = map[string]any{"code": codeInternal, "requestId": id}
	return shown
}

// extensionsOf returns what the caller may know of err; nil if that is
// nothing.
func extensionsOf(err error) map[string]any {
	var (
		syntax  *filter.SyntaxError
		request *query.RequestError
		check   *topology.CheckError
		input   *inputError
		list    []mistake
		code    string
	)
	if errors.As(err, &request) {
		code = codeValidation
		for _, m := range request.Problems {
			list = append(list, mistake{m.Pointer, m.Detail})
		}
	}
	if errors.As(err, &input) {
		code, list = codeValidation, input.mistakes
	}
	for _, known := range errorCodes {
		if code == "" && errors.Is(err, known.err) {
			code = known.code
		}
	}
	if errors.As(err, &check) {
		for _, m := range check.Problems {
			list = append(list, mistake{m.Pointer, m.Detail})
		}
	}
	extensions := map[string]any{}
	if errors.As(err, &syntax) {
		code = codeFilterSyntax
		extensions["offset"], extensions["length"], extensions["expected"] = syntax.Offset, syntax.Length, syntax.Expected
	}
	if code == "" {
		return nil
	}
	extensions["code"] = code
	if len(list) > 0 {
		extensions["errors"] = list
	}
	return extensions
}

// isDocumentError reports whether e is about the document or its variables
// rather than from a resolver: its path then leads on into the arguments of
// the field, if it has come that far.
func isDocumentError(ctx context.Context, e *gqlerror.Error) bool {
	if code, _ := e.Extensions["code"].(string); code != "" || e.Rule != "" {
		return true
	}
	if e.Unwrap() == nil {
		return len(e.Locations) > 0
	}
	field := graphql.GetFieldContext(ctx)
	return field != nil && len(e.Path) > len(field.Path())
}

// documentExtensions returns the code of a mistake in the document or in its
// variables, and where in the input it is.
func documentExtensions(e *gqlerror.Error) map[string]any {
	if e.Extensions["code"] == "COMPLEXITY_LIMIT_EXCEEDED" {
		return map[string]any{"code": codeLimit}
	}
	extensions := map[string]any{"code": codeValidation}
	at := slices.Index(e.Path, ast.PathElement(ast.PathName("input")))
	if at >= 0 {
		pointer := strings.ReplaceAll(strings.ReplaceAll("/"+e.Path[at+1:].String(), ".", "/"), "[", "/")
		extensions["errors"] = []mistake{{strings.ReplaceAll(pointer, "]", ""), e.Message}}
	}
	return extensions
}

// recoverPanic turns a panic of a resolver into an error.
func (p *presenter) recoverPanic(_ context.Context, reason any) error {
	p.log.Error("resolver panicked", "stack", string(debug.Stack()))
	return fmt.Errorf("panic: %v", reason)
}
