package query

import (
	"encoding/binary"
	"math/bits"

	"example.com/weir/flowio/flow"
)

// layout says how the keys and sums of a plan's groups lie in memory. A key
// is a few 64-bit words: addresses take two, numbers share words. Everything
// that a group has but its sketches is numbers, so that a table of a million
// groups is a handful of allocations.
type layout struct {
	fields flow.FieldSet // columns to read

	words        int       // of a key
	addressWords int       // of those, the first ones: two for each address
	keyBits      int       // used bits, if words is 1
	isNumber     bool      // the key is an address number, see Names
	slots        []keySlot // one per GroupBy
	stepSlot     keySlot   // series
	hasStep      bool
	placeSlot    keySlot // source groups
	hasPlace     bool

	sums     int // numbers per group
	flowsAt  int // positions among the sums; -1 = not needed
	packets  int
	bytes    int
	first    int
	last     int
	sketches []int // positions in Metrics
}

// keySlot is where a part of the key lies.
type keySlot struct {
	word, shift, width int
}

// fieldBits are the widths of number fields in a key, as wide as their wire
// formats make them. A value that does not fit counts as the greatest that
// does.
var fieldBits = [flow.NumFields]int{
	flow.Time: 64, flow.First: 64, flow.Last: 64, flow.Domain: 32, flow.Version: 16,
	flow.SrcPort: 16, flow.DstPort: 16, flow.Proto: 8, flow.TCPFlags: 16, flow.TOS: 8,
	flow.Packets: 64, flow.Bytes: 64, flow.InIf: 32, flow.OutIf: 32, flow.SrcAS: 32, flow.DstAS: 32,
	flow.SrcMask: 8, flow.DstMask: 8, flow.SrcVLAN: 16, flow.DstVLAN: 16, flow.SrcMAC: 48, flow.DstMAC: 48,
	flow.ICMPType: 8, flow.ICMPCode: 8, flow.Direction: 8, flow.SamplingRate: 32, flow.App: 64,
}

func newLayout(p *Plan) layout {
	l := layout{flowsAt: -1, packets: -1, bytes: -1, first: -1, last: -1, hasStep: p.Kind == Series, hasPlace: p.ByPlace}
	l.fields = flow.Fields(flow.Time)
	if p.Kind == Flows {
		l.fields |= flow.Fields(p.orderField) | p.shown()
	} else {
		l.placeKey(p)
	}
	for i, m := range p.Metrics {
		l.need(m, p.Kind)
		if m.isSketch() {
			l.sketches = append(l.sketches, i)
		}
	}
	if p.Prorated {
		l.fields |= flow.Fields(flow.First, flow.Last)
	}
	if p.Scaled && l.fields&flow.Fields(flow.Packets, flow.Bytes) != 0 {
		l.fields |= flow.Fields(flow.SamplingRate)
	}
	return l
}

// placeKey gives addresses words of their own and fills numbers into words
// with room left.
func (l *layout) placeKey(p *Plan) {
	l.slots = make([]keySlot, len(p.GroupBy))
	for i, k := range p.GroupBy {
		l.fields |= flow.Fields(k.at(0), k.at(1))
		if k.Field.IsAddr() {
			l.slots[i] = keySlot{word: l.words}
			l.words += 2
		}
	}
	l.addressWords = l.words
	w := packedWords{first: l.words}
	if l.hasStep {
		l.stepSlot = w.place(bits.Len(maxSteps))
	}
	if l.hasPlace {
		l.placeSlot = w.place(placeBits)
	}
	for i, k := range p.GroupBy {
		if !k.Field.IsAddr() {
			l.slots[i] = w.place(fieldBits[k.Field])
		}
	}
	l.takeWords(w)
}

func (l *layout) takeWords(w packedWords) {
	l.words += len(w.used)
	l.keyBits = 0
	if l.words == 1 && len(w.used) == 1 {
		l.keyBits = w.used[0]
	}
}

// packedWords are words that numbers share.
type packedWords struct {
	first int
	used  []int // bits of each word
}

func (w *packedWords) place(width int) keySlot {
	for i, u := range w.used {
		if u+width <= 64 {
			w.used[i] += width
			return keySlot{word: w.first + i, shift: u, width: width}
		}
	}
	w.used = append(w.used, width)
	return keySlot{word: w.first + len(w.used) - 1, width: width}
}

