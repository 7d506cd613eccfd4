package query_test

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/group"
	"example.com/weir/flowio/query"
)

// What follows answers queries the slow way, record by record and with maps,
// sharing no code with the package: it is what the property tests compare
// with.

// testFilters pairs filters with what they mean.
var testFilters = []struct {
	text    string
	matches func(b *flow.Batch, i int) bool
}{
	{"", func(*flow.Batch, int) bool { return true }},
	{"proto tcp", func(b *flow.Batch, i int) bool { return b.Num(flow.Proto)[i] == 6 }},
	{"not src port 443 and inet", func(b *flow.Batch, i int) bool {
		return b.Num(flow.SrcPort)[i] != 443 && (b.Addr(flow.SrcAddr)[i].Is4() || b.Addr(flow.DstAddr)[i].Is4())
	}},
	{"port in [53 80]", func(b *flow.Batch, i int) bool {
		return slices.Contains([]uint64{53, 80}, b.Num(flow.SrcPort)[i]) || slices.Contains([]uint64{53, 80}, b.Num(flow.DstPort)[i])
	}},
	{"not any", func(*flow.Batch, int) bool { return false }},
}

const testEpoch = 1_790_000_000_000 // Unix milliseconds

// testFlows returns n random flows within ten minutes of testEpoch.
func testFlows(r *rand.Rand, n int) *flow.Batch {
	b := flow.NewBatch(flow.AllFields)
	b.Extend(n)
	four := func() netip.Addr {
		return netip.AddrFrom4([4]byte{10, byte(r.IntN(3)), byte(r.IntN(3)), byte(r.IntN(5))})
	}
	six := func() netip.Addr {
		return netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 5: byte(r.IntN(3)), 9: byte(r.IntN(2)), 15: byte(r.IntN(4))})
	}
	for i := range n {
		for f := range flow.AllFields.All {
			switch {
			case f.IsAddr() && r.IntN(3) == 0:
				b.Addr(f)[i] = flow.AddrFrom(six())
			case f.IsAddr() && r.IntN(10) > 0:
				b.Addr(f)[i] = flow.AddrFrom(four())
			case !f.IsAddr():
				b.Num(f)[i] = uint64(r.IntN(4))
			}
		}
		b.Num(flow.Time)[i] = testEpoch + uint64(r.IntN(600_000))
		b.Num(flow.First)[i] = []uint64{0, testEpoch + uint64(r.IntN(1000))}[r.IntN(2)]
		b.Num(flow.Last)[i] = testEpoch + uint64(r.IntN(5000))
		b.Num(flow.Proto)[i] = []uint64{6, 17, 1}[r.IntN(3)]
		b.Num(flow.SrcPort)[i] = []uint64{80, 443, 53, 65535, uint64(r.IntN(65536))}[r.IntN(5)]
		b.Num(flow.DstPort)[i] = []uint64{80, 443, 53, 0}[r.IntN(4)]
		b.Num(flow.Bytes)[i] = uint64(r.IntN(1 << (1 + r.IntN(40))))
		b.Num(flow.Packets)[i] = uint64(r.IntN(100))
		b.Num(flow.SamplingRate)[i] = []uint64{0, 1, 100}[r.IntN(3)]
		b.Num(flow.App)[i] = []uint64{0, math.MaxUint64, 13}[r.IntN(3)]
		b.Num(flow.SrcMAC)[i] = []uint64{0, 0x0200000000ff}[r.IntN(2)]
	}
	return b
}

// slowGroup is what the oracle knows of a group, at a step or over all.
type slowGroup struct {
	labels         []any
	bytes, packets *big.Int
	flows          uint64
	first, last    uint64
	values         [][]string // per metric: of uniq
	numbers        [][]uint64 // per metric: of quantiles
}

// slowKey names a group; step is -1 for all steps together.
type slowKey struct {
	labels string
	step   int64
}

type slow struct {
	plan   *query.Plan
	groups map[slowKey]*slowGroup
	total  *slowGroup
	steps  map[int64]uint64 // flows of all records at each step
	rows   int
}

