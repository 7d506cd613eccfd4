package group

import (
	"errors"
	"iter"
	"slices"
)

// Chunks yields p in pieces of at most maxBytes, if a single group fits;
// 0 chooses a size. Each is valid until the next one is asked for. A Partial
// without groups has no chunks.
func (p *Partial) Chunks(maxBytes int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		w := newChunkWriter(p.layout, formWhole, maxBytes, func(chunk []byte) error {
			if !yield(chunk, nil) {
				return errStopped
			}
			return nil
		})
		if err := p.writeWhole(w, p.sorted()); err != nil && !errors.Is(err, errStopped) {
			yield(nil, err)
		}
	}
}

// Chunk returns all groups as one chunk, nil if there are none; false if it
// would be longer than limit, or than MaxChunk.
func (p *Partial) Chunk(limit int) (all []byte, ok bool) {
	if p.table.n > limit/minGroup {
		return nil, false
	}
	err := p.writeWhole(newChunkWriter(p.layout, formWhole, limit, func(chunk []byte) error {
		if all != nil {
			return errStopped
		}
		all = slices.Clone(chunk)
		return nil
	}), p.sorted())
	return all, err == nil && len(all) <= limit
}

// minGroup is about how many octets a group has at least: with one of a sum
// and a short key, fewer than that are rare.
const minGroup = 4

// writeWhole writes groups, which are in order, and flushes.
func (p *Partial) writeWhole(w *chunkWriter, groups []uint32) error {
	ordered := make([]uint64, p.layout.orderedWords())
	for _, g := range groups {
		p.layout.ordered(ordered, p.table.Key(int(g)))
		if err := w.whole(ordered, p.table.SumsOf(int(g)), p.table.sketchesOf(int(g))); err != nil {
			return err
		}
	}
	return w.flush()
}

// AddChunk merges a chunk that another unit's Partial of the same question
// yielded. A chunk that is not whole and sound is refused and changes nothing
// (ErrChunk); an ErrBudget leaves p unusable.
func (p *Partial) AddChunk(chunk []byte) error {
	if err := p.readChunk(chunk, nil); err != nil {
		return err
	}
	return p.readChunk(chunk, p.add)
}

// readChunk decodes a chunk of whole groups and hands each to use, if there is
// one. The arguments of use are valid during the call.
func (p *Partial) readChunk(chunk []byte, use func(key, sums []uint64, sketches []sketch) error) error {
	c := newChunkReader(p.layout)
	if err := c.open(chunk, formWhole); err != nil {
		return err
	}
	key := make([]uint64, p.layout.Words)
	for {
		ok, err := c.next()
		if err != nil || !ok {
			return err
		}
		if use == nil {
			continue
		}
		p.layout.unordered(key, c.ordered)
		if err := use(key, c.sums, c.sketches); err != nil {
			return err
		}
	}
}
