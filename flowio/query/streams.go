package query

import (
	"fmt"
	"iter"
)

// cursor walks over the groups of a stream of chunks.
type cursor struct {
	*chunkReader
	forms []form
	pull  func() ([]byte, error, bool)
	stop  func()
	last  []uint64 // key of the group before
	began bool
	ended bool
}

// newCursor stands at the first group, or has ended.
func newCursor(p *Plan, chunks iter.Seq2[[]byte, error], forms ...form) (*cursor, error) {
	pull, stop := iter.Pull2(chunks)
	c := &cursor{chunkReader: newChunkReader(p), forms: forms, pull: pull, stop: stop}
	c.last = make([]uint64, len(c.ordered))
	if err := c.advance(); err != nil {
		stop()
		return nil, err
	}
	return c, nil
}

// advance moves to the next group.
func (c *cursor) advance() error {
	for {
		ok, err := c.next()
		if err != nil {
			return err
		}
		if ok {
			return c.ascending()
		}
		chunk, err, ok := c.pull()
		if err != nil {
			return err
		}
		if !ok {
			c.ended = true
			return nil
		}
		if err := c.open(chunk, c.forms...); err != nil {
			return err
		}
	}
}

// ascending refuses groups out of order: they would be summed wrongly.
func (c *cursor) ascending() error {
	if c.began && compareWords(c.ordered, c.last) <= 0 {
		return fmt.Errorf("%w: its groups are not in order", ErrChunk)
	}
	c.began = true
	copy(c.last, c.ordered)
	return nil
}

// merged walks over the groups of several streams, each group once with its
// parts summed. What it stands at is valid until it advances.
type merged struct {
	plan     *Plan
	cursors  []*cursor
	ordered  []uint64
	sums     []uint64
	sketches []sketch
	value    uint64
	reports  uint64
}

func newMerged(p *Plan, streams []iter.Seq2[[]byte, error], forms ...form) (*merged, error) {
	l := &p.layout
	m := &merged{plan: p, ordered: make([]uint64, l.orderedWords()), sums: make([]uint64, l.sums), sketches: make([]sketch, len(l.sketches))}
	for _, s := range streams {
		c, err := newCursor(p, s, forms...)
		if err != nil {
			m.stop()
			return nil, err
		}
		m.cursors = append(m.cursors, c)
	}
	return m, nil
}

// stop ends all streams.
func (m *merged) stop() {
	for _, c := range m.cursors {
		c.stop()
	}
}

// next moves to the next group; false at the end.
func (m *merged) next() (bool, error) {
	var least *cursor
	for _, c := range m.cursors {
		if !c.ended && (least == nil || compareWords(c.ordered, least.ordered) < 0) {
			least = c
		}
	}
	if least == nil {
		return false, nil
	}
	copy(m.ordered, least.ordered)
	clear(m.sums)
	clear(m.sketches)
	m.value, m.reports = 0, 0
	for _, c := range m.cursors {
		if c.ended || compareWords(c.ordered, m.ordered) != 0 {
			continue
		}
		m.fold(c)
		if err := c.advance(); err != nil {
			return false, err
		}
	}
	return true, nil
}

func (m *merged) fold(c *cursor) {
	m.value, m.reports = sum(m.value, c.value), m.reports+c.reports
	if c.form != formWhole {
		return
	}
	m.plan.layout.foldSums(m.sums, c.sums)
	for j := range c.sketches {
		m.sketches[j].merge(&c.sketches[j], m.plan.Metrics[m.plan.layout.sketches[j]].Kind)
	}
}

// foldSums adds the sums of one group to another's.
func (l *layout) foldSums(own, other []uint64) {
	for i, v := range other {
		switch i {
		case l.first:
			own[i] = earliest(own[i], v)
		case l.last:
			own[i] = max(own[i], v)
		default:
			own[i] = sum(own[i], v)
		}
	}
}

// MergeChunks streams the groups of several streams of the same fetch as one.
// An error of a stream ends it; which stream it was, the caller knows.
func MergeChunks(p *Plan, f Fetch, streams []iter.Seq2[[]byte, error]) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		m, err := newMerged(p, streams, f.forms()...)
		if err != nil {
			yield(nil, err)
			return
		}
		defer m.stop()
		ended := false
		w := newChunkWriter(p, formWhole, 0, func(chunk []byte) error {
			if !yield(chunk, nil) {
				ended = true
				return errStopped
			}
			return nil
		})
		if f.What == FetchAbove {
			w.form = formReports
		}
		if err := m.writeTo(w); err != nil && !ended {
			yield(nil, err)
		}
	}
}

func (m *merged) writeTo(w *chunkWriter) error {
	for {
		ok, err := m.next()
		if err != nil {
			return err
		}
		if !ok {
			return w.flush()
		}
		if w.form == formWhole {
			err = w.whole(m.ordered, m.sums, m.sketches)
		} else {
			err = w.ranked(m.ordered, m.value, m.reports)
		}
		if err != nil {
			return err
		}
	}
}
