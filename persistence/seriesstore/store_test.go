package seriesstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/flow"
)

// begin is 2026-11-25T00:00:00Z.
const begin = 1_795_564_800_000

func exporter(n int) flow.Addr {
	a := flow.Addr{10: 0xff, 11: 0xff, 12: 192, 13: 0}
	binary.BigEndian.PutUint16(a[14:], uint16(n))
	return a
}

// traffic makes n records of some channels within a span of time.
func traffic(rng *rand.Rand, n, channels int, from, span int64) *flow.Batch {
	b := flow.NewBatch(flow.AllFields)
	b.Extend(n)
	for i := range n {
		b.Num(flow.Time)[i] = uint64(from + rng.Int64N(span))
		b.Addr(flow.Exporter)[i] = exporter(rng.IntN(channels))
		b.Num(flow.Proto)[i] = []uint64{6, 6, 17, 1, 58, 47}[rng.IntN(6)]
		b.Num(flow.Packets)[i] = rng.Uint64N(1000)
		b.Num(flow.Bytes)[i] = rng.Uint64() >> rng.IntN(64)
		b.Num(flow.SamplingRate)[i] = []uint64{0, 1, 1000}[rng.IntN(3)]
	}
	return b
}

func one(b *flow.Batch) iter.Seq2[*flow.Batch, error] {
	return func(yield func(*flow.Batch, error) bool) { yield(b, nil) }
}

