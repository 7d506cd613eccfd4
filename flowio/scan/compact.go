package scan

import (
	"encoding/binary"
	"sync"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/group"
)

// compact is a layout whose keys hold the numbers of addresses instead of
// addresses. Groups of one scan are summed under compact keys and get their
// real ones at the end.
type compact struct {
	*group.Layout
	real *group.Layout

	mu    sync.Mutex // guards names until they are set
	names []*Names   // one per GroupBy; of addresses that are not cut, those of the sources
	whole *Names     // of the sources
}

func newCompact(l *group.Layout) *compact {
	c := &compact{Layout: l.Compact(), real: l, names: make([]*Names, len(l.GroupBy))}
	for i, k := range l.GroupBy {
		if k.Field.IsAddr() && !k.Whole() {
			c.names[i] = NewNames()
		}
	}
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
func (c *compact) cutNumbers(groupBy int, d Dictionary) []uint32 {
	addrs := make([]flow.Addr, len(d.IDs))
	d.Names.Addrs(d.IDs, addrs)
	words := make([]uint64, 2*len(addrs))
	c.GroupBy[groupBy].Cut(addrs, words, 2)
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
func (c *compact) expand(from *group.Table, first int, keys []uint64) {
	clear(keys)
	w := c.real.Words
	for i, k := range c.GroupBy {
		s, at := c.Slots[i], c.real.Slots[i]
		if k.Field.IsAddr() {
			c.expandAddrs(i, from, first, keys[at.Word:], w)
			continue
		}
		for g := 0; g*w < len(keys); g++ {
			keys[g*w+at.Word] |= s.Part(from.Key(first+g)) << at.Shift
		}
	}
	c.real.PlaceKeys(keys)
	if c.IsSeries() {
		at := c.real.StepSlot
		for g := 0; g*w < len(keys); g++ {
			keys[g*w+at.Word] |= c.StepSlot.Part(from.Key(first+g)) << at.Shift
		}
	}
}

// expandAddrs writes two words for each group, stride words apart.
func (c *compact) expandAddrs(groupBy int, from *group.Table, first int, keys []uint64, stride int) {
	names := c.names[groupBy]
	if names == nil {
		names = c.whole
	}
	var ids [blockRows]uint32
	var addrs [blockRows]flow.Addr
	n := (len(keys) + stride - 1) / stride
	for g := range n {
		ids[g] = uint32(c.Slots[groupBy].Part(from.Key(first + g)))
	}
	names.Addrs(ids[:n], addrs[:n])
	for g := range n {
		a, key := &addrs[g], keys[g*stride:]
		key[0], key[1] = binary.BigEndian.Uint64(a[:8]), binary.BigEndian.Uint64(a[8:])
	}
}

// shrink is the inverse of expand. Addresses that have no numbers get some.
func (c *compact) shrink(from, key []uint64) {
	clear(key)
	for i, k := range c.GroupBy {
		s, at := c.Slots[i], c.real.Slots[i]
		if !k.Field.IsAddr() {
			key[s.Word] |= at.Part(from) << s.Shift
			continue
		}
		names := c.names[i]
		if names == nil {
			names = c.adopt(nil)
		}
		var a [1]flow.Addr
		var id [1]uint32
		binary.BigEndian.PutUint64(a[0][:8], from[at.Word])
		binary.BigEndian.PutUint64(a[0][8:], from[at.Word+1])
		names.Number(a[:], id[:])
		key[s.Word] |= uint64(id[0]) << s.Shift
	}
	if c.IsSeries() {
		key[c.StepSlot.Word] |= c.real.StepSlot.Part(from) << c.StepSlot.Shift
	}
}

// addTo adds the groups of a table with compact keys to a Partial. The table
// must not be used afterwards.
func (c *compact) addTo(to *group.Partial, groups *group.Partial) error {
	from := groups.Table()
	if err := to.Reserve(from.Len()); err != nil {
		return err
	}
	w, sums := c.real.Words, group.NewAdder(to)
	keys := make([]uint64, blockRows*w)
	for first := 0; first < from.Len(); first += blockRows {
		n := min(blockRows, from.Len()-first)
		c.expand(from, first, keys[:n*w])
		for i := range n {
			if err := sums.Take(keys[i*w:(i+1)*w], from, first+i); err != nil {
				return err
			}
		}
	}
	groups.Release()
	return sums.Flush()
}
