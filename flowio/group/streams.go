package group

import (
	"fmt"
	"iter"

	"example.com/weir/flowio/flow"
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
func newCursor(l *Layout, chunks iter.Seq2[[]byte, error], forms ...form) (*cursor, error) {
	pull, stop := iter.Pull2(chunks)
	c := &cursor{chunkReader: newChunkReader(l), forms: forms, pull: pull, stop: stop}
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
	layout   *Layout
	cursors  []*cursor
	ordered  []uint64
	sums     []uint64
	sketches []sketch
	value    uint64
	reports  uint64
}

func newMerged(l *Layout, streams []iter.Seq2[[]byte, error], forms ...form) (*merged, error) {
	m := &merged{layout: l, ordered: make([]uint64, l.orderedWords()), sums: make([]uint64, l.Sums), sketches: make([]sketch, len(l.Sketches))}
	for _, s := range streams {
		c, err := newCursor(l, s, forms...)
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

// each calls use at every group.
func (m *merged) each(use func() error) error {
	for {
		if ok, err := m.next(); err != nil || !ok {
			return err
		}
		if err := use(); err != nil {
			return err
		}
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
	m.value, m.reports = flow.Sum(m.value, c.value), m.reports+c.reports
	if c.form != formWhole {
		return
	}
	m.layout.Fold(m.sums, c.sums)
	for j := range c.sketches {
		m.sketches[j].merge(&c.sketches[j], m.layout.kindOf(j))
	}
}

// MergeChunks streams the groups of several streams of the same fetch as one.
// An error of a stream ends it; which stream it was, the caller knows.
func MergeChunks(l *Layout, f Fetch, streams []iter.Seq2[[]byte, error]) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		m, err := newMerged(l, streams, f.forms()...)
		if err != nil {
			yield(nil, err)
			return
		}
		defer m.stop()
		ended := false
		w := newChunkWriter(l, formWhole, 0, func(chunk []byte) error {
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
	err := m.each(func() error {
		if w.form == formWhole {
			return w.whole(m.ordered, m.sums, m.sketches)
		}
		return w.ranked(m.ordered, m.value, m.reports)
	})
	if err != nil {
		return err
	}
	return w.flush()
}
