package integration

import (
	"maps"
	"testing"

	"example.com/weir/graph"
	"example.com/weir/rest"
)

// TestErrorTablesAgree: whatever refuses an operation has the same code
// whether it was asked by GraphQL or by REST.
func TestErrorTablesAgree(t *testing.T) {
	if r, g := rest.ErrorCodes(), graph.ErrorCodes(); !maps.Equal(r, g) {
		t.Errorf("REST has %v\nGraphQL has %v", r, g)
	}
}
