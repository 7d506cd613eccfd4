package group

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"example.com/weir/flowio/flow"
)

// Layout says how the keys and sums of a Spec's groups lie in memory. A key is
// a few 64-bit words: addresses take two, numbers share words. Everything that
// a group has but its sketches is numbers, so that a table of a million groups
// is a handful of allocations. A Layout comes from Lay, ForRecords or Compact,
// is not changed afterwards and is safe for concurrent use.
type Layout struct {
	Spec
	Fields flow.FieldSet // columns that groups, sums and sketches are made of

	Words    int    // of a key
	Slots    []Slot // one per GroupBy
	StepSlot Slot   // series

	addressWords int  // of the words, the first ones: two for each address
	keyBits      int  // used bits, if Words is 1
	isNumber     bool // the key is an address number, see Compact
	placeSlot    Slot // ByPlace

	Sums     int // numbers per group; positions among them follow, -1 = not needed
	Flows    int
	Packets  int
	Bytes    int
	First    int
	Last     int
	Sketches []int // positions in Metrics
}

// Slot is where a part of a key lies.
type Slot struct {
	Word, Shift, Width int
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

// Lay computes how the groups of s lie.
func Lay(s Spec) *Layout {
	l := &Layout{Spec: s, Flows: -1, Packets: -1, Bytes: -1, First: -1, Last: -1}
	l.Fields = flow.Fields(flow.Time)
	l.placeKey()
	for i, m := range s.Metrics {
		l.need(m)
		if m.IsEstimate() {
			l.Sketches = append(l.Sketches, i)
		}
	}
	if s.Prorated {
		l.Fields |= flow.Fields(flow.First, flow.Last)
	}
	if s.Scaled && l.Fields&flow.Fields(flow.Packets, flow.Bytes) != 0 {
		l.Fields |= flow.Fields(flow.SamplingRate)
	}
	return l
}

// kindOf returns the kind of metric that sketch number j is for.
func (l *Layout) kindOf(j int) MetricKind { return l.Metrics[l.Sketches[j]].Kind }

// ForRecords is l for all records together, each counted once: at each step,
// if l has steps. It reads the columns of l, so that what cannot be read is
// missing from both.
func (l *Layout) ForRecords() *Layout {
	s := l.Spec
	s.GroupBy, s.ByPlace = nil, false
	r := Lay(s)
	r.Fields = l.Fields
	return r
}

// forSteps is l for all groups together: the sums at each step. Distinct
// values and percentiles are left out, so that it stays small.
func (l *Layout) forSteps() *Layout {
	s := l.Spec
	s.GroupBy, s.ByPlace = nil, false
	s.Metrics = slices.DeleteFunc(slices.Clone(l.Metrics), Metric.IsEstimate)
	return Lay(s)
}

// Compact is l with keys that hold a 32-bit number instead of each address:
// half as many words to hash, compare and keep. What numbers stand for, and
// the source group, the caller knows.
func (l *Layout) Compact() *Layout {
	c := *l
	c.Words, c.addressWords, c.Slots, c.ByPlace = 0, 0, make([]Slot, len(l.GroupBy)), false
	var w packedWords
	if c.IsSeries() {
		c.StepSlot = w.place(bits.Len(MaxSteps))
	}
	for i, k := range l.GroupBy {
		width := fieldBits[k.Field]
		if k.Field.IsAddr() {
			width = 32
		}
		c.Slots[i] = w.place(width)
	}
	c.takeWords(w)
	c.isNumber = c.Words == 1 && len(l.GroupBy) == 1 && l.GroupBy[0].Field.IsAddr() && !c.IsSeries()
	return &c
}

// placeKey gives addresses words of their own and fills numbers into words
// with room left.
func (l *Layout) placeKey() {
	l.Slots = make([]Slot, len(l.GroupBy))
	for i, k := range l.GroupBy {
		l.Fields |= flow.Fields(k.At(0), k.At(1))
		if k.Field.IsAddr() {
			l.Slots[i] = Slot{Word: l.Words}
			l.Words += 2
		}
	}
	l.addressWords = l.Words
	w := packedWords{first: l.Words}
	if l.IsSeries() {
		l.StepSlot = w.place(bits.Len(MaxSteps))
	}
	if l.ByPlace {
		l.placeSlot = w.place(placeBits)
	}
	for i, k := range l.GroupBy {
		if !k.Field.IsAddr() {
			l.Slots[i] = w.place(fieldBits[k.Field])
		}
	}
	l.takeWords(w)
}

func (l *Layout) takeWords(w packedWords) {
	l.Words += len(w.used)
	l.keyBits = 0
	if l.Words == 1 && len(w.used) == 1 {
		l.keyBits = w.used[0]
	}
}

// packedWords are words that numbers share.
type packedWords struct {
	first int
	used  []int // bits of each word
}

func (w *packedWords) place(width int) Slot {
	for i, u := range w.used {
		if u+width <= 64 {
			w.used[i] += width
			return Slot{Word: w.first + i, Shift: u, Width: width}
		}
	}
	w.used = append(w.used, width)
	return Slot{Word: w.first + len(w.used) - 1, Width: width}
}

// need adds the sums and columns that m is computed from.
func (l *Layout) need(m Metric) {
	switch m.Kind {
	case Bytes:
		l.sum(&l.Bytes, flow.Bytes)
	case Packets:
		l.sum(&l.Packets, flow.Packets)
	case Records:
		l.sum(&l.Flows, flow.Time)
	case BPS:
		l.sum(&l.Bytes, flow.Bytes)
	case PPS:
		l.sum(&l.Packets, flow.Packets)
	case BPP:
		l.sum(&l.Bytes, flow.Bytes)
		l.sum(&l.Packets, flow.Packets)
	case Uniq, Quantile:
		if m.Duration {
			l.Fields |= flow.Fields(flow.First, flow.Last)
		} else {
			l.Fields |= flow.Fields(m.Field)
		}
	}
	if (m.Kind == BPS || m.Kind == PPS) && !l.IsSeries() {
		l.sum(&l.First, flow.First)
		l.sum(&l.Last, flow.Last)
	}
}

func (l *Layout) sum(at *int, f flow.Field) {
	l.Fields |= flow.Fields(f)
	if *at < 0 {
		*at = l.Sums
		l.Sums++
	}
}

// Keys fills keys with the keys that the rows [from, to) of b have at an end,
// word by word of a row.
func (l *Layout) Keys(b *flow.Batch, end, from, to int, keys []uint64) {
	if l.Words == 0 {
		return
	}
	clear(keys)
	for i, k := range l.GroupBy {
		s := l.Slots[i]
		if f := k.At(end); f.IsAddr() {
			k.Cut(b.Addr(f)[from:to], keys[s.Word:], l.Words)
		} else {
			numberKeys(s, b.Num(f)[from:to], keys[s.Word:], l.Words)
		}
	}
	l.PlaceKeys(keys)
	if l.IsSeries() && !l.Prorated {
		l.stepKeys(b.Num(flow.Time)[from:to], keys[l.StepSlot.Word:])
	}
}

// cutMark is set in the keys of IPv6 networks, in a bit that cutting has
// cleared: without it ::/16 could not be told from no address.
const cutMark = 1

// Cut fills keys, stride words apart, with the two words of each address that
// stand for it, or for the network that k cuts it to.
func (k Key) Cut(addrs []flow.Addr, keys []uint64, stride int) {
	if k.Whole() {
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

func numberKeys(s Slot, values, keys []uint64, stride int) {
	greatest := ^uint64(0) >> (64 - s.Width)
	for i, v := range values {
		keys[i*stride] |= min(v, greatest) << s.Shift
	}
}

// stepKeys remembers the step of the row before: rows come almost in order of
// time, and divisions are slow.
func (l *Layout) stepKeys(times, keys []uint64) {
	first, _ := l.Steps()
	var start, number int64
	for i, t := range times {
		at := int64(t)
		if i == 0 || at < start || at >= start+l.Step {
			number = flow.StepOf(at, l.Step)
			start = number * l.Step
		}
		keys[i*l.Words] |= uint64(number-first) << l.StepSlot.Shift
	}
}

// Part returns a number of a key.
func (s Slot) Part(key []uint64) uint64 {
	return key[s.Word] >> s.Shift & (^uint64(0) >> (64 - s.Width))
}

// PlaceKeys writes the number of the source group into keys.
func (l *Layout) PlaceKeys(keys []uint64) {
	if !l.ByPlace {
		return
	}
	for at := l.placeSlot.Word; at < len(keys); at += l.Words {
		keys[at] |= uint64(l.Place) << l.placeSlot.Shift
	}
}

// PlaceIn returns the number of the source group in a key.
func (l *Layout) PlaceIn(key []uint64) int { return int(l.placeSlot.Part(key)) }

// SetStep replaces the step of a key.
func (l *Layout) SetStep(key []uint64, step uint64) {
	s := l.StepSlot
	key[s.Word] = key[s.Word]&^s.mask() | step<<s.Shift
}

// Fold adds the sums of one group to another's.
func (l *Layout) Fold(own, other []uint64) {
	for i, v := range other {
		switch i {
		case l.First:
			own[i] = flow.Earliest(own[i], v)
		case l.Last:
			own[i] = max(own[i], v)
		default:
			own[i] = flow.Sum(own[i], v)
		}
	}
}
