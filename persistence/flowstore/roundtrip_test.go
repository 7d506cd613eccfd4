package flowstore

import (
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/flowtest"
)

// wild makes records no exporter would send: every width, every extreme,
// missing columns.
func wild(rng *rand.Rand, n int) *flow.Batch {
	fields := flow.AllFields
	if rng.IntN(3) == 0 {
		fields = flow.FieldSet(rng.Uint64())&flow.AllFields | flow.Fields(flow.Time)
	}
	b := flow.NewBatch(fields)
	b.Extend(n)
	for f := range b.Fields().All {
		spread := rng.IntN(65)
		for i := range n {
			if f.IsAddr() {
				b.Addr(f)[i] = flow.Addr{0: byte(rng.Uint64() >> min(spread, 56)), 15: byte(rng.Uint64())}
			} else {
				b.Num(f)[i] = rng.Uint64() >> min(spread, 63)
			}
		}
	}
	for i := range n { // most times are near each other, and some flows are late
		if rng.IntN(100) > 0 {
			b.Num(flow.Time)[i] = trafficStart + rng.Uint64N(1000)
		}
		if last := b.Num(flow.Last); last != nil && rng.IntN(10) > 0 {
			last[i] = b.Num(flow.Time)[i] - rng.Uint64N(400_000)
		}
		if first := b.Num(flow.First); first != nil && rng.IntN(2) > 0 && b.Num(flow.Last) != nil {
			first[i] = b.Num(flow.Last)[i] - rng.Uint64N(1000)
		}
	}
	return b
}

// stored is what FORMAT.md says a store makes of b: all columns, values cut to
// their width, first told by last and a 32-bit duration.
func stored(b *flow.Batch) *flow.Batch {
	all := flow.NewBatch(flow.AllFields)
	all.AppendRows(b, 0, b.Len())
	for _, c := range columns {
		for i := range b.Len() {
			switch {
			case c.kind == addr || c.field == noField:
			case c.field == flow.Time || c.field == flow.Last || c.field == flow.First:
				all.Num(c.field)[i] = min(all.Num(c.field)[i], math.MaxInt64)
			default:
				largest := map[kind]uint64{num8: math.MaxUint8, num16: math.MaxUint16, num32: math.MaxUint32, num64: math.MaxUint64}
				all.Num(c.field)[i] = min(all.Num(c.field)[i], largest[c.kind])
			}
		}
	}
	first, last := all.Num(flow.First), all.Num(flow.Last)
	for i := range first {
		if last[i] == 0 {
			last[i] = first[i]
		}
		if first[i] != 0 {
			first[i] = last[i] - uint64(min(max(int64(last[i]-first[i]), math.MinInt32+1), math.MaxInt32))
		}
	}
	return all
}

// counted is a multiset of records, each as its octets.
func counted(b *flow.Batch) map[string]int {
	set := make(map[string]int, b.Len())
	var r []byte
	for i := range b.Len() {
		r = r[:0]
		for f := range b.Fields().All {
			if f.IsAddr() {
				r = append(r, b.Addr(f)[i][:]...)
			} else {
				r = binary.BigEndian.AppendUint64(r, b.Num(f)[i])
			}
		}
		set[string(r)]++
	}
	return set
}

// What goes in comes out of the open segment, out of the journal and out of
// the sealed segment, whatever the sizes. Late records come out after the
// others, so records are compared as a set.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for seed := range uint64(flowtest.Rounds(8)) {
		rng := rand.New(rand.NewPCG(seed, 7))
		want := flow.NewBatch(flow.AllFields)
		dir := t.TempDir()
		s := openStore(t, dir, Config{rows: 1 + rng.IntN(2*pageRows)})
		for range 1 + rng.IntN(4) {
			b := wild(rng, rng.IntN(40_000)>>rng.IntN(14))
			appendTo(t, s, b)
			want.AppendRows(stored(b), 0, b.Len())
		}
		requireSame(t, seed, "open", readAll(t, s, flow.AllFields), want)
		closeStore(t, s)
		s = openStore(t, dir, Config{})
		requireSame(t, seed, "sealed", readAll(t, s, flow.AllFields), want)
		closeStore(t, s)
	}
}

func requireSame(t *testing.T, seed uint64, what string, got, want *flow.Batch) {
	t.Helper()
	if got.Len() != want.Len() {
		t.Fatalf("seed %d, %s: %d records, want %d", seed, what, got.Len(), want.Len())
	}
	g, w := counted(got), counted(want)
	for r, n := range w {
		if g[r] != n {
			t.Fatalf("seed %d, %s: a record %d times, want %d: %x", seed, what, g[r], n, r)
		}
	}
}