func open(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func add(t testing.TB, s *Store, generation uint64, b *flow.Batch) {
	t.Helper()
	if err := s.Add(generation, one(b)); err != nil {
		t.Fatal(err)
	}
}

// read returns the points that r asks for, merged.
func read(t testing.TB, s *Store, r Request) []Point {
	t.Helper()
	var all []Point
	if err := s.Read(r, func(points []Point) error { all = append(all, points...); return nil }); err != nil {
		t.Fatal(err)
	}
	return merge(all)
}

// brute is the same from the records themselves.
func brute(r Request, batches ...*flow.Batch) []Point {
	var all []Point
	for _, b := range batches {
		for i := range b.Len() {
			at, channel := int64(b.Num(flow.Time)[i]), b.Addr(flow.Exporter)[i]
			if at < r.From || at >= r.To || len(r.Channels) > 0 && !slices.Contains(r.Channels, channel) {
				continue
			}
			if r.Total {
				channel = flow.Addr{}
			}
			rate := max(1, b.Num(flow.SamplingRate)[i])
			p, o := b.Num(flow.Packets)[i], b.Num(flow.Bytes)[i]
			all = append(all, Point{
				Channel: channel, Class: ClassOf(b.Num(flow.Proto)[i]), Time: at / r.Step * r.Step,
				Sums: Sums{1, p, o, flow.Product(p, rate), flow.Product(o, rate)},
			})
		}
	}
	return merge(all)
}

func requireSame(t *testing.T, what string, want, got []Point) {
	t.Helper()
	if slices.Equal(want, got) { // what a diff takes long to find out
		return
	}
	t.Fatalf("%s (-want +got):\n%s", what, cmp.Diff(want, got))
}

func requests() []Request {
	all := []Request{
		{From: begin, To: begin + 2*dayMs, Step: Fine},
		{From: begin, To: begin + 2*dayMs, Step: Coarse},
		{From: begin + 3600_000, To: begin + 5*3600_000, Step: Fine, Channels: []flow.Addr{exporter(1), exporter(3)}},
		{From: begin, To: begin + dayMs, Step: 2 * Coarse, Channels: []flow.Addr{exporter(2)}},
		{From: begin + Fine, To: begin + dayMs, Step: Coarse},
	}
	for _, r := range slices.Clone(all) {
		if len(r.Channels) == 0 {
			r.Total = true
			all = append(all, r)
		}
	}
	return all
}

// What is read is what a brute-force sum gives, as generations come, after a
// restart, and after the days are merged.
func TestReadAgainstBruteForce(t *testing.T) {
	dir, rng := t.TempDir(), rand.New(rand.NewPCG(1, 1))
	s := open(t, dir)
	var batches []*flow.Batch
	for g := range 12 {
		b := traffic(rng, 800, 5, begin+int64(g)*4*3600_000, 5*3600_000)
		batches = append(batches, b)
		add(t, s, uint64(g+1), b)
		add(t, s, uint64(g+1), b) // changes nothing
	}
	check := func(when string) {
		for i, r := range requests() {
			requireSame(t, fmt.Sprintf("%s, request %d", when, i), brute(r, batches...), read(t, s, r))
		}
		newest := Request{From: begin, To: begin + 3*dayMs, Step: Fine, Before: 12}
		if when == "added" {
			requireSame(t, "before generation 12", brute(newest, batches[:11]...), read(t, s, newest))
		}
	}
	check("added")
	s = open(t, dir)
	check("reopened")
	maintain(t, s, time.UnixMilli(begin+10*dayMs))
	check("merged")
	late := traffic(rng, 1000, 5, begin, dayMs)
	batches = append(batches, late)
	add(t, s, 99, late)
	check("added late")
	maintain(t, s, time.UnixMilli(begin+10*dayMs))
	s = open(t, dir)
	check("merged and reopened")
	for g := range uint64(12) {
		if !s.Has(g+1, 0) || s.Has(g+20, 0) {
			t.Errorf("generation %d or %d", g+1, g+20)
		}
	}
}

// maintain does all the work that is due, as if nothing had been added for a
// while.
func maintain(t testing.TB, s *Store, now time.Time) {
	t.Helper()
	for _, d := range s.fine {
		d.added = time.Time{}
	}
	for more := true; more; {
		var err error
		if more, err = s.Maintain(now); err != nil {
			t.Fatal(err)
		}
	}
}

// Statement 81: two months back there are points every 30 seconds, four months
// back every 5 minutes, six years back none.
func TestStepsByAge(t *testing.T) {
	s := open(t, t.TempDir())
	now := time.UnixMilli(begin)
	r := rand.New(rand.NewPCG(2, 2))
	for i, days := range []int64{60, 120, 6 * 365} {
		at := begin - days*dayMs
		b := traffic(r, 2000, 2, at, dayMs)
		add(t, s, uint64(i+1), b)
		maintain(t, s, now)
		fine := Request{From: at, To: at + dayMs, Step: Fine}
		coarse := Request{From: at, To: at + dayMs, Step: Coarse}
		switch days {
		case 60:
			requireSame(t, fmt.Sprintf("%d days back", days), brute(fine, b), read(t, s, fine))
		case 120:
			if err := s.Read(fine, func([]Point) error { return nil }); !errors.Is(err, ErrTooFine) {
				t.Errorf("%d days back at 30 s: %v, want %v", days, err, ErrTooFine)
			}
			fine.Coarser = true
			requireSame(t, fmt.Sprintf("%d days back, whatever there is", days), brute(coarse, b), read(t, s, fine))
			requireSame(t, fmt.Sprintf("%d days back", days), brute(coarse, b), read(t, s, coarse))
		default:
			maintain(t, s, now) // the fine file goes after the coarse one is made
			if got := read(t, s, coarse); len(got) > 0 {
				t.Errorf("%d days back: %d points", days, len(got))
			}
		}
	}
}

// Statement 82: the classes add up to all flows.
func TestClassesAddUp(t *testing.T) {
	s := open(t, t.TempDir())
	b := traffic(rand.New(rand.NewPCG(3, 3)), 5000, 3, begin, dayMs)
	add(t, s, 1, b)
	flows := uint64(0)
	classes := map[Class]uint64{}
	for _, p := range read(t, s, Request{From: begin, To: begin + dayMs, Step: dayMs, Total: true}) {
		flows += p.Flows
		classes[p.Class] += p.Flows
	}
	if flows != 5000 || len(classes) != NumClasses {
		t.Errorf("%d flows of 5000 in the classes %v", flows, classes)
	}
}

// An append that a crash has cut off, wherever, is as if it had not been, and
// can be done again.
func TestTornAppend(t *testing.T) {
	whole, rng := t.TempDir(), rand.New(rand.NewPCG(4, 4))
	s := open(t, whole)
	first, second := traffic(rng, 500, 40, begin, dayMs/2), traffic(rng, 500, 40, begin, dayMs/2)
	add(t, s, 1, first)
	name := filepath.Base(filepath.Dir(s.fine[begin].path)) + "/" + filepath.Base(s.fine[begin].path)
	size := s.fine[begin].size
	add(t, s, 2, second)
	octets, err := os.ReadFile(filepath.Join(whole, name))
	if err != nil {
		t.Fatal(err)
	}
	r := Request{From: begin, To: begin + dayMs, Step: Fine}
	for keep := int(size); keep < len(octets); keep += 1 + rng.IntN(len(octets)/60) {
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), octets[:keep], 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, dir)
		if !s.Has(1, 0) || s.Has(2, 0) {
			t.Fatalf("%d octets: generations 1 %v, 2 %v", keep, s.Has(1, 0), s.Has(2, 0))
		}
		requireSame(t, fmt.Sprintf("%d octets", keep), brute(r, first), read(t, s, r))
		add(t, s, 2, second)
		requireSame(t, fmt.Sprintf("%d octets, added again", keep), brute(r, first, second), read(t, open(t, dir), r))
	}
}

