package flowstore

import (
	"io"
	"maps"
	"slices"

	"github.com/parquet-go/parquet-go/format"

	"example.com/weir/flowio/flow"
)

// writerRows is how many records one row group of a Writer holds: eight pages,
// 17 MB of memory while they are collected.
const writerRows = 8 * pageRows

// Writer writes flow records to a Parquet file of their own, with the columns
// of a segment, for other tools. It holds one row group in memory and needs no
// file but a stream. A Writer is not safe for concurrent use.
type Writer struct {
	file   *fileWriter
	sealer *sealer
	pool   blocks
	build  *builder
	about  map[string]string
	rows   uint64
}

// NewWriter returns a Writer to out. The file's key-value metadata will hold
// about: what the records are. The caller may add to it until Close.
func NewWriter(out io.Writer, about map[string]string) *Writer {
	w := &Writer{file: newFileWriter(out), sealer: newSealer(), about: about}
	w.build = newBuilder(&w.pool)
	return w
}

// Write adds the records of b, which it copies. Fields that b lacks are zero.
func (w *Writer) Write(b *flow.Batch) error {
	for from := 0; from < b.Len(); {
		n := min(b.Len()-from, writerRows-w.build.rows)
		w.build.append(b, from, from+n)
		from += n
		if w.build.rows == writerRows {
			w.flush()
		}
	}
	w.rows += uint64(b.Len())
	return w.file.err
}

// flush writes what is collected as a row group.
func (w *Writer) flush() {
	if w.build.rows == 0 {
		return
	}
	w.sealer.rowGroup(w.file, w.build.snapshot())
	w.build.recycle()
	w.build = newBuilder(&w.pool)
}

// Rows returns the number of records that were written.
func (w *Writer) Rows() uint64 { return w.rows }

// Close writes the rest and the footer, without which nothing can read the
// file. It does not close what it writes to.
func (w *Writer) Close() error {
	w.flush()
	var pairs []format.KeyValue
	for _, key := range slices.Sorted(maps.Keys(w.about)) {
		pairs = append(pairs, format.KeyValue{Key: key, Value: w.about[key]})
	}
	return w.file.finish(pairs)
}
