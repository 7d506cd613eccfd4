package rest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"pgregory.net/rapid"
)

// TestContract sends random requests, good and broken, to every operation.
// Whatever comes, the answer must be one that openapi.yaml describes, and
// never a failure of ours.
func TestContract(t *testing.T) {
	spec := mustSpec()
	operations := everyOperation(spec)
	s := serve(t)
	seed(t, s)
	rapid.Check(t, func(rt *rapid.T) {
		route := operations[rapid.IntRange(0, len(operations)-1).Draw(rt, "operation")]
		r := drawRequest(rt, s, route)
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		story := fmt.Sprintf("%s %s\n%v\n%s\n-> %d %s", r.Method, r.URL, r.Header, body, w.Code, w.Body)
		if w.Code >= 500 {
			rt.Fatalf("failed:\n%s", story)
		}
		if err := validateAnswer(route, r, w); err != nil {
			rt.Fatalf("not as described: %v\n%s", err, story)
		}
	})
}

func everyOperation(spec *openapi3.T) []*routers.Route {
	var all []*routers.Route
	for _, path := range slices.Sorted(maps.Keys(spec.Paths.Map())) {
		item := spec.Paths.Value(path)
		for _, method := range slices.Sorted(maps.Keys(item.Operations())) {
			all = append(all, &routers.Route{
				Spec: spec, Path: path, PathItem: item, Method: method, Operation: item.Operations()[method],
			})
		}
	}
	return all
}

// seed makes objects for the random requests to find.
func seed(t *testing.T, s served) {
	t.Helper()
	makeUnit(t, s, "london-proxy", "proxy")
	s.ask("operator", "POST", "/api/v1/source-groups", `{"name":"london","listen":[2055]}`)
	s.ask("viewer", "POST", "/api/v1/queries", `{"kind":"total"}`)
	s.ask("viewer", "POST", "/api/v1/queries", `{"kind":"total","filter":"proto icmp"}`)
}

func validateAnswer(route *routers.Route, r *http.Request, w *httptest.ResponseRecorder) error {
	if w.Code == http.StatusNoContent && w.Body.Len() == 0 && route.Operation.Responses.Status(204) != nil {
		return nil
	}
	for _, stream := range []string{"csv", "ndjson", "parquet"} {
		if strings.Contains(w.Header().Get("Content-Type"), stream) {
			return nil // streams are not schemas
		}
	}
	return openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, Route: route},
		Status:                 w.Code, Header: w.Header(),
		Body:    io.NopCloser(bytes.NewReader(w.Body.Bytes())),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	})
}

func drawRequest(rt *rapid.T, s served, route *routers.Route) *http.Request {
	path := strings.Replace(route.Path, "{id}", url.PathEscape(drawID(rt, s)), 1)
	query, header := url.Values{}, http.Header{}
	for _, ref := range route.Operation.Parameters {
		p := ref.Value
		if !rapid.Bool().Draw(rt, "send "+p.Name) {
			continue
		}
		switch p.In {
		case openapi3.ParameterInQuery:
			query.Set(p.Name, drawText(rt, p.Schema.Value))
		case openapi3.ParameterInHeader:
			header.Set(p.Name, printable(drawText(rt, p.Schema.Value)))
		}
	}
	if rapid.IntRange(0, 9).Draw(rt, "stray parameter") == 0 {
		query.Set(rapid.StringMatching(`[a-z]{1,8}`).Draw(rt, "name"), "1")
	}
	var body io.Reader = http.NoBody
	if ref := route.Operation.RequestBody; ref != nil {
		body = bytes.NewReader(drawBody(rt, ref.Value.Content["application/json"].Schema.Value))
		header.Set("Content-Type", rapid.SampledFrom([]string{"application/json", "application/json", "application/json", "text/plain", ""}).Draw(rt, "type"))
	}
	r := httptest.NewRequest(route.Method, basePath+path+"?"+query.Encode(), body)
	maps.Copy(r.Header, header)
	if token := rapid.SampledFrom([]string{"admin", "admin", "admin", "operator", "viewer", "wrong", ""}).Draw(rt, "token"); token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	r.Header.Set("Accept", rapid.SampledFrom([]string{"", "*/*", "text/csv", "application/json", typeParquet}).Draw(rt, "accept"))
	return r
}

