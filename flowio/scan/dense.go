package scan

import (
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/group"
)

const (
	// denseLeast is how many groups of a segment are always summed in an array:
	// it is small beside anything else.
	denseLeast = 1 << 12

	// denseShare is how many records there must be for each place of a larger
	// array, on average. It is cleared and looked through for every segment.
	denseShare = 1
)

// dense is an array of sums, one place for each combination of dictionary
// indexes: adding by index needs no hashing. At the end of a segment each used
// place is added to its group.
type dense struct {
	isUsed bool
	size   int         // places
	stride int         // numbers of a place: records, then sums
	sums   []uint64    // size × stride, unless three is used
	three  [][3]uint64 // places of records, packets and bytes, which are asked most
	factor uint64      // what to multiply packets and bytes with in the end

	step  int // the first step of the segment
	steps int // 1 if there are none

	packets, bytes, first, last int // positions in a place; 0 = not needed
}

// prepareDense decides whether the groups of the segment fit into an array.
func (s *segmentScanner) prepareDense() error {
	d := &s.dense
	d.isUsed = false
	if s.sink != nil || s.spec.Groups.Prorated || len(s.compact.Sketches) > 0 {
		return nil
	}
	records := 0
	for page := range s.columns.Pages() {
		records += s.columns.Rows(page)
	}
	most := max(denseLeast, records/denseShare)
	if d.size = s.denseSteps(); d.size > most {
		return nil
	}
	for i := range s.parts {
		if d.size *= s.parts[i].n; d.size > most {
			return nil
		}
	}
	d.isUsed = true
	d.place(s.compact.Layout)
	d.factor = 1
	if s.countersAreSmall() {
		d.factor = s.rateOfAll
	}
	before := cap(d.sums) + 3*cap(d.three)
	if d.packets == 1 && d.bytes == 2 && d.stride == 3 {
		d.sums, d.three = nil, cleared(d.three, d.size)
	} else {
		d.three, d.sums = nil, cleared(d.sums, d.size*d.stride)
	}
	return s.groups.Table().Charge(8 * int64(cap(d.sums)+3*cap(d.three)-before))
}

