package rest

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// refuseAll refuses a request for every mistake at once.
func refuseAll(list []Mistake) error {
	texts := make([]string, 0, len(list))
	for _, m := range list {
		texts = append(texts, strings.TrimPrefix(m.Pointer+": "+m.Detail, ": "))
	}
	return &refusal{
		status: http.StatusBadRequest, code: codeValidation,
		detail: strings.Join(texts, "; "), errors: list,
	}
}

// explain lists the mistakes that a validation found.
func explain(err error) []Mistake {
	list, isList := err.(openapi3.MultiError) //nolint:errorlint // only the outermost is the list
	if !isList {
		list = openapi3.MultiError{err}
	}
	var mistakes []Mistake
	for _, e := range list {
		mistakes = append(mistakes, explainOne(e)...)
	}
	return mistakes
}

// unsupported is what the built-in validator says of a field that is unknown.
var unsupported = regexp.MustCompile(`^property "(.*)" is unsupported$`)

func explainOne(err error) []Mistake {
	var (
		request *openapi3filter.RequestError
		schema  *jsonschema.ValidationError
		builtIn *openapi3.SchemaError
		base    string
	)
	if errors.As(err, &request) && request.Parameter != nil {
		base = request.Parameter.Name
		if request.Parameter.In == openapi3.ParameterInQuery {
			base = "?" + base
		}
	}
	if errors.As(err, &schema) {
		return leaves(schema, base)
	}
	if errors.As(err, &builtIn) {
		if unknown := unsupported.FindStringSubmatch(builtIn.Reason); unknown != nil {
			return each(unknown[1:], pointer(base, builtIn.JSONPointer()), "unknown field %q")
		}
		return []Mistake{{Pointer: pointer(base, builtIn.JSONPointer()), Detail: builtIn.Reason}}
	}
	detail := err.Error()
	if request != nil && request.Err != nil {
		detail = request.Err.Error()
	} else if request != nil {
		detail = request.Reason
	}
	detail, _, _ = strings.Cut(detail, "\n")
	return []Mistake{{Pointer: base, Detail: detail}}
}

// english prints the texts of the schema validator.
var english = message.NewPrinter(language.English)

// leaves returns what is wrong at the ends of the tree of causes, pointing at
// the field that is missing or unknown rather than at the object around it.
func leaves(e *jsonschema.ValidationError, base string) []Mistake {
	if len(e.Causes) > 0 {
		var list []Mistake
		for _, cause := range e.Causes {
			list = append(list, leaves(cause, base)...)
		}
		return list
	}
	at := pointer(base, e.InstanceLocation)
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		return each(k.Properties, at, "unknown field %q")
	case *kind.Required:
		return each(k.Missing, at, "field %q is missing")
	default:
		return []Mistake{{Pointer: at, Detail: k.LocalizedString(english)}}
	}
}

// pointer returns the JSON pointer (RFC 6901) to a value below base.
func pointer(base string, keys []string) string {
	for _, key := range keys {
		base += "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
	}
	return base
}

func each(names []string, at, format string) []Mistake {
	list := make([]Mistake, 0, len(names))
	for _, name := range names {
		list = append(list, Mistake{Pointer: at + "/" + name, Detail: fmt.Sprintf(format, name)})
	}
	return list
}