// So is the first one of a day, of which not even the header may be there; nor
// do the remains of two crashes make a damaged day.
func TestTornFirstAppend(t *testing.T) {
	whole, rng := t.TempDir(), rand.New(rand.NewPCG(6, 6))
	s := open(t, whole)
	long, short := traffic(rng, 500, 40, begin, dayMs/2), traffic(rng, 20, 4, begin, dayMs/2)
	add(t, s, 1, long)
	path := s.fine[begin].path
	octets, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := Request{From: begin, To: begin + dayMs, Step: Fine}
	for _, keep := range []int{0, fileHeader, leastOctets, len(octets) - 1} {
		if err := os.WriteFile(path, octets[:keep], 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, whole)
		if s.Has(1, begin) || s.Stats().Damaged != 0 {
			t.Fatalf("%d octets: generation 1 %v, %d damaged days", keep, s.Has(1, begin), s.Stats().Damaged)
		}
		add(t, s, 2, short)
		requireSame(t, fmt.Sprintf("%d octets, added again", keep), brute(r, short), read(t, open(t, whole), r))
		if got, err := os.Stat(path); err != nil || got.Size() != s.fine[begin].size {
			t.Errorf("%d octets: %v, %v, want %d octets", keep, got, err, s.fine[begin].size)
		}
	}
}

// A changed octet, wherever, never makes an answer wrong: it is found, or it
// matters not.
func TestFlippedOctets(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for _, isMerged := range []bool{false, true} {
		dir := t.TempDir()
		s := open(t, dir)
		batches := []*flow.Batch{traffic(rng, 300, 4, begin, dayMs), traffic(rng, 300, 4, begin, dayMs)}
		for i, b := range batches {
			add(t, s, uint64(i+1), b)
		}
		if isMerged {
			maintain(t, s, time.UnixMilli(begin+5*dayMs))
		}
		path := s.fine[begin].path
		octets, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		r := Request{From: begin, To: begin + dayMs, Step: Fine}
		for range 150 {
			flipped := slices.Clone(octets)
			at := rng.IntN(len(flipped))
			flipped[at] ^= 1 << rng.IntN(8)
			if err := os.WriteFile(path, flipped, 0o600); err != nil {
				t.Fatal(err)
			}
			requireHonest(t, fmt.Sprintf("octet %d of %d, merged %v", at, len(octets), isMerged), dir, r, batches)
			_ = os.Remove(path + damagedSuffix)
		}
	}
}

// requireHonest checks that a store answers with exactly the generations that
// it says it has, or refuses.
func requireHonest(t *testing.T, what, dir string, r Request, batches []*flow.Batch) {
	t.Helper()
	s := open(t, dir)
	var all []Point
	err := s.Read(r, func(points []Point) error { all = append(all, points...); return nil })
	if err != nil {
		if !errors.Is(err, ErrDamaged) {
			t.Fatalf("%s: %v", what, err)
		}
		return
	}
	var kept []*flow.Batch
	for i, b := range batches {
		if s.Has(uint64(i+1), 0) {
			kept = append(kept, b)
		}
	}
	requireSame(t, what, brute(r, kept...), merge(all))
}