func TestReadSomeColumns(t *testing.T) {
	want := newTraffic(3).batch(pageRows + 1)
	s := openStore(t, t.TempDir(), Config{rows: want.Len()})
	appendTo(t, s, want)
	waitSealed(t, s)
	for _, fields := range []flow.FieldSet{
		0,
		flow.Fields(flow.First),
		flow.Fields(flow.First, flow.Last),
		flow.Fields(flow.Time, flow.Bytes, flow.SrcAddr),
	} {
		got := readAll(t, s, fields)
		if got.Fields() != fields {
			t.Errorf("fields %b, want %b", got.Fields(), fields)
		}
		requireEqual(t, "some columns", got, want)
	}
}

// Late records lie in a segment of their own, with bounds of its own.
func TestLateRecords(t *testing.T) {
	b := newTraffic(4).batch(1000)
	late := 0
	for i := range b.Len() {
		if i%50 == 0 {
			b.Num(flow.Last)[i] = b.Num(flow.Time)[i] - lateAfter - 1
			b.Num(flow.First)[i] = b.Num(flow.Last)[i]
			late++
		}
	}
	s := openStore(t, t.TempDir(), Config{rows: 1000})
	appendTo(t, s, b)
	waitSealed(t, s)
	v := s.View(0, math.MaxInt64)
	defer v.Close()
	var rows []int
	for _, p := range v.Parts() {
		rows = append(rows, p.Rows())
	}
	if diff := cmp.Diff([]int{1000 - late, late}, rows); diff != "" {
		t.Error(diff)
	}
}

// A view reads pages that overlap its range and no others.
func TestPagesOutsideAreSkipped(t *testing.T) {
	const pages = 4
	b := newTraffic(5).batch(pages * pageRows)
	for i := range b.Len() {
		b.Num(flow.Time)[i] = trafficStart + uint64(i/pageRows)*1000
	}
	s := openStore(t, t.TempDir(), Config{rows: b.Len()})
	appendTo(t, s, b)
	waitSealed(t, s)
	for _, c := range []struct {
		from, to int64
		want     int
	}{
		{trafficStart, trafficStart + 1, 1},
		{trafficStart + 1, trafficStart + 1000, 0},
		{trafficStart + 1000, trafficStart + 2001, 2},
		{trafficStart + 3000, math.MaxInt64, 1},
		{trafficStart + 3001, math.MaxInt64, 0},
		{0, trafficStart, 0},
	} {
		v := s.View(c.from, c.to)
		got := 0
		for _, p := range v.Parts() {
			if _, err := p.Read(context.Background(), flow.Fields(flow.Time), func(b *flow.Batch) error {
				got++
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		v.Close()
		if got != c.want {
			t.Errorf("[%d, %d): %d pages, want %d", c.from, c.to, got, c.want)
		}
	}
}

func TestReadPages(t *testing.T) {
	b := newTraffic(6).batch(3*pageRows + 10)
	s := openStore(t, t.TempDir(), Config{rows: b.Len()})
	appendTo(t, s, b)
	waitSealed(t, s)
	appendTo(t, s, newTraffic(6).batch(2*pageRows+10))
	v := s.View(0, math.MaxInt64)
	defer v.Close()
	for _, p := range v.Parts() {
		var got []int
		_, err := p.ReadPages(context.Background(), flow.AllFields, func(page int) bool { return page != 1 },
			func(page int, some *flow.Batch) error {
				got = append(got, page)
				want := flow.NewBatch(flow.AllFields)
				want.AppendRows(b, page*pageRows, page*pageRows+some.Len())
				if p.ID() != "" { // the open part was made anew from the same seed
					requireEqual(t, "page", some, want)
				}
				return nil
			})
		if err != nil {
			t.Fatal(err)
		}
		want := []int{0, 2, 3}[:(p.Rows()+pageRows-1)/pageRows-1]
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", p.ID(), diff)
		}
	}
}

func TestEveryFieldHasAColumn(t *testing.T) {
	seen := flow.FieldSet(0) // membership is no field
	for _, c := range columns {
		seen |= flow.Fields(c.field)
	}
	if seen != flow.AllFields|flow.Fields(noField) || numColumns != flow.AllFields.Len()+1 {
		t.Errorf("%d columns hold the fields %b of %b", numColumns, seen, flow.AllFields)
	}
}
