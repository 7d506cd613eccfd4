package flowstore

import (
	"context"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"example.com/weir/flowio/flow"
)

// never is an age that no test's segment reaches.
const never = time.Hour

func openStore(t testing.TB, dir string, cfg Config) *Store {
	t.Helper()
	if cfg.Reserve == 0 {
		cfg.Reserve = 1
	}
	if cfg.age == 0 {
		cfg.age = never
	}
	s, err := Open(dir, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func appendTo(t testing.TB, s *Store, b *flow.Batch) {
	t.Helper()
	if err := s.Append(b); err != nil {
		t.Fatal(err)
	}
}

func closeStore(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// readAll returns everything the store has, in the order of its parts.
func readAll(t testing.TB, s *Store, fields flow.FieldSet) *flow.Batch {
	t.Helper()
	v := s.View(0, math.MaxInt64)
	defer v.Close()
	all := flow.NewBatch(fields)
	for _, p := range v.Parts() {
		if _, err := p.Read(context.Background(), fields, func(b *flow.Batch) error {
			all.AppendRows(b, 0, b.Len())
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// waitSealed waits until nothing is on its way to disk.
func waitSealed(t testing.TB, s *Store) {
	t.Helper()
	waitFor(t, "sealing", func() bool { return s.Stats().Sealing == 0 })
}

func waitFor(t testing.TB, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("%s takes more than a minute", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// segmentFiles returns the paths of the segments below dir.
func segmentFiles(t testing.TB, dir string) (paths []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, segmentSuffix) {
			paths = append(paths, filepath.Join(dir, path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func TestOpenSealedReopened(t *testing.T) {
	dir := t.TempDir()
	want := newTraffic(1).batch(3*pageRows + 5)
	s := openStore(t, dir, Config{})
	appendTo(t, s, want)
	requireEqual(t, "open", readAll(t, s, flow.AllFields), want)
	closeStore(t, s)

	s = openStore(t, dir, Config{})
	if st := s.Stats(); st.Segments != 1 || st.Rows != uint64(want.Len()) || st.OpenRows != 0 {
		t.Errorf("after reopening: %+v", st)
	}
	requireEqual(t, "sealed", readAll(t, s, flow.AllFields), want)
}

// requireEqual compares batches of the same records field by field.
func requireEqual(t testing.TB, what string, got, want *flow.Batch) {
	t.Helper()
	if got.Len() != want.Len() {
		t.Fatalf("%s: %d records, want %d", what, got.Len(), want.Len())
	}
	for f := range got.Fields().All {
		for i := range got.Len() {
			if f.IsAddr() {
				if g, w := got.Addr(f)[i], want.Addr(f)[i]; g != w {
					t.Fatalf("%s: record %d: %s = %v, want %v", what, i, f, g.Netip(), w.Netip())
				}
			} else if g, w := got.Num(f)[i], want.Num(f)[i]; g != w {
				t.Fatalf("%s: record %d: %s = %d, want %d", what, i, f, g, w)
			}
		}
	}
}

// row is a segment's record as any reader of Parquet sees it.
type row struct {
	Time     int64    `parquet:"time,timestamp(millisecond)"`
	Last     int64    `parquet:"last,timestamp(millisecond)"`
	Duration int32    `parquet:"durationMs"`
	Src      [16]byte `parquet:"srcAddr"`
	NextHop  [16]byte `parquet:"nextHop"`
	SrcPort  uint16   `parquet:"srcPort"`
	Proto    uint8    `parquet:"proto"`
	Packets  uint64   `parquet:"packets"`
	Bytes    uint64   `parquet:"bytes"`
	Rate     uint32   `parquet:"samplingRate"`
	App      uint64   `parquet:"app"`
}

func TestReadByParquetGo(t *testing.T) {
	dir := t.TempDir()
	want := newTraffic(2).batch(2*pageRows + 100)
	s := openStore(t, dir, Config{})
	appendTo(t, s, want)
	closeStore(t, s)

	rows, err := parquet.ReadFile[row](segmentFiles(t, dir)[0])
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != want.Len() {
		t.Fatalf("%d rows, want %d", len(rows), want.Len())
	}
	for i, r := range rows {
		w := row{
			int64(want.Num(flow.Time)[i]), int64(want.Num(flow.Last)[i]),
			int32(want.Num(flow.Last)[i] - want.Num(flow.First)[i]),
			want.Addr(flow.SrcAddr)[i], want.Addr(flow.NextHop)[i],
			uint16(want.Num(flow.SrcPort)[i]), uint8(want.Num(flow.Proto)[i]), want.Num(flow.Packets)[i],
			want.Num(flow.Bytes)[i], uint32(want.Num(flow.SamplingRate)[i]), want.Num(flow.App)[i],
		}
		if r != w {
			t.Fatalf("row %d: %+v, want %+v", i, r, w)
		}
	}
}
