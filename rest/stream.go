package rest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/query"
)

const (
	// flushRows and flushEvery say when a stream is sent on although its
	// buffer is not full: a reader at the other end of a slow query wants to
	// see the first rows.
	flushRows  = 1000
	flushEvery = 250 * time.Millisecond

	// stallTime is how long a reader may take nothing before the stream is
	// given up: it holds scans on every unit.
	stallTime = time.Minute

	statusTrailer = "X-Flow-Status"
	nextTrailer   = "X-Flow-Next" // cursor of the next page
)

// flowStream is the answer to GET /flows that does not hold the flows in
// memory. Ctx is the request's: when the caller leaves, every scan ends.
type flowStream struct {
	ctx     context.Context
	master  Master
	request query.Request
	columns []query.Column
	form    flowForm

	out     *bufio.Writer
	control *http.ResponseController
	rows    int // since the last flush
	flushed time.Time
}

// flowForm is how flows are written.
type flowForm interface {
	mediaType() string
	begin(w io.Writer, columns []query.Column)
	// rows writes the records [from, to) of b. Errors of the stream stay until
	// it is flushed.
	rows(p *query.Plan, b *flow.Batch, from, to int)
	// end writes what follows the last row. Failure is empty if all is well. On
	// an error, or if nothing tells the reader of a failure, the answer is to
	// break off.
	end(e query.FlowsEnd, status, failure string) error
}

// VisitGetFlowsResponse implements GetFlowsResponseObject. It returns an
// error only as long as nothing has been written; later it may abort the
// connection, as net/http lets handlers do.
func (s *flowStream) VisitGetFlowsResponse(w http.ResponseWriter) error {
	end, err := s.master.StreamFlows(s.ctx, s.request, func(p *query.Plan, b *flow.Batch) error {
		return s.emit(w, p, b)
	})
	if err != nil && s.out == nil {
		return asParameters(err)
	}
	s.open(w)
	status, failure := "complete", ""
	switch {
	case err != nil:
		status, failure = "failed", failureText(err)
	case !end.Coverage.Complete:
		status = "partial"
	}
	if err := s.form.end(end, status, failure); err != nil {
		panic(http.ErrAbortHandler) // so that the reader does not take what came for the whole
	}
	w.Header().Set(statusTrailer, status)
	if end.Next != "" && failure == "" {
		w.Header().Set(nextTrailer, end.Next)
	}
	_ = s.flush() // the answer has begun; the only error left is a caller who is gone
	return nil
}

// failureText is what a caller may know of err.
func failureText(err error) string {
	p, _ := problemOf(err)
	return p.Detail
}

// open begins the answer, once.
func (s *flowStream) open(w http.ResponseWriter) {
	if s.out != nil {
		return
	}
	w.Header().Set("Content-Type", s.form.mediaType())
	w.Header().Set("Trailer", statusTrailer+", "+nextTrailer)
	w.WriteHeader(http.StatusOK)
	s.out = bufio.NewWriterSize(w, 32<<10)
	s.control = http.NewResponseController(w)
	s.flushed = time.Now()
	s.form.begin(s.out, s.columns)
}

func (s *flowStream) emit(w http.ResponseWriter, p *query.Plan, b *flow.Batch) error {
	s.open(w)
	for from := 0; from < b.Len(); {
		to := min(b.Len(), from+flushRows-s.rows)
		s.form.rows(p, b, from, to)
		s.rows, from = s.rows+to-from, to
		if s.rows >= flushRows {
			if err := s.flush(); err != nil {
				return err
			}
		}
	}
	if time.Since(s.flushed) > flushEvery {
		return s.flush()
	}
	return nil
}

func (s *flowStream) flush() error {
	s.rows, s.flushed = 0, time.Now()
	err := s.control.SetWriteDeadline(time.Now().Add(stallTime))
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("send flows: %w", err)
	}
	if f, ok := s.form.(interface{ flush() }); ok {
		f.flush()
	}
	if err := s.out.Flush(); err != nil {
		return fmt.Errorf("send flows: %w", err)
	}
	if err := s.control.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("send flows: %w", err)
	}
	return nil
}

// csvFlows writes flows as CSV. What CSV cannot say is in the trailer.
type csvFlows struct{ out *csvRows }

func (f *csvFlows) mediaType() string { return "text/csv; charset=utf-8" }

func (f *csvFlows) begin(w io.Writer, columns []query.Column) {
	f.out = newCSV(w)
	f.out.header(columns)
}

func (f *csvFlows) rows(p *query.Plan, b *flow.Batch, from, to int) {
	for i := from; i < to; i++ {
		f.out.row(query.FlowRow(p, b, i))
	}
}

func (f *csvFlows) flush() { f.out.csv.Flush() }

func (f *csvFlows) end(query.FlowsEnd, string, string) error {
	f.flush()
	return nil
}

// ndjsonFlows writes a JSON object per line, and the coverage as the last.
type ndjsonFlows struct {
	w     io.Writer
	names [][]byte // of each column, as it begins in a line
	line  []byte
}

func (f *ndjsonFlows) mediaType() string { return typeNDJSON }

func (f *ndjsonFlows) begin(w io.Writer, columns []query.Column) {
	f.w = w
	separator := "{"
	for _, c := range columns {
		f.names = append(f.names, append(strconv.AppendQuote([]byte(separator), c.Name), ':'))
		separator = ","
	}
}

func (f *ndjsonFlows) rows(p *query.Plan, b *flow.Batch, from, to int) {
	for i := from; i < to; i++ {
		f.row(query.FlowRow(p, b, i))
	}
}

func (f *ndjsonFlows) row(row query.Row) {
	f.line = f.line[:0]
	for i, name := range f.names {
		f.line = append(f.line, name...)
		f.line = appendValue(f.line, row[i])
	}
	f.line = append(f.line, '}', '\n')
	_, _ = f.w.Write(f.line) // the error stays until Flush
}

func (f *ndjsonFlows) end(e query.FlowsEnd, status, failure string) error {
	e.Coverage.Missing = list(e.Coverage.Missing)
	if failure != "" {
		e.Next = ""
	}
	last := map[string]any{"_end": map[string]any{
		"status": status, "coverage": e.Coverage, "stats": e.Stats, "error": failure, "next": e.Next,
	}}
	_ = json.NewEncoder(f.w).Encode(last) // the error stays until Flush
	return nil
}

// appendValue appends a value of a row as JSON. What flows hold most needs no
// detour through encoding/json, which costs more than the rest of the line.
func appendValue(to []byte, value any) []byte {
	switch v := value.(type) {
	case nil:
		return append(to, "null"...)
	case uint64:
		return strconv.AppendUint(to, v, 10)
	case string:
		if isPlain(v) {
			to = append(to, '"')
			to = append(to, v...)
			return append(to, '"')
		}
	}
	text, err := json.Marshal(value)
	if err != nil {
		return append(to, "null"...) // rows hold only texts and numbers
	}
	return append(to, text...)
}

// isPlain reports whether s is itself in JSON.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
