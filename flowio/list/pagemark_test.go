package list

import (
	"testing"

	"example.com/weir/flowio/flow"
)

// FuzzCursor reads hostile marks: what is taken must be written, and read
// again, without a change.
func FuzzCursor(f *testing.F) {
	spec, err := New(Spec{Columns: flow.AllFields, OrderBy: flow.Bytes, Limit: 3, Scaled: true, From: 1_790_000_000_000, To: 1_790_000_600_000, Question: make([]byte, QuestionSize)}, "")
	if err != nil {
		f.Fatal(err)
	}
	row := flow.NewBatch(flow.AllFields)
	row.Extend(1)
	f.Add(spec.markText(row, 1))
	f.Add(spec.markText(row, maxAlike))
	for field := range flow.AllFields.All {
		if field.IsAddr() {
			row.Addr(field)[0] = flow.Addr{10: 0xff, 11: 0xff, 12: 10, 15: byte(field)}
		} else {
			row.Num(field)[0] = 1 << field
		}
	}
	f.Add(spec.markText(row, 2))
	f.Add("AQ")
	f.Fuzz(func(t *testing.T, text string) {
		mark, err := spec.readMark(text)
		if err != nil {
			return
		}
		again := *spec
		again.From, again.To = mark.from, mark.to
		if _, err := spec.readMark(again.markText(mark.row, mark.shown)); err != nil {
			t.Errorf("%q is read, and not read again: %v", text, err)
		}
	})
}
