package filter

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"example.com/weir/flowio/flow"
)

// codedFilters are asked of dictionaries and of values.
var codedFilters = []string{
	"any", "not any", "proto tcp", "not proto tcp", "port 443", "src port 443", "src and dst port in [53 80-443 1000]",
	"dst port > 500", "port < 60", "net 10.0.0.0/8", "src net 10.1.0.0/16", "dst ip 10.0.0.1", "ip in [10.0.0.1 10.0.1.0/24 2001:db8::/33]",
	"net ::/0", "net 0.0.0.0/0", "not net 2000::/3", "net 10.0.0.1 255.0.0.255", "inet", "inet6", "not inet and not inet6",
	"flags S", "flags SA and not flags R", "flags > 10", "icmp-type 8", "not icmp-code 0", "bytes > 1k", "packets = 3", "bpp > 10", "bps < 1000",
	"duration > 100", "exporter 10.0.0.1", "router ip 10.0.2.3", "next ip 10.0.0.0", "src as 1 or dst as in [2 3]", "mask 1", "in if 2 and out if 1",
	"src mac 00:00:00:00:00:01", "tos 1 or tos 2 or tos 3 or tos 0", "flowdir ingress", "observationDomain 2", "samplingRate 100",
	"(port 80 or net 10.2/16) and not (flags F or bytes < 500) and inet", "app 2", "version 9 or version 1", "sourcegroup london or proto 17",
}

// codedFlows has few values per column, one to three of each where rng says so.
func codedFlows(r *rand.Rand, n int) *flow.Batch {
	b := flow.NewBatch(flow.AllFields)
	b.Extend(n)
	for f := range b.Fields().All {
		variety := 1 + r.IntN(4)
		for i := range n {
			v := r.IntN(variety)
			switch {
			case f.IsAddr() && v == 3:
				b.Addr(f)[i] = flow.Addr{0x20, 1, 0xd, 0xb8, 15: byte(r.IntN(3))}
			case f.IsAddr() && v > 0:
				b.Addr(f)[i] = flow.Addr{10: 0xff, 11: 0xff, 12: 10, 13: byte(r.IntN(3)), 14: byte(r.IntN(2)), 15: byte(r.IntN(3))}
			case f == flow.SrcPort || f == flow.DstPort:
				b.Num(f)[i] = []uint64{443, 53, 80, uint64(r.IntN(1000))}[v]
			case f == flow.Proto:
				b.Num(f)[i] = []uint64{6, 17, 1, 58}[v]
			case f == flow.Bytes:
				b.Num(f)[i] = uint64(r.IntN(2000))
			case f == flow.SamplingRate:
				b.Num(f)[i] = []uint64{100, 0, 1, 7}[v]
			case f == flow.First || f == flow.Last:
				b.Num(f)[i] = uint64(r.IntN(500))
			case !f.IsAddr():
				b.Num(f)[i] = uint64(r.IntN(1 << (2 * v)))
			}
		}
	}
	return b
}

// numbers and addrs are dictionaries.
type numbers []uint64

func (d numbers) Len() int               { return len(d) }
func (d numbers) Number(i int) uint64    { return d[i] }
func (d numbers) Addr(int) (a flow.Addr) { return a }

type addrs []flow.Addr

func (d addrs) Len() int             { return len(d) }
func (d addrs) Number(int) uint64    { return 0 }
func (d addrs) Addr(i int) flow.Addr { return d[i] }

// codedBlock holds all rows of a batch; some columns have no dictionary.
type codedBlock struct {
	all   *flow.Batch
	dicts map[flow.Field]Dictionary
	codes map[flow.Field][]uint32
}

func encode(b *flow.Batch, without flow.FieldSet) codedBlock {
	c := codedBlock{all: b, dicts: map[flow.Field]Dictionary{}, codes: map[flow.Field][]uint32{}}
	for f := range (b.Fields() &^ without).All {
		codes := make([]uint32, b.Len())
		if f.IsAddr() {
			compare := func(a, b flow.Addr) int { return bytes.Compare(a[:], b[:]) }
			d := slices.Clone(b.Addr(f))
			slices.SortFunc(d, compare)
			d = slices.Compact(d)
			for i, a := range b.Addr(f) {
				at, _ := slices.BinarySearchFunc(d, a, compare)
				codes[i] = uint32(at)
			}
			c.dicts[f] = addrs(d)
		} else {
			d := slices.Compact(slices.Sorted(slices.Values(b.Num(f))))
			for i, v := range b.Num(f) {
				at, _ := slices.BinarySearch(d, v)
				codes[i] = uint32(at)
			}
			c.dicts[f] = numbers(d)
		}
		c.codes[f] = codes
	}
	return c
}

func (c codedBlock) Rows() int                            { return c.all.Len() }
func (c codedBlock) Codes(f flow.Field) ([]uint32, error) { return c.codes[f], nil }
func (c codedBlock) Batch() (*flow.Batch, error)          { return c.all, nil }

// TestProgram holds that a filter means the same on encoded columns.
func TestProgram(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 60 {
		b := codedFlows(r, 1+r.IntN(300))
		coded := encode(b, flow.FieldSet(r.Uint64()&r.Uint64()))
		for _, text := range codedFilters {
			e, err := Parse(text)
			if err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			if round%2 == 1 {
				e = e.Scaled()
			}
			p := e.Program(func(f flow.Field) Dictionary { return coded.dicts[f] })
			set := make([]uint64, (b.Len()+63)/64)
			if err := p.Match(coded, set); err != nil {
				t.Fatal(err)
			}
			var got []int
			for i := range 64 * len(set) {
				if set[i/64]>>(i%64)&1 != 0 {
					got = append(got, i)
				}
			}
			want := e.Match(b, nil)
			if !slices.Equal(got, want) {
				t.Fatalf("round %d, %q matches %v by index, %v by value", round, text, got, want)
			}
			if all, ok := p.Constant(); ok && (all && len(want) != b.Len() || !all && len(want) > 0) {
				t.Fatalf("round %d, %q is constantly %v, matches %d of %d", round, text, all, len(want), b.Len())
			}
			if (p.Codes()|p.Values())&^e.Fields() != 0 {
				t.Fatalf("%q reads %b, more than %b", text, p.Codes()|p.Values(), e.Fields())
			}
		}
	}
}
