package query

import (
	"encoding/binary"
	"math/bits"
	"sync"

	"example.com/weir/flowio/flow"
)

// compact is a layout whose keys hold the numbers of addresses instead of
// addresses: half as many words to hash, compare and keep. Groups of one scan
// are summed under compact keys and get their real ones at the end.
type compact struct {
	layout

	mu    sync.Mutex // guards names until they are set
	names []*Names   // one per GroupBy; of addresses that are not cut, those of the sources
	whole *Names     // of the sources
}

func newCompact(p *Plan) *compact {
	c := &compact{layout: p.layout, names: make([]*Names, len(p.GroupBy))}
	c.words, c.slots = 0, make([]keySlot, len(p.GroupBy))
	var w packedWords
	if c.hasStep {
		c.stepSlot = w.place(bits.Len(maxSteps))
	}
	for i, k := range p.GroupBy {
		width := fieldBits[k.Field]
		if k.Field.IsAddr() {
			width = 32
			if !k.whole() {
				c.names[i] = NewNames()
			}
		}
		c.slots[i] = w.place(width)
	}
	c.takeWords(w)
	c.isNumber = c.words == 1 && len(p.GroupBy) == 1 && p.GroupBy[0].Field.IsAddr() && !c.hasStep
	return c
}

// adopt makes the Names of the first source those of the scan, and returns
// them; new ones if there are none.
func (c *compact) adopt(names *Names) *Names {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.whole == nil {
		if c.whole = names; names == nil {
			c.whole = NewNames()
		}
	}
	return c.whole
}

// numbersOf returns the scan's numbers of a dictionary's addresses.
func (c *compact) numbersOf(d Dictionary) []uint32 {
	names := c.adopt(d.Names)
	if names == d.Names {
		return d.IDs
	}
	addrs := make([]flow.Addr, len(d.IDs))
	d.Names.Addrs(d.IDs, addrs)
	ids := make([]uint32, len(addrs))
	names.Number(addrs, ids)
	return ids
}

// cutNumbers returns the numbers of the networks that a dictionary's addresses
// lie in. Networks are numbered as the addresses that stand for them in keys.
func (c *compact) cutNumbers(p *Plan, groupBy int, d Dictionary) []uint32 {
	addrs := make([]flow.Addr, len(d.IDs))
	d.Names.Addrs(d.IDs, addrs)
	words := make([]uint64, 2*len(addrs))
	addrKeys(p.GroupBy[groupBy], addrs, words, 2)
	for i := range addrs {
		binary.BigEndian.PutUint64(addrs[i][:8], words[2*i])
		binary.BigEndian.PutUint64(addrs[i][8:], words[2*i+1])
	}
	ids := make([]uint32, len(addrs))
	c.names[groupBy].Number(addrs, ids)
	return ids
}

// expand fills keys with the real keys of the groups of a table from first on,
// as many as there is room for.
func (c *compact) expand(p *Plan, from *table, first int, keys []uint64) {
	clear(keys)
	w := p.layout.words
	for i, k := range p.GroupBy {
		s, at := c.slots[i], p.layout.slots[i]
		if k.Field.IsAddr() {
			c.expandAddrs(i, from, first, keys[at.word:], w)
			continue
		}
		for g := 0; g*w < len(keys); g++ {
			keys[g*w+at.word] |= s.part(from.key(first+g)) << at.shift
		}
	}
	p.layout.placeKeys(p, keys)
	if c.hasStep {
		at := p.layout.stepSlot
		for g := 0; g*w < len(keys); g++ {
			keys[g*w+at.word] |= c.stepSlot.part(from.key(first+g)) << at.shift
		}
	}
}

// expandAddrs writes two words for each group, stride words apart.
func (c *compact) expandAddrs(groupBy int, from *table, first int, keys []uint64, stride int) {
	names := c.names[groupBy]
	if names == nil {
		names = c.whole
	}
	var ids [blockRows]uint32
	var addrs [blockRows]flow.Addr
	n := (len(keys) + stride - 1) / stride
	for g := range n {
		ids[g] = uint32(c.slots[groupBy].part(from.key(first + g)))
	}
	names.Addrs(ids[:n], addrs[:n])
	for g := range n {
		a, key := &addrs[g], keys[g*stride:]
		key[0], key[1] = binary.BigEndian.Uint64(a[:8]), binary.BigEndian.Uint64(a[8:])
	}
}

// shrink is the inverse of expand. Addresses that have no numbers get some.
func (c *compact) shrink(p *Plan, from, key []uint64) {
	clear(key)
	for i, k := range p.GroupBy {
		s, at := c.slots[i], p.layout.slots[i]
		if !k.Field.IsAddr() {
			key[s.word] |= at.part(from) << s.shift
			continue
		}
		names := c.names[i]
		if names == nil {
			names = c.adopt(nil)
		}
		var a [1]flow.Addr
		var id [1]uint32
		binary.BigEndian.PutUint64(a[0][:8], from[at.word])
		binary.BigEndian.PutUint64(a[0][8:], from[at.word+1])
		names.Number(a[:], id[:])
		key[s.word] |= uint64(id[0]) << s.shift
	}
	if c.hasStep {
		key[c.stepSlot.word] |= p.layout.stepSlot.part(from) << c.stepSlot.shift
	}
}

// addTo adds the groups of a table with compact keys to a Partial. The table
// must not be used afterwards.
func (c *compact) addTo(to *Partial, from *table) error {
	if err := to.table.reserve(from.n); err != nil {
		return err
	}
	w, sums := to.plan.layout.words, newAdder(to.table)
	keys := make([]uint64, blockRows*w)
	for first := 0; first < from.n; first += blockRows {
		n := min(blockRows, from.n-first)
		c.expand(to.plan, from, first, keys[:n*w])
		for i := range n {
			if err := c.addGroup(to, sums, keys[i*w:(i+1)*w], from, first+i); err != nil {
				return err
			}
		}
	}
	from.release()
	return sums.flush()
}

func (c *compact) addGroup(to *Partial, sums *adder, key []uint64, from *table, g int) error {
	if len(c.sketches) > 0 {
		return to.take(key, from.sumsOf(g), from.sketchesOf(g))
	}
	return sums.add(key, from.sumsOf(g))
}

// take is add for sketches that nobody else has.
func (p *Partial) take(key, sums []uint64, sketches []sketch) error {
	before := p.table.n
	g, err := p.table.group(key)
	if err != nil {
		return err
	}
	if p.table.n == before {
		return p.add(key, sums, sketches)
	}
	p.table.addSums(g, sums)
	octets := 0
	for j, s := range sketches {
		p.table.sketchesOf(int(g))[j] = s
		octets += 8*cap(s.exact) + len(s.dense) + 8*len(s.count)
	}
	return p.table.charge(int64(octets))
}
