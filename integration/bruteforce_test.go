package integration

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// What follows answers questions about made flows the slow way, one after the
// other and without any code of weir's.

// labels are what a request may group by, with a flow's value as answers show
// it.
var labels = map[string]func(m *made) string{
	"exporter": func(m *made) string { return m.exporter.String() }, "observationDomain": func(m *made) string { return decimal(m.domain) },
	"version": func(m *made) string { return decimal(m.version) }, "samplingRate": func(m *made) string { return decimal(m.rate) },
	"srcAddr": func(m *made) string { return m.src.String() }, "dstAddr": func(m *made) string { return m.dst.String() },
	"nextHop":      func(m *made) string { return m.next.String() },
	"srcAddr/24":   func(m *made) string { return cut(m.src, 24, 128) },
	"dstAddr/64":   func(m *made) string { return cut(m.dst, 32, 64) },
	"srcAddr/8/32": func(m *made) string { return cut(m.src, 8, 32) },
	"dstAddr/0/0":  func(m *made) string { return cut(m.dst, 0, 0) },
	"srcPort":      func(m *made) string { return decimal(m.srcPort) }, "dstPort": func(m *made) string { return decimal(m.dstPort) },
	"proto": func(m *made) string { return decimal(m.proto) }, "tcpFlags": func(m *made) string { return decimal(m.flags) }, "tos": func(m *made) string { return decimal(m.tos) },
	"inIf": func(m *made) string { return decimal(m.inIf) }, "outIf": func(m *made) string { return decimal(m.outIf) },
	"srcAs": func(m *made) string { return decimal(m.srcAS) }, "dstAs": func(m *made) string { return decimal(m.dstAS) },
	"srcMask": func(m *made) string { return decimal(m.srcMask) }, "dstMask": func(m *made) string { return decimal(m.dstMask) },
	"srcVlan": func(m *made) string { return decimal(m.srcVLAN) }, "dstVlan": func(m *made) string { return decimal(m.dstVLAN) },
	"srcMac": func(m *made) string { return hardware(m.srcMAC) }, "dstMac": func(m *made) string { return hardware(m.dstMAC) },
	"icmpType": func(m *made) string { return decimal(m.icmpType) }, "icmpCode": func(m *made) string { return decimal(m.icmpCode) },
	"direction": func(m *made) string { return decimal(m.direction) },
}

func decimal(v uint64) string { return strconv.FormatUint(v, 10) }

func hardware(v uint64) string {
	return net.HardwareAddr{byte(v >> 40), byte(v >> 32), byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}.String()
}

