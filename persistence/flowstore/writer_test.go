package flowstore

import (
	"bytes"
	"errors"
	"testing"

	"github.com/parquet-go/parquet-go"

	"example.com/weir/flowio/flow"
)

// What a Writer has written is read by the library, row group by row group.
func TestWriter(t *testing.T) {
	for _, n := range []int{0, 1, writerRows, writerRows + 17} {
		want := newTraffic(3).batch(n)
		var out bytes.Buffer
		w := NewWriter(&out, map[string]string{"filter": "any"})
		for from := 0; from < n; from += 10_000 {
			part := flow.NewBatch(flow.AllFields)
			part.AppendRows(want, from, min(n, from+10_000))
			if err := w.Write(part); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		file, err := parquet.OpenFile(bytes.NewReader(out.Bytes()), int64(out.Len()))
		if err != nil {
			t.Fatalf("%d records: %v", n, err)
		}
		if about, _ := file.Lookup("filter"); about != "any" || file.NumRows() != int64(n) || w.Rows() != uint64(n) {
			t.Errorf("%d records: filter %q, %d rows, %d written", n, about, file.NumRows(), w.Rows())
		}
		rows, err := parquet.Read[row](bytes.NewReader(out.Bytes()), int64(out.Len()))
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range rows {
			if r.Bytes != want.Num(flow.Bytes)[i] || r.Src != want.Addr(flow.SrcAddr)[i] || r.SrcPort != uint16(want.Num(flow.SrcPort)[i]) {
				t.Fatalf("%d records: row %d is %+v", n, i, r)
			}
		}
	}
}

// broken fails after some octets.
type broken struct{ left int }

var errBroken = errors.New("broken pipe")

func (b *broken) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errBroken
	}
	return len(p), nil
}

func TestWriterTellsErrors(t *testing.T) {
	w := NewWriter(&broken{left: 1 << 21}, nil)
	batch, tries := newTraffic(1).batch(10_000), 0
	for ; tries < 1000 && w.Write(batch) == nil; tries++ {
	}
	if tries == 1000 {
		t.Error("writing goes on after an error")
	}
	if err := w.Close(); !errors.Is(err, errBroken) {
		t.Errorf("Close: %v, want %v", err, errBroken)
	}
}
