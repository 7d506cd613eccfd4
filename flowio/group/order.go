package group

import (
	"cmp"
	"math/bits"
	"slices"
)

// The order of groups between units, and on disk, is that of their ordered
// keys: the words of the key, but for a series with the step cut out and put
// at the end, so that all steps of a group follow each other. Streams in this
// order merge, and finish, without being held.

// orderedWords is the length of an ordered key.
func (l *Layout) orderedWords() int {
	if l.IsSeries() {
		return l.Words + 1
	}
	return l.Words
}

// ordered fills to with the ordered key of a key.
func (l *Layout) ordered(to, key []uint64) {
	copy(to, key)
	if l.IsSeries() {
		s := l.StepSlot
		to[l.Words] = s.Part(key)
		to[s.Word] &^= s.mask()
	}
}

// unordered fills key from an ordered key.
func (l *Layout) unordered(key, ordered []uint64) {
	copy(key, ordered[:l.Words])
	if l.IsSeries() {
		key[l.StepSlot.Word] |= ordered[l.Words] << l.StepSlot.Shift
	}
}

// mask covers the bits of the slot in its word.
func (s Slot) mask() uint64 { return ^uint64(0) >> (64 - s.Width) << s.Shift }

// compareWords compares keys of the same length.
func compareWords(a, b []uint64) int {
	for i, w := range a {
		if c := cmp.Compare(w, b[i]); c != 0 {
			return c
		}
	}
	return 0
}

// sorted returns the numbers of the groups by ordered key.
func (p *Partial) sorted() []uint32 {
	all := make([]uint32, p.table.n)
	for i := range all {
		all[i] = uint32(i)
	}
	p.sort(all)
	return all
}

// entry is a group with the octets of its ordered key that differ most of all.
type entry struct {
	prefix uint64
	group  uint32
}

// sort orders groups by ordered key: by radix on the octets that are not the
// same in all keys, which for two IPv4 addresses are all there is.
func (p *Partial) sort(groups []uint32) {
	if len(groups) < 2 {
		return
	}
	entries, used, whole := p.prefixes(groups)
	entries = radixSort(entries, used)
	if !whole {
		p.sortTies(entries)
	}
	for i, e := range entries {
		groups[i] = e.group
	}
}

// octet is one octet of an ordered key.
type octet struct{ word, shift int }

// prefixes returns the first differing octets of every key, how many there
// are, and whether they are all that differ.
func (p *Partial) prefixes(groups []uint32) (entries []entry, used int, whole bool) {
	l := p.layout
	n := l.orderedWords()
	first, key, differ := make([]uint64, n), make([]uint64, n), make([]uint64, n)
	l.ordered(first, p.table.Key(int(groups[0])))
	for _, g := range groups {
		l.ordered(key, p.table.Key(int(g)))
		for i, w := range key {
			differ[i] |= w ^ first[i]
		}
	}
	octets := differing(differ)
	whole = len(octets) <= 8
	octets = octets[:min(8, len(octets))]
	entries = make([]entry, len(groups))
	for i, g := range groups {
		l.ordered(key, p.table.Key(int(g)))
		var prefix uint64
		for _, o := range octets {
			prefix = prefix<<8 | key[o.word]>>o.shift&0xff
		}
		entries[i] = entry{prefix, g}
	}
	return entries, len(octets), whole
}

// differing lists the octets with bits set, the most significant first.
func differing(words []uint64) []octet {
	var octets []octet
	for i, w := range words {
		for shift := 56; shift >= 0; shift -= 8 {
			if w>>shift&0xff != 0 {
				octets = append(octets, octet{i, shift})
			}
		}
	}
	return octets
}

// radixSort orders entries by the lower octets of their prefixes.
func radixSort(entries []entry, octets int) []entry {
	if len(entries) < 256 {
		slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.prefix, b.prefix) })
		return entries
	}
	spare := make([]entry, len(entries))
	for shift := 0; shift < 8*octets; shift += 8 {
		var starts [256]int
		for _, e := range entries {
			starts[e.prefix>>shift&0xff]++
		}
		at := 0
		for i, n := range starts {
			starts[i] = at
			at += n
		}
		for _, e := range entries {
			to := &starts[e.prefix>>shift&0xff]
			spare[*to] = e
			*to++
		}
		entries, spare = spare, entries
	}
	return entries
}

// sortTies orders entries of the same prefix by their whole keys.
func (p *Partial) sortTies(entries []entry) {
	l := p.layout
	a, b := make([]uint64, l.orderedWords()), make([]uint64, l.orderedWords())
	for from := 0; from < len(entries); {
		to := from + 1
		for to < len(entries) && entries[to].prefix == entries[from].prefix {
			to++
		}
		if to-from > 1 {
			slices.SortFunc(entries[from:to], func(x, y entry) int {
				l.ordered(a, p.table.Key(int(x.group)))
				l.ordered(b, p.table.Key(int(y.group)))
				return compareWords(a, b)
			})
		}
		from = to
	}
}

// headBits is how many bits of a group's head say which word differs first.
func (l *Layout) headBits() int { return bits.Len(uint(l.Words) + 1) }
