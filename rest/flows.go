package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
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
	typeNDJSON  = "application/x-ndjson"
	typeCSV     = "text/csv"
	typeJSON    = "application/json"
	typeParquet = "application/vnd.apache.parquet"
)

// GetFlows implements StrictServerInterface.
func (a *api) GetFlows(ctx context.Context, r GetFlowsRequestObject) (GetFlowsResponseObject, error) {
	request := query.Request{
		Kind: query.Flows, From: deref(r.Params.From), To: deref(r.Params.To), Filter: deref(r.Params.Filter),
		SourceGroups: deref(r.Params.SourceGroups), Channels: deref(r.Params.Channels), GroupBy: deref(r.Params.Columns), OrderBy: deref(r.Params.OrderBy),
		Limit: deref(r.Params.Limit), Scaled: r.Params.Scaled, Cursor: deref(r.Params.Cursor),
	}
	plan, err := request.Resolve(time.Now()) // so that mistakes are answered before the stream begins
	if err != nil {
		return nil, asParameters(err)
	}
	s := &flowStream{ctx: ctx, master: a.master, request: request, columns: query.FlowColumns(plan)}
	switch accepts(ctx, typeNDJSON, typeCSV, typeJSON, typeParquet) {
	case typeCSV:
		s.form = &csvFlows{}
	case typeJSON:
		return a.flowDocument(s, plan, parameters(ctx))
	case typeParquet:
		if s.form, err = newParquetFlows(plan); err != nil {
			return nil, err
		}
	default:
		s.form = &ndjsonFlows{}
	}
	return s, nil
}

// asParameters makes the mistakes of a request point to the parameters that
// it came from.
func asParameters(err error) error {
	var wrong *query.RequestError
	if !errors.As(err, &wrong) {
		return err
	}
	renamed := &query.RequestError{Problems: slices.Clone(wrong.Problems)}
	for i := range renamed.Problems {
		pointer := "?" + strings.TrimPrefix(renamed.Problems[i].Pointer, "/")
		renamed.Problems[i].Pointer = strings.Replace(pointer, "groupBy", "columns", 1)
	}
	return renamed
}

// flowDocument answers with one result, built in memory. Others are the
// parameters that the next page needs as well.
func (a *api) flowDocument(s *flowStream, plan *query.Plan, others url.Values) (GetFlowsResponseObject, error) {
	if plan.Limit > maxJSONFlows {
		return nil, &refusal{
			status: http.StatusUnprocessableEntity, code: codeLimit,
			detail: fmt.Sprintf("one JSON document takes at most %d flows; accept %s, %s or %s for more", maxJSONFlows, typeNDJSON, typeCSV, typeParquet),
		}
	}
	result := query.Result{Kind: query.Flows, From: plan.Start(), To: plan.End(), Method: "exact", Columns: s.columns}
	end, err := s.master.StreamFlows(s.ctx, s.request, func(p *query.Plan, b *flow.Batch) error {
		for i := range b.Len() {
			result.Rows = append(result.Rows, query.FlowRow(p, b, i))
		}
		return nil
	})
	if err != nil {
		return nil, asParameters(err)
	}
	result.Coverage, result.Stats, result.Next = end.Coverage, end.Stats, end.Next
	answer := GetFlows200JSONResponse{Body: viewResult(&result)}
	if end.Next != "" {
		link := nextPage("/flows", end.Next, others)
		answer.Headers.Link = &link
	}
	return answer, nil
}
