package query_test

import (
	"bytes"
	"context"
	"errors"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/bitpack"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/flowtest"
	"example.com/weir/flowio/query"
	"example.com/weir/flowio/scan"
)

// coded is a memory that hands its columns over as they are stored.
type coded struct {
	memory
	names *scan.Names
	plain flow.FieldSet // columns without dictionary
	bad   int           // page that cannot be read; -1 = none
	seen  *codedUse
}

// codedUse is what was done with a coded source.
type codedUse struct {
	opened         flow.FieldSet
	pages          int
	skipped        []int
	closed, begun  int
	failOpen, none bool
}

func encoded(m memory, names *scan.Names, plain flow.FieldSet) coded {
	return coded{memory: m, names: names, plain: plain | flow.Fields(flow.First), bad: -1, seen: new(codedUse)}
}

type codedColumns struct {
	coded
	dicts map[flow.Field]scan.Dictionary
	codes map[flow.Field][]uint32
}

func (c coded) Columns(context.Context) scan.Columns {
	if c.seen.none {
		return nil
	}
	c.seen.begun++
	return &codedColumns{coded: c, dicts: map[flow.Field]scan.Dictionary{}, codes: map[flow.Field][]uint32{}}
}

func (c *codedColumns) Pages() int        { return (c.all.Len() + c.size - 1) / c.size }
func (c *codedColumns) Rows(page int) int { return min(c.size, c.all.Len()-page*c.size) }

func (c *codedColumns) Times(page int) (int64, int64) {
	times := c.all.Num(flow.Time)[page*c.size:][:c.Rows(page)]
	return int64(slices.Min(times)), int64(slices.Max(times))
}

func (c *codedColumns) Open(fields flow.FieldSet) error {
	if c.seen.failOpen {
		return errDisk
	}
	c.seen.opened |= fields
	for f := range (fields &^ c.plain).All {
		if _, ok := c.dicts[f]; ok {
			continue
		}
		codes := make([]uint32, c.all.Len())
		if !f.IsAddr() {
			d := slices.Compact(slices.Sorted(slices.Values(c.all.Num(f))))
			for i, v := range c.all.Num(f) {
				at, _ := slices.BinarySearch(d, v)
				codes[i] = uint32(at)
			}
			c.dicts[f], c.codes[f] = scan.Dictionary{Numbers: d}, codes
			continue
		}
		compare := func(a, b flow.Addr) int { return bytes.Compare(a[:], b[:]) }
		d := slices.Clone(c.all.Addr(f))
		slices.SortFunc(d, compare)
		d = slices.Compact(d)
		for i, a := range c.all.Addr(f) {
			at, _ := slices.BinarySearchFunc(d, a, compare)
			codes[i] = uint32(at)
		}
		ids := make([]uint32, len(d))
		c.names.Number(d, ids)
		c.dicts[f], c.codes[f] = scan.Dictionary{IDs: ids, Names: c.names}, codes
	}
	return nil
}

func (c *codedColumns) Dictionary(f flow.Field) (scan.Dictionary, bool) {
	d, ok := c.dicts[f]
	return d, ok
}

func (c *codedColumns) Page(f flow.Field, page int) (scan.Page, error) {
	if page == c.bad {
		return scan.Page{}, errDisk
	}
	c.seen.pages++
	from, rows := page*c.size, c.Rows(page)
	p := scan.Page{Rows: rows}
	codes, ok := c.codes[f]
	switch {
	case !ok && f.IsAddr():
		p.Addrs = c.all.Addr(f)[from : from+rows]
		return p, nil
	case !ok:
		p.Values = c.all.Num(f)[from : from+rows]
		return p, nil
	}
	codes = codes[from : from+rows]
	if slices.Min(codes) == slices.Max(codes) {
		p.IsOne, p.One = true, codes[0]
		return p, nil
	}
	p.Width = uint(bits.Len(uint(c.dicts[f].Len() - 1)))
	p.Packed = make([]byte, bitpack.Size(rows, p.Width))
	for i, v := range codes {
		for b := range p.Width {
			at := uint(i)*p.Width + b
			p.Packed[at/8] |= byte(v>>b&1) << (at % 8)
		}
	}
	return p, nil
}

func (c *codedColumns) Skip(page int, _ error) { c.seen.skipped = append(c.seen.skipped, page) }

func (c *codedColumns) Close() uint64 {
	c.seen.closed++
	return uint64(c.all.Len()) * 8
}

// encode makes some of the sources Encoded ones, in various ways.
func encode(r *rand.Rand, sources []scan.Source) []scan.Source {
	names := scan.NewNames()
	for i, s := range sources {
		m, ok := s.(memory)
		if !ok || r.IntN(5) == 0 || m.all.Len() == 0 {
			continue
		}
		if r.IntN(4) == 0 {
			names = scan.NewNames()
		}
		plain := flow.FieldSet(r.Uint64() & r.Uint64() & r.Uint64() & r.Uint64())
		c := encoded(m, names, plain)
		c.seen.none, c.seen.failOpen = r.IntN(20) == 0, r.IntN(20) == 0
		sources[i] = c
	}
	return sources
}

