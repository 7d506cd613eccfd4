// Package list makes lists of flow records: in order, page by page, of one unit
// (Scan) or merged of several (Merge). A page begins behind the last record of
// the one before (Pager).
//
// It reads flows through flowio/scan, and does not know requests, nor how a
// record is shown (flowio/query).
package list

import (
	"bytes"
	"cmp"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/scan"
)

// Spec says which records a list has, in which order, and where a page begins.
// It comes from New, is not changed afterwards and is safe for concurrent use.
type Spec struct {
	scan.Spec               // which records
	Columns   flow.FieldSet // to show
	OrderBy   flow.Field    // of equals the earlier record comes first
	Ascending bool          // the least first
	Limit     int           // records of a page
	Scaled    bool          // counters are multiplied by the sampling rate
	From, To  int64         // time range of the whole list, Unix milliseconds; what Spans are part of
	Question  []byte        // QuestionSize octets that are others for other lists: what a cursor must belong to

	fields flow.FieldSet // to read, beside those of the filter
	ties   []flow.Field  // columns to order by last
	mark   *pageMark     // where the page begins; nil: at the first record
}

// New completes a Spec whose page begins at a cursor; empty: at the first
// record. The error is for who sent the cursor.
func New(s Spec, cursor string) (*Spec, error) {
	s.fields = flow.Fields(flow.Time, s.OrderBy) | s.Columns
	if s.Scaled && s.fields&flow.Fields(flow.Packets, flow.Bytes) != 0 {
		s.fields |= flow.Fields(flow.SamplingRate)
	}
	for f := range s.fields.All {
		if f != flow.Time && f != s.OrderBy {
			s.ties = append(s.ties, f)
		}
	}
	if cursor == "" {
		return &s, nil
	}
	mark, err := s.readMark(cursor)
	s.mark = mark
	return &s, err
}

// rows is how many records a unit gives for a page: those to show, those that
// the page before has of the records like its last one, and one more, which
// says that there is another page.
func (s *Spec) rows() int {
	n := s.Limit + 1
	if s.mark != nil {
		n += s.mark.shown
	}
	return n
}

// onward returns s for a unit: without the times before the page begins, if the
// list is in order of time. It is false if nothing is left.
func (s *Spec) onward() (*Spec, bool) {
	if s.mark == nil || s.OrderBy != flow.Time {
		return s, true
	}
	at := int64(s.mark.row.Num(flow.Time)[0])
	rest := *s
	rest.Spans = nil
	for _, one := range s.Spans {
		if s.Ascending {
			one.From = max(one.From, at)
		} else {
			one.To = min(one.To, at+1)
		}
		if one.From < one.To {
			rest.Spans = append(rest.Spans, one)
		}
	}
	return &rest, len(rest.Spans) > 0
}

// isShown reports whether record i of b comes before the page.
func (s *Spec) isShown(b *flow.Batch, i int) bool {
	return s.mark != nil && s.before(b, i, s.mark.row, 0) < 0
}

// before compares records in the order of s: by its field, of equals the
// earlier first, then by all columns of the list. Records that are equal then
// look the same.
func (s *Spec) before(a *flow.Batch, i int, b *flow.Batch, j int) int {
	if c := s.beforeTie(a, i, b, j); c != 0 {
		return c
	}
	for _, f := range s.ties {
		var c int
		if f.IsAddr() {
			x, y := &a.Addr(f)[i], &b.Addr(f)[j]
			c = bytes.Compare(x[:], y[:])
		} else {
			c = cmp.Compare(a.Num(f)[i], b.Num(f)[j])
		}
		if c != 0 {
			return c
		}
	}
	return 0
}
