package group

// snapshotGroups is up to how many groups a snapshot has all.
const snapshotGroups = 5000

// Snapshot returns, as a chunk, groups that rows would be made of now; nil if
// they are too many.
func (p *Partial) Snapshot() []byte {
	groups := make([]uint32, 0, p.table.n)
	switch {
	case p.table.n <= snapshotGroups:
		for g := range p.table.n {
			groups = append(groups, uint32(g))
		}
	case !p.layout.IsSeries():
		for _, g := range p.Best(min(p.layout.Rows, snapshotGroups)) {
			groups = append(groups, uint32(g))
		}
	}
	p.sort(groups)
	var snapshot []byte
	whole := true
	w := newChunkWriter(p.layout, formWhole, MaxChunk/2, func(chunk []byte) error {
		whole = snapshot == nil
		snapshot = append(snapshot, chunk...)
		return nil
	})
	if err := p.writeWhole(w, groups); err != nil || !whole {
		return nil
	}
	return snapshot
}

// MergeSnapshots joins the snapshots of several units; nil if they are too
// large. Nil among them stands for a unit that has shown nothing yet.
func MergeSnapshots(l *Layout, chunks [][]byte) []byte {
	all := NewPartial(l, nil)
	for _, c := range chunks {
		if c == nil {
			continue
		}
		if err := all.AddChunk(c); err != nil {
			return nil
		}
	}
	return all.Snapshot()
}
