package queryplane

import (
	"context"
	"strings"
	"testing"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/query"
)

// narrow is a unit that lists records with fewer columns than are asked for.
type narrow struct{ Asker }

func (narrow) Answer(_ context.Context, _ Question, sink Sink) (query.Coverage, query.Stats, error) {
	b := flow.NewBatch(flow.Fields(flow.Time, flow.Bytes))
	b.Extend(3)
	return whole, query.Stats{}, SendRecords(sink, b)
}

// A unit of another version may list other columns: it is left out and named,
// and the others answer.
func TestRecordsWithoutColumnsOfTheList(t *testing.T) {
	plan := resolve(t, query.Request{Kind: query.Flows, OrderBy: "srcAddr", Limit: 100})
	targets := []Target{
		{Holders: []string{"good"}, Asker: &holder{name: "good", source: records(10, 1)}},
		{Holders: []string{"narrow"}, Asker: narrow{}},
	}
	n := 0
	coverage, _, err := Records(t.Context(), Ask{Plan: plan}, targets, func(b *flow.Batch) error { n += b.Len(); return nil })
	if err != nil || n != 10 {
		t.Errorf("%d records, %v; want the 10 of the good unit", n, err)
	}
	if len(coverage.Missing) != 1 || coverage.Missing[0].Unit != "narrow" || !strings.Contains(coverage.Missing[0].Reason, "same version") {
		t.Errorf("coverage %+v, want that the narrow unit is missing", coverage)
	}
}