// TestDamagedPageIsLeftOut holds that a page that cannot be read is missing
// whole, and is named.
func TestDamagedPageIsLeftOut(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	flows := testFlows(r, 3000)
	for _, req := range []query.Request{
		{Kind: query.Top, GroupBy: []string{"srcAddr"}},
		{Kind: query.Top, GroupBy: []string{"srcAddr", "dstPort", "app"}, Metrics: []string{"bps", "flows"}},
		{Kind: query.Total, Filter: "proto tcp or bytes > 100"},
	} {
		plan := testPlan(t, req)
		c := encoded(memory{flows, 1000}, scan.NewNames(), 0)
		c.bad = 1
		rest := flow.NewBatch(flow.AllFields)
		rest.AppendRows(flows, 0, 1000)
		rest.AppendRows(flows, 2000, 3000)
		want := plan.Result(answer(t, plan, []scan.Source{memory{rest, 100}}, 1))
		got := plan.Result(answer(t, plan, []scan.Source{c}, 1))
		if diff := diffResults(want, got); diff != "" {
			t.Errorf("%+v: %s", req, diff)
		}
		if !slices.Equal(c.seen.skipped, []int{1}) || c.seen.closed != c.seen.begun {
			t.Errorf("%+v: %+v", req, *c.seen)
		}
	}
}

// TestFilterSparesColumns holds that what a dictionary rules out is not read.
func TestFilterSparesColumns(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	flows := testFlows(r, 3000)
	c := encoded(memory{flows, 500}, scan.NewNames(), 0)
	plan := testPlan(t, query.Request{Kind: query.Top, GroupBy: []string{"srcAddr"}, Filter: "ip 192.0.2.1"})
	_, stats, err := scan.Scan(context.Background(), plan.Scan(), []scan.Source{c}, scan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if c.seen.pages != 0 || c.seen.opened != flow.Fields(flow.SrcAddr, flow.DstAddr) || stats.RowsScanned != 0 {
		t.Errorf("%+v, %d rows scanned for a host that is not there", *c.seen, stats.RowsScanned)
	}
}

// TestCutOffFile holds that a fault in a mapped file ends the query, and no
// other panic is taken for one.
func TestCutOffFile(t *testing.T) {
	c := encoded(memory{testFlows(rand.New(rand.NewPCG(5, 5)), 100), 100}, scan.NewNames(), 0)
	_, _, err := scan.Scan(context.Background(), testPlan(t, query.Request{Kind: query.Total}).Scan(), []scan.Source{faulty{c}}, scan.Options{})
	if !errors.Is(err, scan.ErrCutOff) || !slices.Equal(c.seen.skipped, []int{0}) || c.seen.closed != 1 {
		t.Errorf("%v, %+v", err, *c.seen)
	}
}

type faulty struct{ coded }

type faultyColumns struct{ scan.Columns }

func (f faulty) Columns(ctx context.Context) scan.Columns { return faultyColumns{f.coded.Columns(ctx)} }

func (f faultyColumns) Page(flow.Field, int) (scan.Page, error) { panic(addressFault{}) }

type addressFault struct{ error }

func (addressFault) RuntimeError() {}
func (addressFault) Addr() uintptr { return 42 }

func TestNames(t *testing.T) {
	n := scan.NewNames()
	r := rand.New(rand.NewPCG(6, 6))
	seen := map[flow.Addr]uint32{}
	for range 50 {
		addrs := make([]flow.Addr, r.IntN(1000))
		for i := range addrs {
			addrs[i] = flow.Addr{byte(r.IntN(2)), 10: byte(r.IntN(200)), 15: byte(r.IntN(200))}
		}
		ids := make([]uint32, len(addrs))
		n.Number(addrs, ids)
		back := make([]flow.Addr, len(addrs))
		n.Addrs(ids, back)
		for i, a := range addrs {
			known, ok := seen[a]
			if seen[a] = ids[i]; ok && known != ids[i] || back[i] != a || n.Addr(ids[i]) != a {
				t.Fatalf("%v has number %d, had %d; the number's address is %v", a, ids[i], known, back[i])
			}
			if id, ok := n.Find(a); !ok || id != ids[i] {
				t.Fatalf("%v is found as %d, %v", a, id, ok)
			}
		}
	}
	if _, ok := n.Find(flow.Addr{9}); ok || n.Len() != len(seen) {
		t.Errorf("%d addresses instead of %d, or one that was never numbered", n.Len(), len(seen))
	}
}

// TestCodesAgainstBruteForce asks random questions about random flows in
// sources that are read by their codes.
func TestCodesAgainstBruteForce(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	for round := range flowtest.Rounds(400) {
		filter := testFilters[r.IntN(len(testFilters))]
		req := randomRequest(r, filter.text)
		plan, err := req.Resolve(time.Now())
		if err != nil {
			t.Fatalf("%+v: %v", req, err)
		}
		flows := testFlows(r, r.IntN(3000))
		want := &slow{plan: plan, groups: map[slowKey]*slowGroup{}}
		want.scan(flows, filter.matches)
		partial, stats, err := scan.Scan(context.Background(), plan.Scan(), encode(r, split(r, flows, 1+r.IntN(5))), scan.Options{Threads: 1 + r.IntN(3)})
		if err != nil {
			t.Fatalf("seed %d, round %d, %+v: %v", seed, round, req, err)
		}
		if stats.RowsMatched != uint64(want.rows) {
			t.Fatalf("seed %d, round %d, %+v: %d rows matched, want %d", seed, round, req, stats.RowsMatched, want.rows)
		}
		if err := want.check(plan.Result(partial)); err != nil {
			t.Fatalf("seed %d, round %d, %+v: %v", seed, round, req, err)
		}
	}
}

func diffResults(want, got query.Result) string { return cmp.Diff(want, got) }
