package rest

import (
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"strings"

	"example.com/weir/flowio/query"
)

// resultCSV writes a result as CSV (RFC 4180) with a header line.
type resultCSV struct{ result *query.Result }

// VisitGetResultResponse implements GetResultResponseObject.
func (r resultCSV) VisitGetResultResponse(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.WriteHeader(http.StatusOK)
	out := newCSV(w)
	out.header(r.result.Columns)
	for _, row := range r.result.Rows {
		out.row(row)
	}
	out.csv.Flush()
	return nil // the answer has begun; the only error left is a caller who is gone
}

// csvRows writes rows as CSV.
type csvRows struct {
	csv   *csv.Writer
	cells []string
}

func newCSV(w io.Writer) *csvRows { return &csvRows{csv: csv.NewWriter(w)} }

func (c *csvRows) header(columns []query.Column) {
	names := make([]string, 0, len(columns))
	for _, column := range columns {
		names = append(names, column.Name)
	}
	_ = c.csv.Write(names) // the error stays until Flush
}

func (c *csvRows) row(row query.Row) {
	c.cells = c.cells[:0]
	for _, value := range row {
		c.cells = append(c.cells, cell(value))
	}
	_ = c.csv.Write(c.cells) // the error stays until Flush
}

// cell returns the text of a value. Spreadsheets run cells that begin like a
// formula, so those get an apostrophe in front.
func cell(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		if v != "" && strings.ContainsRune("=+-@\t\r", rune(v[0])) {
			return "'" + v
		}
		return v
	default:
		return fmt.Sprint(v)
	}
}