func (s *slow) scan(b *flow.Batch, filter func(*flow.Batch, int) bool) {
	for i := range b.Len() {
		t, to := int64(b.Num(flow.Time)[i]), s.plan.To
		if s.plan.Prorated {
			to += 3_600_000
		}
		if t < s.plan.From || t >= to || !filter(b, i) {
			continue
		}
		s.rows++
		var all [][]any
		for _, ends := range slowEnds {
			var labels []any
			for _, k := range s.plan.GroupBy {
				if other, ok := ends[k.Field]; ok && k.Either {
					k.Field = other
				}
				labels = append(labels, slowLabel(b, i, k))
			}
			if len(all) == 0 || fmt.Sprint(labels) != fmt.Sprint(all[0]) {
				all = append(all, labels)
			}
		}
		if s.plan.Prorated {
			s.spread(b, i, all)
			continue
		}
		s.total = s.add(s.total, nil, b, i)
		step := int64(-1)
		if s.plan.Kind == query.Series {
			step = int64(math.Floor(float64(t)/float64(s.plan.Step))) * s.plan.Step
			s.countAt(step, 1)
		}
		for _, labels := range all {
			key := slowKey{fmt.Sprint(labels), -1}
			s.groups[key] = s.add(s.groups[key], labels, b, i)
			if key.step = step; step >= 0 {
				s.groups[key] = s.add(s.groups[key], labels, b, i)
			}
		}
	}
}

// slowEnds are the fields that keys of both ends have at each end.
var slowEnds = []map[flow.Field]flow.Field{
	{}, {flow.SrcAddr: flow.DstAddr, flow.SrcPort: flow.DstPort, flow.SrcAS: flow.DstAS, flow.InIf: flow.OutIf},
}

func (s *slow) countAt(step int64, flows uint64) {
	if s.steps == nil {
		s.steps = map[int64]uint64{}
	}
	s.steps[step] += flows
}

// spread adds a record to the groups, a millisecond's share after the other,
// as far as the time range goes.
func (s *slow) spread(b *flow.Batch, i int, all [][]any) {
	rate := b.Num(flow.SamplingRate)[i]
	if !s.plan.Scaled || rate == 0 {
		rate = 1
	}
	counters := []*big.Int{big.NewInt(1), new(big.Int).SetUint64(b.Num(flow.Packets)[i] * rate), new(big.Int).SetUint64(b.Num(flow.Bytes)[i] * rate)}
	first, last := int64(b.Num(flow.First)[i]), int64(b.Num(flow.Last)[i])
	if last == 0 {
		first, last = 0, int64(b.Num(flow.Time)[i])
	}
	isPoint := first == 0 || first >= last
	if isPoint {
		first = last - 1 // all of it passes in the millisecond before, which is counted at the end
	}
	passed := func(v *big.Int, t int64) *big.Int {
		t = max(first, min(last, t))
		x := new(big.Int).Mul(v, big.NewInt(t-first))
		return x.Div(x, big.NewInt(last-first))
	}
	begin := int64(math.Floor(float64(s.plan.From)/float64(s.plan.Step))) * s.plan.Step
	for step := begin; step < s.plan.To; step += s.plan.Step {
		lo, hi := max(step, s.plan.From), min(step+s.plan.Step, s.plan.To)
		if isPoint && (last < lo || last >= hi) || !isPoint && (last <= lo || first >= hi) {
			continue
		}
		var shares []*big.Int
		for _, v := range counters {
			share := new(big.Int).Sub(passed(v, hi), passed(v, lo))
			if isPoint {
				share = v
			}
			shares = append(shares, share)
		}
		s.total = s.addShares(s.total, nil, shares)
		s.countAt(step, shares[0].Uint64())
		for _, labels := range all {
			for _, key := range []slowKey{{fmt.Sprint(labels), -1}, {fmt.Sprint(labels), step}} {
				s.groups[key] = s.addShares(s.groups[key], labels, shares)
			}
		}
	}
}

func (s *slow) addShares(g *slowGroup, labels []any, shares []*big.Int) *slowGroup {
	if g == nil {
		g = &slowGroup{labels: labels, bytes: new(big.Int), packets: new(big.Int)}
	}
	g.flows += shares[0].Uint64()
	g.packets.Add(g.packets, shares[1])
	g.bytes.Add(g.bytes, shares[2])
	return g
}

