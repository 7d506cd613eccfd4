package group

// Adder adds groups to a Partial, a block at a time: groups are found
// together, so that the waits for memory overlap.
type Adder struct {
	to         *Partial
	keys, sums []uint64 // of the groups that wait
	n          int
	groups     [BlockKeys]uint32
}

// NewAdder returns an Adder for a Partial.
func NewAdder(to *Partial) *Adder {
	l := to.layout
	return &Adder{to: to, keys: make([]uint64, BlockKeys*l.Words), sums: make([]uint64, BlockKeys*l.Sums)}
}

// Take adds a group of another table, which is not used any more, under a key.
// What is added may be seen after Flush only.
func (a *Adder) Take(key []uint64, from *Table, g int) error {
	if len(from.l.Sketches) > 0 {
		return a.to.take(key, from.SumsOf(g), from.sketchesOf(g))
	}
	return a.add(key, from.SumsOf(g))
}

// add copies a group without sketches.
func (a *Adder) add(key, sums []uint64) error {
	w, s := a.to.layout.Words, a.to.layout.Sums
	copy(a.keys[a.n*w:(a.n+1)*w], key)
	copy(a.sums[a.n*s:(a.n+1)*s], sums)
	if a.n++; a.n == BlockKeys {
		return a.Flush()
	}
	return nil
}

// Flush adds what waits.
func (a *Adder) Flush() error {
	w, s := a.to.layout.Words, a.to.layout.Sums
	groups := a.groups[:a.n]
	if err := a.to.table.Find(a.keys[:a.n*w], groups); err != nil {
		return err
	}
	for i, g := range groups {
		a.to.table.addSums(g, a.sums[i*s:(i+1)*s])
	}
	a.n = 0
	return nil
}

// Chunk adds a chunk of our own making, whose groups are shift steps later.
func (a *Adder) Chunk(chunk []byte, shift uint64) error {
	l := a.to.layout
	c := newChunkReader(l)
	if err := c.open(chunk, formWhole); err != nil {
		return err
	}
	add := func(key []uint64) error { return a.add(key, c.sums) }
	if len(l.Sketches) > 0 {
		add = func(key []uint64) error { return a.to.add(key, c.sums, c.sketches) }
	}
	key := make([]uint64, l.Words)
	for {
		ok, err := c.next()
		if err != nil {
			return err
		}
		if !ok {
			return a.Flush()
		}
		if err := add(l.shifted(key, c.ordered, shift)); err != nil {
			return err
		}
	}
}

// shifted returns the key of an ordered one whose step is shift later; key is
// room for it.
func (l *Layout) shifted(key, ordered []uint64, shift uint64) []uint64 {
	if !l.IsSeries() {
		return ordered[:l.Words]
	}
	step := ordered[l.Words]
	ordered[l.Words] += shift
	l.unordered(key, ordered)
	ordered[l.Words] = step
	return key
}