// A day with thousands of channels is merged in pieces, into the same points.
func TestMergeManyChannels(t *testing.T) {
	s := open(t, t.TempDir())
	rng := rand.New(rand.NewPCG(6, 6))
	var batches []*flow.Batch
	for g := range 4 {
		b := traffic(rng, 60_000, 3000, begin+int64(g)*6*3600_000, 6*3600_000)
		batches = append(batches, b)
		add(t, s, uint64(g+1), b)
	}
	r := Request{From: begin, To: begin + dayMs, Step: Coarse}
	maintain(t, s, time.UnixMilli(begin+5*dayMs))
	if !slices.EqualFunc(brute(r, batches...), read(t, s, r), func(a, b Point) bool { return a == b }) {
		t.Error("the merged day has other points")
	}
	one := Request{From: begin, To: begin + dayMs, Step: Fine, Channels: []flow.Addr{exporter(77)}}
	requireSame(t, "one channel", brute(one, batches...), read(t, s, one))
	m := merger{blocks: s.fine[begin].blocks}
	total := 0
	for _, b := range m.blocks {
		total += b.points
	}
	t.Logf("%d points, %.1f octets each", total, float64(s.fine[begin].size)/float64(total))
}

// A reader that began before a merge ends as it began.
func TestMergeBesideAReader(t *testing.T) {
	s := open(t, t.TempDir())
	b := traffic(rand.New(rand.NewPCG(7, 7)), 3*blockPoints, 200, begin, dayMs)
	add(t, s, 1, b)
	r := Request{From: begin, To: begin + dayMs, Step: Fine}
	var all []Point
	if err := s.Read(r, func(points []Point) error {
		if all == nil {
			maintain(t, s, time.UnixMilli(begin+5*dayMs))
		}
		all = append(all, points...)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(brute(r, b), merge(all)) {
		t.Error("the reader got other points")
	}
}

func TestNewerFileIsPutAside(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	add(t, s, 1, traffic(rand.New(rand.NewPCG(8, 8)), 10, 1, begin, 1000))
	path := s.fine[begin].path
	octets, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	octets[8] = version + 1
	if err := os.WriteFile(path, octets, 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	if err := s.Read(Request{From: begin, To: begin + dayMs, Step: Fine}, func([]Point) error { return nil }); !errors.Is(err, ErrDamaged) || s.Stats().Damaged != 1 {
		t.Errorf("%v, %+v", err, s.Stats())
	}
}

func FuzzUnpack(f *testing.F) {
	c := newCodec()
	points := brute(Request{From: 0, To: 1 << 60, Step: Fine}, traffic(rand.New(rand.NewPCG(9, 9)), 50, 3, begin, 3600_000))
	f.Add(appendPoints(nil, points), len(points))
	f.Add([]byte{1, 0}, 1)
	f.Fuzz(func(t *testing.T, body []byte, n int) {
		if n < 0 || n > blockPoints {
			return
		}
		got, err := parsePoints(body, n)
		if err != nil {
			return
		}
		again, err := parsePoints(appendPoints(nil, got), n)
		if err != nil || !slices.Equal(again, got) {
			t.Fatalf("round trip: %v", err)
		}
		_, _ = c.unpack(append(make([]byte, blockHeader), body...)[:blockHeader], body)
	})
}

func BenchmarkAdd(b *testing.B) {
	s := open(b, b.TempDir())
	rng := rand.New(rand.NewPCG(1, 1))
	batch := traffic(rng, 100_000, 20, begin, 300_000)
	b.ReportAllocs()
	for n := uint64(1); b.Loop(); n++ {
		add(b, s, n, batch)
	}
	b.ReportMetric(float64(b.N*batch.Len())/b.Elapsed().Seconds(), "rows/s")
}

// A generation of two days of which one could not be written is not there
// after a restart either: it is added again, and each day has it once.
func TestHalfAGenerationIsNone(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	b := traffic(rand.New(rand.NewPCG(1, 2)), 1000, 3, begin+dayMs-Coarse, 2*Coarse)
	inTheWay := dayPath(dir, Fine, begin+dayMs)
	if err := os.Mkdir(inTheWay, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := s.Add(7, one(b)); err == nil {
		t.Fatal("a day was written into a folder")
	}
	if err := os.Remove(inTheWay); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	newest := int64(slices.Max(b.Num(flow.Time)))
	if s.Has(7, newest) {
		t.Error("half a generation counts as one after a restart")
	}
	add(t, s, 7, b)
	if !s.Has(7, newest) {
		t.Error("a generation is not there that was added")
	}
	for _, r := range requests() {
		requireSame(t, "added again", brute(r, b), read(t, s, r))
	}
}
