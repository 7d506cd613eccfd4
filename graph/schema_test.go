package graph

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"

	"example.com/weir/graph/generated"
)

var update = flag.Bool("update", false, "rewrite golden files")

func schema() *ast.Schema {
	return generated.NewExecutableSchema(generated.Config{}).Schema()
}

// TestEveryRootFieldNamesItsRole walks the schema: a field without the
// directive would be open to everybody who is logged in.
func TestEveryRootFieldNamesItsRole(t *testing.T) {
	s := schema()
	for _, root := range []*ast.Definition{s.Query, s.Mutation, s.Subscription} {
		for _, field := range root.Fields {
			if field.Name[:min(2, len(field.Name))] == "__" {
				continue
			}
			directive := field.Directives.ForName("hasRole")
			if directive == nil {
				t.Errorf("%s.%s has no @hasRole", root.Name, field.Name)
				continue
			}
			if role := directive.Arguments.ForName("role").Value.Raw; root == s.Mutation && role == "viewer" && !viewersMay[field.Name] {
				t.Errorf("%s.%s lets viewers change something", root.Name, field.Name)
			}
		}
	}
}

// viewersMay holds what viewers may start: it changes nothing but queries.
var viewersMay = map[string]bool{"startQuery": true, "stopQuery": true, "cancelQuery": true}

// TestEverythingIsDescribed: the schema is the manual.
func TestEverythingIsDescribed(t *testing.T) {
	for name, d := range schema().Types {
		own := !d.BuiltIn && name[:min(2, len(name))] != "__" && name != "Query" && name != "Mutation" && name != "Subscription"
		if own && d.Description == "" && d.Kind != ast.InputObject && !bytes.HasSuffix([]byte(name), []byte("Payload")) &&
			name != "LedgerDrop" {
			t.Errorf("%s has no description", name)
		}
	}
}

// TestGoldenSchema shows in review what clients will notice.
func TestGoldenSchema(t *testing.T) {
	const file = "testdata/schema.graphql"
	var now bytes.Buffer
	formatter.NewFormatter(&now, formatter.WithIndent("  ")).FormatSchema(schema())
	if *update {
		if err := os.WriteFile(file, now.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		t.Fatalf("%v; go test ./graph -update writes it", err)
	}
	if diff := cmp.Diff(string(golden), now.String()); err != nil || diff != "" {
		t.Errorf("the schema has changed; go test ./graph -update accepts it (-golden +now): %v\n%s", err, diff)
	}
}
