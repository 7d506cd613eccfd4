package rest

import (
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/query"
	"example.com/weir/persistence/flowstore"
)

// The key-value metadata of a Parquet file of flows, beside the filter's,
// which files of weir store export have, too.
const (
	aboutFilter   = "weir.export.filter"
	aboutFrom     = "weir.export.from" // RFC 3339
	aboutTo       = "weir.export.to"   // exclusive
	aboutScaled   = "weir.export.scaled"
	aboutStatus   = "weir.export.status"   // complete or partial
	aboutCoverage = "weir.export.coverage" // JSON, as the coverage of a query
)

// errCutOff breaks a file off before its footer.
var errCutOff = errors.New("the flows are not all there")

// parquetFlows writes flows as a Parquet file with the columns of a segment.
// Its metadata says what is in it and what is missing. A file that breaks off
// has no footer: nothing reads it.
type parquetFlows struct {
	about  map[string]string
	file   *flowstore.Writer
	copied *flow.Batch
}

// newParquetFlows refuses a choice of columns: a file would show the others as
// zero.
func newParquetFlows(p *query.Plan) (*parquetFlows, error) {
	if len(p.GroupBy) > 0 {
		return nil, asParameters(&query.RequestError{Problems: []query.Problem{{
			Pointer: "/groupBy", Detail: "a Parquet file has all columns: leave columns out, and let the reader choose",
		}}})
	}
	return &parquetFlows{
		about: map[string]string{
			aboutFilter: p.Filter, aboutScaled: strconv.FormatBool(p.Scaled),
			aboutFrom: p.Start().Format(time.RFC3339Nano), aboutTo: p.End().Format(time.RFC3339Nano),
		},
		copied: flow.NewBatch(flow.AllFields),
	}, nil
}

func (f *parquetFlows) mediaType() string { return typeParquet }

func (f *parquetFlows) begin(w io.Writer, _ []query.Column) {
	f.file = flowstore.NewWriter(w, f.about)
}

func (f *parquetFlows) rows(p *query.Plan, b *flow.Batch, from, to int) {
	f.copied.Reset()
	f.copied.AppendRows(b, from, to)
	query.ScaleFlows(p, f.copied)
	_ = f.file.Write(f.copied) // the error stays until Close
}

func (f *parquetFlows) end(e query.FlowsEnd, status, failure string) error {
	if failure != "" {
		return errCutOff
	}
	c := e.Coverage
	c.Missing = list(c.Missing)
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	f.about[aboutStatus], f.about[aboutCoverage] = status, string(text)
	return f.file.Close()
}
