package group

import (
	"math"
	"math/bits"
	"math/rand/v2"
)

// Table maps keys to groups and holds what was summed per group. Groups are
// numbered in the order they appear. Key and sums of a group lie side by side,
// so that finding it brings what is added to into the cache, and in pages, so
// that growing moves nothing.
//
// Keys up to 16 bits, and those that are one address's number (see Names), find
// their group in an array, others by open addressing: a slot holds the upper half of the key's hash and the group's
// number plus one, so that a probe seldom looks at a key that is not its own,
// and growing does not look at keys at all.
type Table struct {
	l     *Layout
	quota *Quota
	seeds [2]uint64

	n        int
	stride   int        // words of a key, then its sums
	pages    [][]uint64 // pageGroups groups each
	sketches []sketch   // groups × len(l.Sketches)

	direct  []uint32 // group + 1 by key
	slots   []uint64
	charged int64

	hashes, firsts [BlockKeys]uint64 // of findOpen
}

const (
	// directBits is the longest key that an array is kept for: 256 KiB.
	directBits = 16

	minSlots = 1 << 10

	// pageGroups is how many groups a page holds: some 100 KiB.
	pageBits   = 11
	pageGroups = 1 << pageBits

	// BlockKeys is the most keys that Find takes at a time: they, their groups
	// and what is added stay within a core's first caches.
	BlockKeys = 1024

	// noGroup is returned if the memory budget is used up.
	noGroup = math.MaxUint32
)

func newTable(l *Layout, q *Quota) *Table {
	t := &Table{l: l, quota: q, stride: l.Words + l.Sums, seeds: [2]uint64{rand.Uint64() | 1, rand.Uint64() | 1}}
	if l.Words == 1 && l.keyBits <= directBits {
		t.direct = make([]uint32, 1<<l.keyBits)
	} else if l.isNumber {
		t.direct = make([]uint32, minSlots)
	} else if l.Words > 0 {
		t.slots = make([]uint64, minSlots)
	}
	return t
}

// Len returns the number of groups.
func (t *Table) Len() int { return t.n }

// record returns the key and the sums of a group.
func (t *Table) record(g int) []uint64 {
	at := g % pageGroups * t.stride
	return t.pages[g>>pageBits][at : at+t.stride]
}

// Key returns the key of a group.
func (t *Table) Key(g int) []uint64 { return t.record(g)[:t.l.Words] }

// SumsOf returns the sums of a group, which the caller may change. It is valid
// until a group is made or t is released.
func (t *Table) SumsOf(g int) []uint64 { return t.record(g)[t.l.Words:] }

func (t *Table) sketchesOf(g int) []sketch {
	n := len(t.l.Sketches)
	return t.sketches[g*n : (g+1)*n]
}

// Find fills groups with the group of each key, making those that are new.
func (t *Table) Find(keys []uint64, groups []uint32) error {
	w := t.l.Words
	switch {
	case w == 0:
		return t.findOnly(groups)
	case t.direct != nil:
		return t.findDirect(keys, groups)
	}
	return t.findOpen(keys, groups)
}

// findOpen looks at the first slot of all keys before it looks at any group:
// loads that do not depend on each other overlap, and most of the time goes
// into waiting for them.
func (t *Table) findOpen(keys []uint64, groups []uint32) error {
	w := t.l.Words
	hashes, firsts := t.hashes[:len(groups)], t.firsts[:len(groups)]
	for i := range hashes {
		hashes[i] = t.hash(keys[i*w : (i+1)*w])
	}
	mask := uint64(len(t.slots) - 1)
	for i, h := range hashes {
		firsts[i] = t.slots[h>>32&mask]
	}
	for i, slot := range firsts {
		key := keys[i*w : (i+1)*w]
		if g := int(uint32(slot)) - 1; slot != 0 && slot>>32 == hashes[i]>>32 && t.equal(g, key) {
			groups[i] = uint32(g)
			continue
		}
		g, err := t.probe(key, hashes[i])
		if err != nil {
			return err
		}
		groups[i] = g
	}
	return nil
}

// findOnly is for keys of no words: there is one group.
func (t *Table) findOnly(groups []uint32) error {
	if t.n == 0 && len(groups) > 0 {
		if _, err := t.add(nil); err != nil {
			return err
		}
	}
	clear(groups)
	return nil
}

func (t *Table) findDirect(keys []uint64, groups []uint32) error {
	for i, k := range keys {
		if k >= uint64(len(t.direct)) {
			if err := t.growDirect(k); err != nil {
				return err
			}
		}
		g := t.direct[k]
		if g == 0 {
			made, err := t.add(keys[i : i+1])
			if err != nil {
				return err
			}
			g = made + 1
			t.direct[k] = g
		}
		groups[i] = g - 1
	}
	return nil
}

// growDirect makes room for a number that addresses have got since.
func (t *Table) growDirect(k uint64) error {
	more := max(int(k)+1, 2*len(t.direct)) - len(t.direct)
	if err := t.Charge(4 * int64(more)); err != nil {
		return err
	}
	t.direct = append(t.direct, make([]uint32, more)...)
	return nil
}

// group returns the group of one key, which is made if it is new.
func (t *Table) group(key []uint64) (uint32, error) {
	if t.direct != nil || len(key) == 0 {
		var one [1]uint32
		err := t.findSmall(key, one[:])
		return one[0], err
	}
	return t.probe(key, t.hash(key))
}