// drawID returns the ID of an object, or of none.
func drawID(rt *rapid.T, s served) string {
	ids := []string{"none", "q1", "q2", "a1", "a2", "t9"}
	v := s.Topology()
	for id := range v.Units {
		ids = append(ids, string(id))
	}
	for id := range v.SourceGroups {
		ids = append(ids, string(id))
	}
	slices.Sort(ids)
	if rapid.IntRange(0, 9).Draw(rt, "odd ID") == 0 {
		return rapid.StringN(1, 20, -1).Draw(rt, "ID")
	}
	return rapid.SampledFrom(ids).Draw(rt, "ID")
}

// printable keeps what a header may hold.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text)
}

// drawBody returns a body for the schema: mostly good, sometimes with an
// unknown field, sometimes of another shape, sometimes no JSON.
func drawBody(rt *rapid.T, schema *openapi3.Schema) []byte {
	switch rapid.IntRange(0, 19).Draw(rt, "kind of body") {
	case 0:
		return rapid.SliceOf(rapid.Byte()).Draw(rt, "octets")
	case 1:
		return []byte(rapid.SampledFrom([]string{"", "null", "[]", `"x"`, "{", `{"a":1}{`, "1e999"}).Draw(rt, "text"))
	}
	text, err := json.Marshal(drawValue(rt, schema, 0))
	if err != nil {
		rt.Fatalf("write body: %v", err)
	}
	return text
}

// someWords are what texts mostly are, so that requests get past the parsers.
var someWords = []string{
	"london", "now-1h", "now", "proto tcp", "srcAddr", "dstPort", "bytes", "flows", "60s", "24h", "2026-11-23T10:00:00Z",
	"192.0.2.9:2210", "uniq(dstAddr)", "a name", "*", `"1"`, "wait=0",
}

func drawText(rt *rapid.T, schema *openapi3.Schema) string {
	switch value := drawValue(rt, schema, 0).(type) {
	case string:
		return value
	case []any:
		var parts []string
		for _, one := range value {
			parts = append(parts, fmt.Sprint(one))
		}
		return strings.Join(parts, ",")
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	default:
		return fmt.Sprint(value)
	}
}

func drawValue(rt *rapid.T, schema *openapi3.Schema, depth int) any {
	if depth > 4 || rapid.IntRange(0, 24).Draw(rt, "another type") == 0 {
		return rapid.SampledFrom([]any{nil, 1.5, -1, "x", true, []any{}, map[string]any{}}).Draw(rt, "value")
	}
	if len(schema.Enum) > 0 {
		return rapid.SampledFrom(schema.Enum).Draw(rt, "enum")
	}
	switch {
	case schema.Type.Includes("object"):
		return drawObject(rt, schema, depth)
	case schema.Type.Includes("array"):
		list := []any{}
		for range rapid.IntRange(0, 3).Draw(rt, "length") {
			list = append(list, drawValue(rt, schema.Items.Value, depth+1))
		}
		return list
	case schema.Type.Includes("integer"), schema.Type.Includes("number"):
		return rapid.SampledFrom([]any{0, 1, 2, 10, 2055, 35536, 65535, 65536, -1, 1 << 40, math.MaxInt64}).Draw(rt, "number")
	case schema.Type.Includes("boolean"):
		return rapid.Bool().Draw(rt, "bool")
	default:
		if rapid.IntRange(0, 4).Draw(rt, "odd text") == 0 {
			return rapid.String().Draw(rt, "text")
		}
		return rapid.SampledFrom(someWords).Draw(rt, "word")
	}
}

func drawObject(rt *rapid.T, schema *openapi3.Schema, depth int) any {
	object := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		required := slices.Contains(schema.Required, name) && rapid.IntRange(0, 19).Draw(rt, "omit "+name) > 0
		if required || rapid.Bool().Draw(rt, "set "+name) {
			object[name] = drawValue(rt, schema.Properties[name].Value, depth+1)
		}
	}
	if rapid.IntRange(0, 14).Draw(rt, "stray field") == 0 {
		object[rapid.StringMatching(`[a-z]{1,6}`).Draw(rt, "name")] = 1
	}
	return object
}
