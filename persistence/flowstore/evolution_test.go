package flowstore

import (
	"context"
	"encoding/binary"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"example.com/weir/flowio/flow"
)

// rewriteFooter changes the footer of a segment as another version of weir
// might have written it.
func rewriteFooter(t testing.TB, file string, change func(*format.FileMetaData)) {
	t.Helper()
	octets, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	end := len(octets) - 8
	start := end - int(binary.LittleEndian.Uint32(octets[end:]))
	var meta format.FileMetaData
	if err := thrift.Unmarshal(&thrift.CompactProtocol{}, octets[start:end], &meta); err != nil {
		t.Fatal(err)
	}
	change(&meta)
	footer, err := thrift.Marshal(&thrift.CompactProtocol{}, &meta)
	if err != nil {
		t.Fatal(err)
	}
	sum := binary.LittleEndian.Uint32(octets[start-8:])
	out := append(slices.Clone(octets[:start-8]), checksums(sum, footer)...)
	out = append(out, footer...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(footer)))
	out = append(out, parquetMagic...)
	if err := os.WriteFile(file, out, 0o600); err != nil {
		t.Fatal(err)
	}
}

// renameColumn makes a column one that this version does not know.
func renameColumn(from, to string) func(*format.FileMetaData) {
	return func(meta *format.FileMetaData) {
		for i := range meta.Schema {
			if meta.Schema[i].Name == from {
				meta.Schema[i].Name = to
			}
		}
		for i := range meta.RowGroups[0].Columns {
			if path := meta.RowGroups[0].Columns[i].MetaData.PathInSchema; path[0] == from {
				path[0] = to
			}
		}
	}
}

// A segment from before a column existed has zeros there; one with a column
// that this version does not know is read without it. Segments of both kinds
// and of today are one store.
func TestSchemaEvolution(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, Config{rows: 1000})
	want := newTraffic(5).batch(2000)
	appendTo(t, s, want)
	closeStore(t, s)
	rewriteFooter(t, segmentFiles(t, dir)[0], renameColumn("tcpFlags", "madeUp"))
	rewriteFooter(t, segmentFiles(t, dir)[1], renameColumn("srcAddr", "sourceAddress"))
	clear(want.Num(flow.TCPFlags)[:1000])
	clear(want.Addr(flow.SrcAddr)[1000:])

	s = openStore(t, dir, Config{})
	requireEqual(t, "with missing columns", readAll(t, s, flow.AllFields), want)
	requireEqual(t, "one missing column alone", readAll(t, s, flow.Fields(flow.TCPFlags)), only(want, flow.TCPFlags))
	if gaps := s.Stats().Unreadable; len(gaps) > 0 {
		t.Errorf("unreadable: %+v", gaps)
	}
}

func only(b *flow.Batch, f flow.Field) *flow.Batch {
	one := flow.NewBatch(flow.Fields(f))
	one.AppendRows(b, 0, b.Len())
	return one
}

// A column of another type is not the column of that name.
func TestColumnOfAnotherType(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, Config{})
	appendTo(t, s, numbered(0, 100))
	closeStore(t, s)
	rewriteFooter(t, segmentFiles(t, dir)[0], func(meta *format.FileMetaData) {
		swap := func(a, b string) {
			renameColumn(a, "x")(meta)
			renameColumn(b, a)(meta)
			renameColumn("x", b)(meta)
		}
		swap("bytes", "srcPort")
	})
	s = openStore(t, dir, Config{})
	for i, v := range readAll(t, s, flow.Fields(flow.Bytes)).Num(flow.Bytes) {
		if v != 0 {
			t.Fatalf("record %d: %d octets out of a column of ports", i, v)
		}
	}
}

// A segment of a newer version is left out, counted, and named in what a view
// could not read; the others answer.
func TestNewerSegmentIsCounted(t *testing.T) {
	dir := segmented(t, 100)
	rewriteFooter(t, segmentFiles(t, dir)[2], func(meta *format.FileMetaData) {
		for i := range meta.KeyValueMetadata {
			if meta.KeyValueMetadata[i].Key == versionKey {
				meta.KeyValueMetadata[i].Value = "10000" // longer, so that Open looks at the footer
			}
		}
	})
	s := openStore(t, dir, Config{})
	if st := s.Stats(); st.Newer != 1 || len(st.Unreadable) != 1 {
		t.Errorf("%d newer, unreadable %+v", st.Newer, st.Unreadable)
	}
	v := s.View(0, math.MaxInt64)
	defer v.Close()
	rows := 0
	for _, p := range v.Parts() {
		if _, err := p.Read(context.Background(), flow.Fields(flow.Bytes), func(b *flow.Batch) error { rows += b.Len(); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if gaps := v.Unreadable(); rows != 400 || len(gaps) != 1 || gaps[0].Path == "" {
		t.Errorf("%d records, gaps %+v", rows, gaps)
	}
	closeStore(t, s)
	if report, err := Repair(t.Context(), dir); err != nil || len(report.Newer) != 1 || len(report.Moved) > 0 {
		t.Errorf("repair: %+v, %v", report, err)
	}
}

// The column of memberships is there, costs next to nothing, and says that
// records belong to no channel but the live one.
func TestMembershipColumn(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, Config{})
	appendTo(t, s, newTraffic(1).batch(3*pageRows))
	closeStore(t, s)
	type membership struct {
		Set uint32 `parquet:"membership"`
	}
	rows, err := parquet.ReadFile[membership](segmentFiles(t, dir)[0])
	if err != nil || len(rows) != 3*pageRows {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i, r := range rows {
		if r.Set != 0 {
			t.Fatalf("row %d belongs to set %d", i, r.Set)
		}
	}
	f, err := new(disk).open(segmentFiles(t, dir)[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	stat, err := f.stat()
	if err != nil {
		t.Fatal(err)
	}
	foot, err := readFooter(f, stat.Size())
	if err != nil {
		t.Fatal(err)
	}
	if size := foot.chunks[numColumns-1].MetaData.TotalCompressedSize; size > 3*64 {
		t.Errorf("three pages of one value take %d octets", size)
	}
}
