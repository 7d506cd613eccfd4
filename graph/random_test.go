package graph

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"pgregory.net/rapid"

	"example.com/weir/persistence/mastertest"
)

// TestRandomOperations asks random operations of the schema. Whatever they
// ask, nothing may fail inside.
func TestRandomOperations(t *testing.T) {
	s := schema()
	server := New(Config{Master: mastertest.New()})
	rapid.Check(t, func(rt *rapid.T) {
		g := generator{rt, s}
		root, word := s.Query, "query"
		if rapid.Bool().Draw(rt, "mutation") {
			root, word = s.Mutation, "mutation"
		}
		operation := word + g.selection(root, 0)
		body, err := json.Marshal(map[string]string{"query": operation})
		if err != nil {
			rt.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(string(body)))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+rapid.SampledFrom([]string{"admin", "admin", "viewer", "wrong"}).Draw(rt, "token"))
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		if text := w.Body.String(); w.Code >= 500 || strings.Contains(text, codeInternal) || !json.Valid(w.Body.Bytes()) {
			rt.Fatalf("%s\n-> %d %s", operation, w.Code, text)
		}
	})
}

// generator writes random documents.
type generator struct {
	rt     *rapid.T
	schema *ast.Schema
}

func (g generator) selection(d *ast.Definition, depth int) string {
	var fields []string
	for i, f := range d.Fields {
		if strings.HasPrefix(f.Name, "__") || rapid.IntRange(0, 1+len(d.Fields)/4).Draw(g.rt, f.Name) > 0 {
			continue
		}
		child := g.schema.Types[f.Type.Name()]
		if child.IsCompositeType() && depth > 4 {
			continue
		}
		text := fmt.Sprintf("f%d: %s%s", i, f.Name, g.arguments(f.Arguments, depth))
		if child.IsCompositeType() {
			text += g.selection(child, depth+1)
		}
		fields = append(fields, text)
	}
	if len(fields) == 0 {
		fields = []string{"__typename"}
	}
	return " { " + strings.Join(fields, " ") + " }"
}

func (g generator) arguments(list ast.ArgumentDefinitionList, depth int) string {
	var texts []string
	for _, a := range list {
		if a.Type.NonNull && a.DefaultValue == nil || rapid.Bool().Draw(g.rt, a.Name) {
			texts = append(texts, a.Name+": "+g.value(a.Type, depth))
		}
	}
	if len(texts) == 0 {
		return ""
	}
	return "(" + strings.Join(texts, ", ") + ")"
}

// someWords are what texts mostly are, so that they get past the parsers.
var someWords = []string{"london", "now-1h", "proto tcp", "srcAddr", "dstPort", "bytes", "0s", "1h", "12", "192.0.2.9:2210", "2026-11-23T10:00:00Z", "q1", "a1"}

func (g generator) value(t *ast.Type, depth int) string {
	if !t.NonNull && rapid.IntRange(0, 9).Draw(g.rt, "null") == 0 {
		return "null"
	}
	if t.Elem != nil {
		var items []string
		for range rapid.IntRange(0, 3).Draw(g.rt, "length") {
			items = append(items, g.value(t.Elem, depth))
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	d := g.schema.Types[t.Name()]
	switch {
	case d.Kind == ast.InputObject:
		return g.input(d, depth)
	case d.Kind == ast.Enum:
		return d.EnumValues[rapid.IntRange(0, len(d.EnumValues)-1).Draw(g.rt, "enum")].Name
	case d.Name == "Int":
		return fmt.Sprint(rapid.SampledFrom([]int{0, 1, 10, 500, 2055, 70000, -1}).Draw(g.rt, "int"))
	case d.Name == "Boolean":
		return fmt.Sprint(rapid.Bool().Draw(g.rt, "bool"))
	default:
		word := rapid.OneOf(rapid.SampledFrom(someWords), rapid.StringN(0, 10, -1)).Draw(g.rt, "text")
		quoted, err := json.Marshal(word)
		if err != nil {
			g.rt.Fatal(err)
		}
		return string(quoted)
	}
}

func (g generator) input(d *ast.Definition, depth int) string {
	var fields []string
	for _, f := range d.Fields {
		if f.Type.NonNull && f.DefaultValue == nil || rapid.Bool().Draw(g.rt, f.Name) {
			fields = append(fields, f.Name+": "+g.value(f.Type, depth+1))
		}
	}
	return "{" + strings.Join(fields, ", ") + "}"
}
