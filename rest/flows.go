package rest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/query"
)

// maxJSONFlows bounds an answer as one JSON document, which is built in
// memory. The other forms stream.
const maxJSONFlows = 10_000

const (
	typeNDJSON = "application/x-ndjson"
	typeCSV    = "text/csv"
	typeJSON   = "application/json"
)

// GetFlows implements StrictServerInterface.
func (a *api) GetFlows(ctx context.Context, r GetFlowsRequestObject) (GetFlowsResponseObject, error) {
	request := query.Request{
		Kind: query.Flows, From: deref(r.Params.From), To: deref(r.Params.To), Filter: deref(r.Params.Filter),
		SourceGroups: deref(r.Params.SourceGroups), OrderBy: deref(r.Params.OrderBy),
		Limit: deref(r.Params.Limit), Scaled: r.Params.Scaled,
	}
	plan, err := request.Resolve(time.Now()) // so that mistakes are answered before the stream begins
	if err != nil {
		return nil, err
	}
	shown, err := choose(query.FlowColumns(plan), deref(r.Params.Columns))
	if err != nil {
		return nil, err
	}
	s := flowStream{ctx: ctx, master: a.master, request: request, columns: shown}
	switch accepts(ctx, typeNDJSON, typeCSV, typeJSON) {
	case typeCSV:
		s.form = &csvFlows{}
	case typeJSON:
		return a.flowDocument(s, plan)
	default:
		s.form = &ndjsonFlows{}
	}
	return &s, nil
}

// column is a column that is shown: where it is in the rows, and what it is.
type column struct {
	index int
	query.Column
}

// choose returns the columns with the given names, all if there are none.
func choose(all []query.Column, names []string) ([]column, error) {
	var chosen []column
	if len(names) == 0 {
		for i, c := range all {
			chosen = append(chosen, column{i, c})
		}
		return chosen, nil
	}
	for _, name := range names {
		i := slices.IndexFunc(all, func(c query.Column) bool { return strings.EqualFold(c.Name, strings.TrimSpace(name)) })
		if i < 0 {
			return nil, invalid("?columns", fmt.Sprintf("%q is not a field of flows; GET %s/fields lists them", name, basePath))
		}
		chosen = append(chosen, column{i, all[i]})
	}
	return chosen, nil
}

func pick(row query.Row, columns []column) query.Row {
	shown := make(query.Row, len(columns))
	for i, c := range columns {
		shown[i] = row[c.index]
	}
	return shown
}

// flowDocument answers with one result, built in memory.
func (a *api) flowDocument(s flowStream, plan *query.Plan) (GetFlowsResponseObject, error) {
	if plan.Limit > maxJSONFlows {
		return nil, &refusal{status: http.StatusUnprocessableEntity, code: codeLimit,
			detail: fmt.Sprintf("one JSON document takes at most %d flows; accept %s or %s for more", maxJSONFlows, typeNDJSON, typeCSV)}
	}
	result := query.Result{Kind: query.Flows, From: plan.Start(), To: plan.End(), Method: "exact"}
	for _, c := range s.columns {
		result.Columns = append(result.Columns, c.Column)
	}
	var err error
	result.Coverage, result.Stats, err = s.master.StreamFlows(s.ctx, s.request, func(p *query.Plan, b *flow.Batch) error {
		for i := range b.Len() {
			result.Rows = append(result.Rows, pick(query.FlowRow(p, b, i), s.columns))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return GetFlows200JSONResponse(viewResult(&result)), nil
}