func cleared[T any](s []T, n int) []T {
	if n > cap(s) {
		return make([]T, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// at returns the numbers of a place.
func (d *dense) at(place int) []uint64 {
	if d.three != nil {
		return d.three[place][:]
	}
	return d.sums[place*d.stride : (place+1)*d.stride]
}

// denseSteps returns how many steps of a series the segment touches.
func (s *segmentScanner) denseSteps() int {
	s.dense.step, s.dense.steps = 0, 1
	if !s.compact.IsSeries() {
		return 1
	}
	least, most := s.spec.Groups.To-1, s.spec.Groups.From
	for page := range s.columns.Pages() {
		lo, hi := s.columns.Times(page)
		least, most = min(least, max(lo, s.spec.Groups.From)), max(most, min(hi, s.spec.Groups.To-1))
	}
	first, _ := s.spec.Groups.Steps()
	s.dense.step = int(flow.StepOf(least, s.spec.Groups.Step) - first)
	s.dense.steps = max(1, int(flow.StepOf(most, s.spec.Groups.Step)-first)-s.dense.step+1)
	return s.dense.steps
}

// place gives each sum a position.
func (d *dense) place(l *group.Layout) {
	d.stride = 1
	for _, one := range []struct {
		at     *int
		needed bool
	}{{&d.packets, l.Packets >= 0}, {&d.bytes, l.Bytes >= 0}, {&d.first, l.First >= 0}, {&d.last, l.First >= 0}} {
		*one.at = 0
		if one.needed {
			*one.at = d.stride
			d.stride++
		}
	}
}

// sumDense adds the chosen rows of a block to their places.
func (s *segmentScanner) sumDense(b *block) error {
	d := &s.dense
	one, isOne := s.onePlace(b)
	var places []uint32
	if !isOne || d.first > 0 {
		places = s.places(b)
	}
	switch {
	case isOne:
		d.at(one)[0] += uint64(b.n)
	case d.three == nil:
		for _, p := range places {
			d.sums[int(p)*d.stride]++
		}
	}
	switch {
	case s.countersAreSmall():
		s.sumCoded(b, one, isOne, places)
	case isOne:
		packets, bytes := s.countersOf(b)
		d.addAll(one, packets, bytes)
	default:
		packets, bytes := s.countersOf(b)
		d.add(places, packets, bytes)
	}
	if d.first > 0 {
		d.addTimes(places, b.numbers(flow.First, s.values[0][:]), b.numbers(flow.Last, s.values[1][:]))
	}
	return nil
}

// countersAreSmall reports whether the counters that are summed are
// dictionary entries of 32 bits with one sampling rate. The sums of a segment
// do not wrap then, and can be scaled in the end.
func (s *segmentScanner) countersAreSmall() bool {
	return (s.compact.Packets < 0 || s.counters[0].small != nil) && (s.compact.Bytes < 0 || s.counters[1].small != nil)
}

// sumCoded adds counters that are small, without looking them up first.
func (s *segmentScanner) sumCoded(b *block, one int, isOne bool, places []uint32) {
	d := &s.dense
	var packetCodes, byteCodes []uint32
	packets, bytes := s.counters[0].small, s.counters[1].small
	if s.compact.Packets >= 0 {
		packetCodes = b.indexes(flow.Packets, s.counterCodes[0][:])
	}
	if s.compact.Bytes >= 0 {
		byteCodes = b.indexes(flow.Bytes, s.counterCodes[1][:])
	}
	switch {
	case isOne:
		at := d.at(one)
		if packetCodes != nil {
			at[d.packets] += sumCodes(packets, packetCodes)
		}
		if byteCodes != nil {
			at[d.bytes] += sumCodes(bytes, byteCodes)
		}
	case d.three != nil:
		addThree(d.three, places, packets, packetCodes, bytes, byteCodes)
	default:
		for i, c := range packetCodes {
			d.sums[int(places[i])*d.stride+d.packets] += uint64(packets[c])
		}
		for i, c := range byteCodes {
			d.sums[int(places[i])*d.stride+d.bytes] += uint64(bytes[c])
		}
	}
}

// sumCodes sums what indexes stand for, in four sums that do not wait for each
// other.
func sumCodes(values, codes []uint32) uint64 {
	var a, b, c, d uint64
	for len(codes) >= 4 {
		k := (*[4]uint32)(codes)
		a += uint64(values[k[0]])
		b += uint64(values[k[1]])
		c += uint64(values[k[2]])
		d += uint64(values[k[3]])
		codes = codes[4:]
	}
	for _, k := range codes {
		a += uint64(values[k])
	}
	return a + b + c + d
}

func addThree(to [][3]uint64, places, packets, packetCodes, bytes, byteCodes []uint32) {
	packetCodes, byteCodes = packetCodes[:len(places)], byteCodes[:len(places)]
	for i, p := range places {
		at := &to[p]
		at[0]++
		at[1] += uint64(packets[packetCodes[i]])
		at[2] += uint64(bytes[byteCodes[i]])
	}
}

// onePlace returns the place of all rows of the page, if they share one.
func (s *segmentScanner) onePlace(b *block) (int, bool) {
	place, factor := 0, 1
	for i := range s.parts {
		p := &s.parts[i]
		page := &b.pages[p.field]
		if !page.IsOne {
			return 0, false
		}
		place += int(p.local(page.One)) * factor
		factor *= p.n
	}
	if !s.compact.IsSeries() {
		return place, true
	}
	step, ok := s.oneStep(b)
	return place + (int(step)-s.dense.step)*factor, ok
}

func (p *keyPart) local(index uint32) uint32 {
	if p.locals != nil {
		return p.locals[index]
	}
	return index
}

// places returns the place of each chosen row.
func (s *segmentScanner) places(b *block) []uint32 {
	out := s.codes[:b.n]
	factor := uint32(1)
	for i := range s.parts {
		p := &s.parts[i]
		if i == 0 {
			b.indexes(p.field, out)
			p.localise(out)
		} else {
			more := b.indexes(p.field, s.part[:])
			p.localise(more)
			for j, c := range more {
				out[j] += c * factor
			}
		}
		factor *= uint32(p.n)
	}
	if len(s.parts) == 0 {
		clear(out)
	}
	if s.compact.IsSeries() {
		first := uint32(s.dense.step)
		for j, step := range s.stepsOf(b) {
			out[j] += (step - first) * factor
		}
	}
	return out
}

func (p *keyPart) localise(codes []uint32) {
	if p.locals == nil {
		return
	}
	for i, c := range codes {
		codes[i] = p.locals[c]
	}
}

// add adds counters to their places.
func (d *dense) add(places []uint32, packets, bytes []uint64) {
	if d.three != nil {
		for i, p := range places {
			at := &d.three[p]
			at[0]++
			at[1] = flow.Sum(at[1], packets[i])
			at[2] = flow.Sum(at[2], bytes[i])
		}
		return
	}
	for i, v := range packets {
		at := int(places[i])*d.stride + d.packets
		d.sums[at] = flow.Sum(d.sums[at], v)
	}
	for i, v := range bytes {
		at := int(places[i])*d.stride + d.bytes
		d.sums[at] = flow.Sum(d.sums[at], v)
	}
}

// addAll adds counters to one place.
func (d *dense) addAll(place int, packets, bytes []uint64) {
	at := d.at(place)
	if packets != nil {
		at[d.packets] = flow.Sum(at[d.packets], sumOf(packets))
	}
	if bytes != nil {
		at[d.bytes] = flow.Sum(at[d.bytes], sumOf(bytes))
	}
}

func sumOf(values []uint64) (all uint64) {
	for _, v := range values {
		all = flow.Sum(all, v)
	}
	return all
}

func (d *dense) addTimes(places []uint32, firsts, lasts []uint64) {
	for i, p := range places {
		at := d.sums[int(p)*d.stride:]
		at[d.first] = flow.Earliest(at[d.first], firsts[i])
		at[d.last] = max(at[d.last], lasts[i])
	}
}

// mergeDense adds the used places to their groups.
func (s *segmentScanner) mergeDense() error {
	d, w := &s.dense, s.compact.Words
	n := 0
	places := s.codes[:]
	at := func(i int) []uint64 { return d.at(int(places[i])) }
	for place := range d.size {
		if d.at(place)[0] == 0 {
			continue
		}
		places[n] = uint32(place)
		s.placeKey(uint64(place), s.keys[n*w:(n+1)*w])
		if n++; n == blockRows {
			if err := s.mergePlaces(n, at); err != nil {
				return err
			}
			n = 0
		}
	}
	return s.mergePlaces(n, at)
}

// placeKey fills key with the compact key of a place.
func (s *segmentScanner) placeKey(place uint64, key []uint64) {
	clear(key)
	for i := range s.parts {
		p := &s.parts[i]
		index := uint32(place % uint64(p.n))
		place /= uint64(p.n)
		if p.firsts != nil {
			index = p.firsts[index]
		}
		key[p.slot.Word] |= p.key(index)
	}
	if s.compact.IsSeries() {
		slot := s.compact.StepSlot
		key[slot.Word] |= (uint64(s.dense.step) + place) << slot.Shift
	}
}

// mergePlaces adds n places, whose keys are in s.keys, to their groups.
func (s *segmentScanner) mergePlaces(n int, at func(i int) []uint64) error {
	l, d, t := s.compact.Layout, &s.dense, s.groups.Table()
	groups := s.found[:n]
	if err := t.Find(s.keys[:n*l.Words], groups); err != nil {
		return err
	}
	for i, g := range groups {
		from, to := at(i), t.SumsOf(int(g))
		if l.Flows >= 0 {
			to[l.Flows] += from[0]
		}
		if l.Packets >= 0 {
			to[l.Packets] = flow.Sum(to[l.Packets], flow.Product(from[d.packets], d.factor))
		}
		if l.Bytes >= 0 {
			to[l.Bytes] = flow.Sum(to[l.Bytes], flow.Product(from[d.bytes], d.factor))
		}
		if l.First >= 0 {
			to[l.First] = flow.Earliest(to[l.First], from[d.first])
			to[l.Last] = max(to[l.Last], from[d.last])
		}
	}
	return nil
}