func slowLabel(b *flow.Batch, i int, k group.Key) any {
	if k.Field.IsAddr() {
		a := netip.AddrFrom16(b.Addr(k.Field)[i]).Unmap()
		if b.Addr(k.Field)[i] == (flow.Addr{}) {
			if k.Field == flow.SrcAddr || k.Field == flow.DstAddr {
				return "::"
			}
			return nil
		}
		bits := k.Bits6
		if a.Is4() {
			bits = k.Bits4
		}
		p, _ := a.Prefix(bits)
		if p.IsSingleIP() {
			return p.Addr().String()
		}
		return p.String()
	}
	v := b.Num(k.Field)[i]
	switch k.Field {
	case flow.Time, flow.First, flow.Last:
		if v == 0 {
			return nil
		}
		return time.UnixMilli(int64(v)).UTC().Format("2006-01-02T15:04:05.000Z")
	case flow.Bytes, flow.Packets, flow.App:
		return strconv.FormatUint(v, 10)
	case flow.SrcMAC, flow.DstMAC:
		return net.HardwareAddr{byte(v >> 40), byte(v >> 32), byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}.String()
	}
	return v
}

func (s *slow) add(g *slowGroup, labels []any, b *flow.Batch, i int) *slowGroup {
	if g == nil {
		n := len(s.plan.Metrics)
		g = &slowGroup{labels: labels, bytes: new(big.Int), packets: new(big.Int), values: make([][]string, n), numbers: make([][]uint64, n)}
	}
	rate := b.Num(flow.SamplingRate)[i]
	if !s.plan.Scaled || rate == 0 {
		rate = 1
	}
	bytes, packets := b.Num(flow.Bytes)[i]*rate, b.Num(flow.Packets)[i]*rate
	g.bytes.Add(g.bytes, new(big.Int).SetUint64(bytes))
	g.packets.Add(g.packets, new(big.Int).SetUint64(packets))
	g.flows++
	first, last := b.Num(flow.First)[i], b.Num(flow.Last)[i]
	if first != 0 && (g.first == 0 || first < g.first) {
		g.first = first
	}
	g.last = max(g.last, last)
	for j, m := range s.plan.Metrics {
		switch {
		case m.Kind == group.Uniq && m.Field.IsAddr():
			g.values[j] = append(g.values[j], fmt.Sprint(b.Addr(m.Field)[i]))
		case m.Kind == group.Uniq:
			g.values[j] = append(g.values[j], fmt.Sprint(b.Num(m.Field)[i]))
		case m.Kind == group.Quantile && m.Duration:
			d := int64(last) - int64(first)
			if first == 0 || d < 0 {
				d = 0
			}
			g.numbers[j] = append(g.numbers[j], uint64(d))
		case m.Kind == group.Quantile && m.Field == flow.Bytes:
			g.numbers[j] = append(g.numbers[j], bytes)
		case m.Kind == group.Quantile && m.Field == flow.Packets:
			g.numbers[j] = append(g.numbers[j], packets)
		case m.Kind == group.Quantile:
			g.numbers[j] = append(g.numbers[j], b.Num(m.Field)[i])
		}
	}
	return g
}

// metric returns the value and how far an estimate may be off, as a fraction.
func (g *slowGroup) metric(m group.Metric, j int, milliseconds int64) (value float64, off float64) {
	if g == nil {
		return 0, 0
	}
	per := func(a *big.Int, factor, by int64) float64 {
		if by <= 0 {
			return 0
		}
		x := new(big.Int).Mul(a, big.NewInt(factor))
		f, _ := new(big.Float).SetInt(x.Div(x, big.NewInt(by))).Float64()
		return f
	}
	switch m.Kind {
	case group.Bytes:
		return per(g.bytes, 1, 1), 0
	case group.Packets:
		return per(g.packets, 1, 1), 0
	case group.Records:
		return float64(g.flows), 0
	case group.BPS:
		return per(g.bytes, 8000, milliseconds), 0
	case group.PPS:
		return per(g.packets, 1000, milliseconds), 0
	case group.BPP:
		return per(g.bytes, 1, g.packets.Int64()), 0
	case group.Uniq:
		v := slices.Compact(slices.Sorted(slices.Values(g.values[j])))
		if len(v) > 256 {
			off = 0.04 // five times the standard error
		}
		return float64(len(v)), off
	}
	v := slices.Sorted(slices.Values(g.numbers[j]))
	if len(v) > 256 {
		off = 0.008
	}
	return float64(v[int(math.Ceil(float64(len(v))*m.Percent/100))-1]), off
}

// milliseconds is the time that a group's rates are taken over.
func (g *slowGroup) milliseconds(p *query.Plan, step int64) int64 {
	switch {
	case p.Kind == query.Series && step >= 0:
		return p.Step
	case p.Kind == query.Series:
		return p.To - p.From
	case g == nil || g.first == 0 || g.last < g.first:
		return 0
	}
	return int64(g.last - g.first)
}