func (t *Table) probe(key []uint64, hash uint64) (uint32, error) {
	tag := hash >> 32
	mask := uint64(len(t.slots) - 1)
	for at := tag & mask; ; at = (at + 1) & mask {
		slot := t.slots[at]
		if slot == 0 {
			return t.insert(key, hash, at)
		}
		if slot>>32 == tag && t.equal(int(uint32(slot))-1, key) {
			return uint32(slot) - 1, nil
		}
	}
}

func (t *Table) findSmall(key []uint64, groups []uint32) error {
	if len(key) == 0 {
		return t.findOnly(groups)
	}
	return t.findDirect(key, groups)
}

func (t *Table) equal(g int, key []uint64) bool {
	own := t.record(g)[:len(key)]
	var differs uint64
	for i, w := range key {
		differs |= w ^ own[i]
	}
	return differs == 0
}

// hash is seeded per table: what is hashed comes from packets, whose senders
// must not be able to choose collisions.
func (t *Table) hash(key []uint64) uint64 {
	return hashKey(key, &t.seeds)
}

func hashKey(key []uint64, seeds *[2]uint64) uint64 {
	switch len(key) {
	case 1:
		hi, lo := bits.Mul64(key[0]^seeds[0], seeds[1])
		return hi ^ lo
	case 2:
		hi, lo := bits.Mul64(key[0]^seeds[0], key[1]^seeds[1])
		hi, lo = bits.Mul64(hi^lo, seeds[1])
		return hi ^ lo
	}
	h := seeds[0]
	for _, w := range key {
		hi, lo := bits.Mul64(h^w, seeds[1])
		h = hi ^ lo
	}
	hi, lo := bits.Mul64(h, seeds[1])
	return hi ^ lo
}

func (t *Table) insert(key []uint64, hash, at uint64) (uint32, error) {
	g, err := t.add(key)
	if err != nil {
		return 0, err
	}
	t.slots[at] = hash>>32<<32 | uint64(g+1)
	if t.n*4 > len(t.slots)*3 {
		return g, t.rehash()
	}
	return g, nil
}

// reserve makes room for n groups more, so that slots are moved once.
func (t *Table) reserve(n int) error {
	size := len(t.slots)
	for size > 0 && (t.n+n)*4 > size*3 {
		size *= 2
	}
	if size == len(t.slots) {
		return nil
	}
	return t.resize(size)
}

// rehash doubles the slots.
func (t *Table) rehash() error { return t.resize(2 * len(t.slots)) }

// resize moves the slots. The index of a slot comes from the tag, so the keys
// stay untouched.
func (t *Table) resize(size int) error {
	if err := t.Charge(int64(size-len(t.slots)) * 8); err != nil {
		return err
	}
	slots := make([]uint64, size)
	mask := uint64(len(slots) - 1)
	for _, s := range t.slots {
		if s == 0 {
			continue
		}
		at := s >> 32 & mask
		for slots[at] != 0 {
			at = (at + 1) & mask
		}
		slots[at] = s
	}
	t.slots = slots
	return nil
}

// add appends an empty group.
func (t *Table) add(key []uint64) (uint32, error) {
	if t.n >= noGroup-1 {
		return 0, t.quota.exceeded()
	}
	if t.n%pageGroups == 0 {
		if err := t.Charge(pageGroups * int64(8*t.stride+sketchSize*len(t.l.Sketches))); err != nil {
			return 0, err
		}
		t.pages = append(t.pages, make([]uint64, pageGroups*t.stride))
	}
	g := uint32(t.n)
	t.n++
	copy(t.record(int(g)), key)
	for range t.l.Sketches {
		t.sketches = append(t.sketches, sketch{})
	}
	return g, nil
}

// Charge takes octets of the quota for t, which Release gives back.
func (t *Table) Charge(n int64) error {
	t.charged += n
	return t.quota.Charge(n)
}

// release gives the memory of t back to its budget; t must not be used again.
func (t *Table) release() {
	t.quota.Release(t.charged)
	t.n, t.charged = 0, 0
	t.pages, t.sketches, t.direct, t.slots = nil, nil, nil, nil
}

// addSums adds what one group of another table has.
func (t *Table) addSums(g uint32, sums []uint64) { t.l.Fold(t.SumsOf(int(g)), sums) }

// Lookup returns the group of a key, if there is one.
func (t *Table) Lookup(key []uint64) (uint32, bool) {
	if t.direct != nil {
		g := t.direct[key[0]]
		return g - 1, g != 0
	}
	tag := t.hash(key) >> 32
	mask := uint64(len(t.slots) - 1)
	for at := tag & mask; t.slots[at] != 0; at = (at + 1) & mask {
		slot := t.slots[at]
		if slot>>32 == tag && t.equal(int(uint32(slot))-1, key) {
			return uint32(slot) - 1, true
		}
	}
	return 0, false
}

// Sketch adds a value, or hash (Uniq), for each of groups to their sketches
// number j, which is that of Layout.Sketches[j].
func (t *Table) Sketch(j int, groups []uint32, values []uint64) error {
	grown, stride := 0, len(t.l.Sketches)
	isUniq := t.l.Metrics[t.l.Sketches[j]].Kind == Uniq
	for i, v := range values {
		if s := &t.sketches[int(groups[i])*stride+j]; isUniq {
			grown += s.addUniq(v)
		} else {
			grown += s.addValue(v)
		}
	}
	return t.Charge(int64(grown))
}
