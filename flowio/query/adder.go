package query

// adder adds groups without sketches to a table, a block at a time: groups
// are found together, so that the waits for memory overlap.
type adder struct {
	to         *table
	keys, sums []uint64 // of the groups that wait
	n          int
	groups     [blockRows]uint32
}

func newAdder(to *table) *adder {
	return &adder{to: to, keys: make([]uint64, blockRows*to.l.words), sums: make([]uint64, blockRows*to.l.sums)}
}

// add copies a group.
func (a *adder) add(key, sums []uint64) error {
	w, s := a.to.l.words, a.to.l.sums
	copy(a.keys[a.n*w:(a.n+1)*w], key)
	copy(a.sums[a.n*s:(a.n+1)*s], sums)
	if a.n++; a.n == blockRows {
		return a.flush()
	}
	return nil
}

// flush adds what waits.
func (a *adder) flush() error {
	w, s := a.to.l.words, a.to.l.sums
	groups := a.groups[:a.n]
	if err := a.to.find(a.keys[:a.n*w], groups); err != nil {
		return err
	}
	for i, g := range groups {
		a.to.addSums(g, a.sums[i*s:(i+1)*s])
	}
	a.n = 0
	return nil
}

// merge adds the groups of a table without sketches.
func (t *table) merge(from *table) error {
	a := newAdder(t)
	for g := range from.n {
		if err := a.add(from.key(g), from.sumsOf(g)); err != nil {
			return err
		}
	}
	return a.flush()
}