func cut(a netip.Addr, four, six int) string {
	length := six
	if a.Is4() {
		length = four
	}
	p, _ := a.Prefix(length)
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

// term is a filter with what it means.
type term struct {
	text    string
	matches func(m *made) bool
}

// randomTerm compares one field. The numbers are those of some flow, so that
// most terms match something. Counters compare as the answer shows them.
func randomTerm(r *rand.Rand, like *made, scaled bool) term {
	switch r.IntN(17) {
	case 0:
		return numberTerm(r, "packets", like.packets, func(m *made) []uint64 { return []uint64{scale(m, m.packets, scaled)} })
	case 1:
		return numberTerm(r, "bytes", like.bytes, func(m *made) []uint64 { return []uint64{scale(m, m.bytes, scaled)} })
	case 2:
		return numberTerm(r, "duration", like.last-like.first, func(m *made) []uint64 { return []uint64{m.last - m.first} })
	case 3:
		return numberTerm(r, "port", like.srcPort, func(m *made) []uint64 { return []uint64{m.srcPort, m.dstPort} })
	case 4:
		return numberTerm(r, "dst port", like.dstPort, func(m *made) []uint64 { return []uint64{m.dstPort} })
	case 5:
		return numberTerm(r, "as", like.dstAS, func(m *made) []uint64 { return []uint64{m.srcAS, m.dstAS} })
	case 6:
		return numberTerm(r, "in if", like.inIf, func(m *made) []uint64 { return []uint64{m.inIf} })
	case 7:
		return numberTerm(r, "tos", like.tos, func(m *made) []uint64 { return []uint64{m.tos} })
	case 8:
		return numberTerm(r, "mask", like.srcMask, func(m *made) []uint64 { return []uint64{m.srcMask, m.dstMask} })
	case 9:
		return numberTerm(r, "dst vlan", like.dstVLAN, func(m *made) []uint64 { return []uint64{m.dstVLAN} })
	case 10:
		return term{"proto " + decimal(like.proto), func(m *made) bool { return m.proto == like.proto }}
	case 11:
		return term{"ip " + like.src.String(), func(m *made) bool { return m.src == like.src || m.dst == like.src }}
	case 12:
		p, _ := like.dst.Prefix(r.IntN(like.dst.BitLen() + 1))
		return term{"net " + p.String(), func(m *made) bool { return p.Contains(m.src) || p.Contains(m.dst) }}
	case 13:
		return term{fmt.Sprintf("src ip in [%s %s]", like.src, like.dst), func(m *made) bool { return m.src == like.src || m.src == like.dst }}
	case 14:
		bit := r.IntN(6)
		return term{"flags " + "FSRPAU"[bit:bit+1], func(m *made) bool { return m.proto == 6 && m.flags>>bit&1 == 1 }}
	case 15:
		return term{"inet6", func(m *made) bool { return m.src.Is6() }}
	default:
		return term{"exporter " + like.exporter.String(), func(m *made) bool { return m.exporter == like.exporter }}
	}
}

func numberTerm(r *rand.Rand, word string, v uint64, of func(*made) []uint64) term {
	tests := []struct {
		sign string
		test func(uint64) bool
	}{
		{"", func(x uint64) bool { return x == v }},
		{">= ", func(x uint64) bool { return x >= v }},
		{"<= ", func(x uint64) bool { return x <= v }},
	}
	if v > 0 {
		tests = append(tests, struct {
			sign string
			test func(uint64) bool
		}{"< ", func(x uint64) bool { return x < v }})
	}
	t := tests[r.IntN(len(tests))]
	return term{word + " " + t.sign + decimal(v), func(m *made) bool { return slices.ContainsFunc(of(m), t.test) }}
}

// randomFilter joins terms at random.
func randomFilter(r *rand.Rand, flows []made, scaled bool, depth int) term {
	if depth == 0 || r.IntN(3) == 0 {
		return randomTerm(r, &flows[r.IntN(len(flows))], scaled)
	}
	a := randomFilter(r, flows, scaled, depth-1)
	switch r.IntN(3) {
	case 0:
		return term{"not (" + a.text + ")", func(m *made) bool { return !a.matches(m) }}
	case 1:
		b := randomFilter(r, flows, scaled, depth-1)
		return term{"(" + a.text + ") and (" + b.text + ")", func(m *made) bool { return a.matches(m) && b.matches(m) }}
	default:
		b := randomFilter(r, flows, scaled, depth-1)
		return term{"(" + a.text + ") or (" + b.text + ")", func(m *made) bool { return a.matches(m) || b.matches(m) }}
	}
}

// slowGroup is a group as brute force knows it.
type slowGroup struct {
	flows          []*made
	bytes, packets *big.Int
}

// slowSum adds up flows; scaled multiplies by sampling rates.
func slowSum(flows []*made, scaled bool) *slowGroup {
	g := &slowGroup{flows: flows, bytes: new(big.Int), packets: new(big.Int)}
	for _, m := range flows {
		g.bytes.Add(g.bytes, new(big.Int).SetUint64(scale(m, m.bytes, scaled)))
		g.packets.Add(g.packets, new(big.Int).SetUint64(scale(m, m.packets, scaled)))
	}
	return g
}

func scale(m *made, v uint64, scaled bool) uint64 {
	if scaled {
		return v * max(1, m.rate)
	}
	return v
}

// milliseconds is the time from the first flow's start to the last one's end.
func (g *slowGroup) milliseconds() int64 {
	if len(g.flows) == 0 {
		return 0
	}
	first, last := uint64(math.MaxUint64), uint64(0)
	for _, m := range g.flows {
		first, last = min(first, m.first), max(last, m.last)
	}
	return int64(last - first)
}

// metric returns a metric's value, and how far an estimate of it may be off
// as a part of it. Rates are over the given time.
func (g *slowGroup) metric(name string, milliseconds int64, scaled bool) (value, off float64) {
	per := func(sum *big.Int, factor int64, by *big.Int) float64 {
		if by.Sign() == 0 {
			return 0
		}
		x := new(big.Int).Mul(sum, big.NewInt(factor))
		f, _ := new(big.Float).SetInt(x.Div(x, by)).Float64()
		return f
	}
	one := big.NewInt(1)
	switch name {
	case "bytes":
		return per(g.bytes, 1, one), 0
	case "packets":
		return per(g.packets, 1, one), 0
	case "flows":
		return float64(len(g.flows)), 0
	case "bps":
		return per(g.bytes, 8000, big.NewInt(milliseconds)), 0
	case "pps":
		return per(g.packets, 1000, big.NewInt(milliseconds)), 0
	case "bpp":
		return per(g.bytes, 1, g.packets), 0
	}
	kind, field, _ := strings.Cut(strings.TrimSuffix(name, ")"), "(")
	if kind == "uniq" {
		different := map[string]bool{}
		for _, m := range g.flows {
			different[labels[field](m)] = true
		}
		if len(different) > 256 {
			off = 0.04 // five times the standard error of the estimate
		}
		return float64(len(different)), off
	}
	return g.percentile(kind, field, scaled)
}

func (g *slowGroup) percentile(kind, field string, scaled bool) (value, off float64) {
	var values []uint64
	for _, m := range g.flows {
		switch field {
		case "bytes":
			values = append(values, scale(m, m.bytes, scaled))
		case "packets":
			values = append(values, scale(m, m.packets, scaled))
		case "duration":
			values = append(values, m.last-m.first)
		}
	}
	if len(values) == 0 {
		return 0, 0
	}
	slices.Sort(values)
	percent, _ := strconv.ParseFloat(kind[1:], 64)
	if len(values) > 256 {
		off = 0.008
	}
	return float64(values[int(math.Ceil(float64(len(values))*percent/100))-1]), off
}
