package filter

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"slices"
	"sort"
	"strings"

	"example.com/weir/flowio/flow"
)

// place is the field or the pair of fields that an address term looks at.
type place struct {
	word       string // "" for the ends of the flow: "ip" stands alone
	src, dst   flow.Field
	directions [2]string
}

var (
	endpoints = &place{src: flow.SrcAddr, dst: flow.DstAddr, directions: [2]string{"src", "dst"}}
	routers   = &place{word: "router ", src: flow.Exporter, dst: flow.Exporter}
	nextHops  = &place{word: "next ", src: flow.NextHop, dst: flow.NextHop}
)

// addrTerm compares addresses with one network under a mask, or with a list.
type addrTerm struct {
	at     *place
	side   side
	value  u128     // if spans is nil: address & mask == value
	mask   u128     //
	spans  []aspan  // ascending, disjoint
	names  []string // normal form of the networks
	isNet  bool     // print as net
	isList bool     // print as a list
}

// u128 is an address as two numbers, high octets first.
type u128 struct{ hi, lo uint64 }

func split(a *flow.Addr) u128 {
	return u128{binary.BigEndian.Uint64(a[:8]), binary.BigEndian.Uint64(a[8:])}
}

func (a u128) less(b u128) bool { return a.hi < b.hi || a.hi == b.hi && a.lo < b.lo }

func (a u128) and(b u128) u128 { return u128{a.hi & b.hi, a.lo & b.lo} }

func (a u128) next() u128 {
	lo, carry := bits.Add64(a.lo, 1, 0)
	return u128{a.hi + carry, lo}
}

func (a u128) prev() u128 {
	lo, borrow := bits.Sub64(a.lo, 1, 0)
	return u128{a.hi - borrow, lo}
}

// aspan is an inclusive range of addresses.
type aspan struct{ lo, hi u128 }

// maskBits returns the mask of an IPv6 prefix length.
func maskBits(n int) u128 {
	if n <= 64 {
		return u128{hi: ^uint64(0) << (64 - n)}
	}
	return u128{^uint64(0), ^uint64(0) << (128 - n)}
}

// network is one network of a term: an address and the mask to compare under.
type network struct {
	value, mask u128
	name        string
	host        bool
}

// networkOf returns the network of a prefix; the prefix length of an IPv4
// address counts its own 32 bits.
func networkOf(p netip.Prefix) network {
	a := flow.AddrFrom(p.Addr())
	length := p.Bits()
	host := p.IsSingleIP()
	if p.Addr().Is4() {
		length += 96
	}
	m := maskBits(length)
	n := network{value: split(&a).and(m), mask: m, host: host}
	if host {
		n.name = p.Addr().String()
	} else {
		n.name = p.Masked().String()
	}
	return n
}

// ip4 is where IPv4 addresses lie among all addresses.
var ip4 = aspan{u128{0, 0xffff << 32}, u128{0, 0xffff<<32 | 0xffffffff}}

// crossesIP4 reports whether n is an IPv6 network so wide that IPv4 addresses
// and the absent address would fall into it.
func (n network) crossesIP4() bool {
	return !n.host && ip4.lo.and(n.mask) == n.value && n.mask.lo>>32 != 0xffffffff
}

// spans returns the addresses of n; its mask must be a prefix. A wide IPv6
// network does not hold IPv4 addresses, whatever their internal form.
func (n network) spans() []aspan {
	all := aspan{n.value, u128{n.value.hi | ^n.mask.hi, n.value.lo | ^n.mask.lo}}
	if !n.crossesIP4() {
		return []aspan{all}
	}
	if all.lo == (u128{}) {
		all.lo = all.lo.next()
	}
	var out []aspan
	if all.lo.less(ip4.lo) {
		out = append(out, aspan{all.lo, ip4.lo.prev()})
	}
	if ip4.hi.less(all.hi) {
		out = append(out, aspan{ip4.hi.next(), all.hi})
	}
	return out
}

func newAddrTerm(at *place, on side, n network) node {
	t := addrTerm{at: at, side: on, value: n.value, mask: n.mask, names: []string{n.name}, isNet: !n.host}
	if n.crossesIP4() {
		t.spans = n.spans()
	}
	return t
}

func newAddrList(at *place, on side, nets []network) node {
	if same := slices.CompactFunc(slices.Clone(nets), func(a, b network) bool { return a == b }); len(same) == 1 {
		return newAddrTerm(at, on, nets[0])
	}
	t := addrTerm{at: at, side: on, isList: true}
	for _, n := range nets {
		t.spans = append(t.spans, n.spans()...)
		t.names = append(t.names, n.name)
	}
	t.spans = normalAddrSpans(t.spans)
	slices.Sort(t.names)
	t.names = slices.Compact(t.names)
	return t
}

func normalAddrSpans(spans []aspan) []aspan {
	slices.SortFunc(spans, func(a, b aspan) int {
		if a.lo.less(b.lo) {
			return -1
		}
		return 1
	})
	out := spans[:0]
	for _, s := range spans {
		if last := len(out) - 1; last >= 0 && !out[last].hi.less(s.lo) {
			if out[last].hi.less(s.hi) {
				out[last].hi = s.hi
			}
			continue
		}
		out = append(out, s)
	}
	return out
}

func (t addrTerm) fields() flow.FieldSet { return fieldsOf(t.side, t.at.src, t.at.dst) }

func (t addrTerm) eval(b *flow.Batch, set []uint64, s *scratch) {
	evalSides(t.side, t.at.src, t.at.dst, set, s, b.Len(), func(f flow.Field, set []uint64) {
		t.test(b.Addr(f), b.Len(), set)
	})
}

func (t addrTerm) test(addrs []flow.Addr, n int, set []uint64) {
	switch {
	case addrs == nil:
		fill(set, n, t.contains(u128{}))
	case t.spans == nil:
		t.testMask(addrs, set)
	default:
		for w := range set {
			var word uint64
			part := addrs[w*64 : min(w*64+64, len(addrs))]
			for i := range part {
				if t.contains(split(&part[i])) {
					word |= 1 << i
				}
			}
			set[w] = word
		}
	}
}

// testMask is free of branches: x-1 borrows only if x is 0.
func (t addrTerm) testMask(addrs []flow.Addr, set []uint64) {
	value, mask := t.value, t.mask
	for w := range set {
		var word uint64
		part := addrs[w*64 : min(w*64+64, len(addrs))]
		for i := range part {
			a := split(&part[i])
			x := (a.hi&mask.hi ^ value.hi) | (a.lo&mask.lo ^ value.lo)
			_, equal := bits.Sub64(x, 1, 0)
			word |= equal << i
		}
		set[w] = word
	}
}

func (t addrTerm) contains(a u128) bool {
	if t.spans == nil {
		return a.and(t.mask) == t.value
	}
	i := sort.Search(len(t.spans), func(i int) bool { return !t.spans[i].hi.less(a) })
	return i < len(t.spans) && !a.less(t.spans[i].lo)
}

func (t addrTerm) print(b *strings.Builder) {
	printDirection(b, t.side, t.at.directions)
	b.WriteString(t.at.word)
	switch {
	case t.isList:
		b.WriteString("ip in [" + strings.Join(t.names, " ") + "]")
	case t.isNet:
		b.WriteString("net " + t.names[0])
	default:
		b.WriteString("ip " + t.names[0])
	}
}

func (a u128) addr() flow.Addr {
	var to flow.Addr
	binary.BigEndian.PutUint64(to[:8], a.hi)
	binary.BigEndian.PutUint64(to[8:], a.lo)
	return to
}