// need adds the sums and columns that m is computed from.
func (l *layout) need(m Metric, kind Kind) {
	switch m.Kind {
	case Bytes:
		l.sum(&l.bytes, flow.Bytes)
	case Packets:
		l.sum(&l.packets, flow.Packets)
	case Records:
		l.sum(&l.flowsAt, flow.Time)
	case BPS:
		l.sum(&l.bytes, flow.Bytes)
	case PPS:
		l.sum(&l.packets, flow.Packets)
	case BPP:
		l.sum(&l.bytes, flow.Bytes)
		l.sum(&l.packets, flow.Packets)
	case Uniq, Quantile:
		if m.Duration {
			l.fields |= flow.Fields(flow.First, flow.Last)
		} else {
			l.fields |= flow.Fields(m.Field)
		}
	}
	if (m.Kind == BPS || m.Kind == PPS) && kind != Series {
		l.sum(&l.first, flow.First)
		l.sum(&l.last, flow.Last)
	}
}

func (l *layout) sum(at *int, f flow.Field) {
	l.fields |= flow.Fields(f)
	if *at < 0 {
		*at = l.sums
		l.sums++
	}
}

// keys fills to with the keys that the rows [from, to) of b have at an end,
// word by word of a row.
func (l *layout) keys(p *Plan, b *flow.Batch, end, from, to int, keys []uint64) {
	if l.words == 0 {
		return
	}
	clear(keys)
	for i, k := range p.GroupBy {
		s := l.slots[i]
		if f := k.at(end); f.IsAddr() {
			addrKeys(k, b.Addr(f)[from:to], keys[s.word:], l.words)
		} else {
			numberKeys(s, b.Num(f)[from:to], keys[s.word:], l.words)
		}
	}
	l.placeKeys(p, keys)
	if l.hasStep && !p.Prorated {
		l.stepKeys(p, b.Num(flow.Time)[from:to], keys[l.stepSlot.word:])
	}
}

// cutMark is set in the keys of IPv6 networks, in a bit that cutting has
// cleared: without it ::/16 could not be told from no address.
const cutMark = 1

func addrKeys(k GroupKey, addrs []flow.Addr, keys []uint64, stride int) {
	if k.whole() {
		for i := range addrs {
			a := &addrs[i]
			at := keys[i*stride : i*stride+2]
			at[0], at[1] = binary.BigEndian.Uint64(a[:8]), binary.BigEndian.Uint64(a[8:])
		}
		return
	}
	four, high, low := k.masks()
	for i := range addrs {
		a := &addrs[i]
		hi, lo := binary.BigEndian.Uint64(a[:8]), binary.BigEndian.Uint64(a[8:])
		switch {
		case hi == 0 && lo>>32 == 0xffff:
			lo &= four
		case k.Bits6 < 128 && hi|lo != 0:
			hi, lo = hi&high, lo&low|cutMark
		}
		at := keys[i*stride : i*stride+2]
		at[0], at[1] = hi, lo
	}
}

func numberKeys(s keySlot, values, keys []uint64, stride int) {
	greatest := ^uint64(0) >> (64 - s.width)
	for i, v := range values {
		keys[i*stride] |= min(v, greatest) << s.shift
	}
}

// stepKeys remembers the step of the row before: rows come almost in order of
// time, and divisions are slow.
func (l *layout) stepKeys(p *Plan, times, keys []uint64) {
	first, _ := p.steps()
	var start, number int64
	for i, t := range times {
		at := int64(t)
		if i == 0 || at < start || at >= start+p.Step {
			number = floorDiv(at, p.Step)
			start = number * p.Step
		}
		keys[i*l.words] |= uint64(number-first) << l.stepSlot.shift
	}
}

// part returns a number of a key.
func (s keySlot) part(key []uint64) uint64 {
	return key[s.word] >> s.shift & (^uint64(0) >> (64 - s.width))
}

// groupValue returns what a Result shows of a key's GroupBy number i.
func (l *layout) groupValue(p *Plan, key []uint64, i int) any {
	k, s := p.GroupBy[i], l.slots[i]
	if k.Field.IsAddr() {
		return k.value(key[s.word], key[s.word+1])
	}
	return numberValue(k.Field, s.part(key))
}
