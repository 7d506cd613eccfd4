package group

import "fmt"

// chunkReader takes a chunk apart. What next leaves is valid until the next
// call, the sketches for good.
type chunkReader struct {
	layout   *Layout
	form     form
	ordered  []uint64
	sums     []uint64
	sketches []sketch
	value    uint64
	reports  uint64

	r    reader
	size int
}

func newChunkReader(l *Layout) *chunkReader {
	return &chunkReader{
		layout: l, ordered: make([]uint64, l.orderedWords()), sums: make([]uint64, l.Sums), sketches: make([]sketch, len(l.Sketches)),
	}
}

// open begins a chunk of one of the given forms, which must not change before
// its last group.
func (c *chunkReader) open(chunk []byte, forms ...form) error {
	if len(chunk) > MaxChunk {
		return fmt.Errorf("%w: %d octets, more than %d", ErrChunk, len(chunk), MaxChunk)
	}
	l := c.layout
	c.r, c.size = reader{rest: chunk}, len(chunk)
	if c.r.octet() != chunkVersion {
		return fmt.Errorf("%w: unknown version", ErrChunk)
	}
	c.form = form(c.r.octet())
	wanted := false
	for _, f := range forms {
		wanted = wanted || f == c.form
	}
	if !wanted {
		return fmt.Errorf("%w: form %d is not expected", ErrChunk, c.form)
	}
	if c.r.uvarint() != uint64(l.Words) || c.r.uvarint() != uint64(l.Sums) || c.r.uvarint() != uint64(len(l.Sketches)) {
		return fmt.Errorf("%w: it has other columns", ErrChunk)
	}
	clear(c.ordered)
	return nil
}

// next reads a group; false at the end.
func (c *chunkReader) next() (bool, error) {
	if len(c.r.rest) == 0 && !c.r.bad {
		return false, nil
	}
	c.key()
	switch c.form {
	case formWhole:
		for i := range c.sums {
			c.sums[i] = c.r.uvarint()
		}
		for j := range c.sketches {
			c.sketches[j] = c.r.sketch(c.layout.kindOf(j))
		}
	case formRanked, formReports:
		c.value, c.reports = c.r.uvarint(), 1
		if c.form == formReports {
			c.reports = c.r.uvarint()
		}
	}
	if c.r.bad {
		return false, fmt.Errorf("%w: cut off or malformed at octet %d", ErrChunk, c.size-len(c.r.rest))
	}
	return true, nil
}

func (c *chunkReader) key() {
	l := c.layout
	bits := l.headBits()
	head := c.r.uvarint()
	at, difference := head&(1<<bits-1), head>>bits
	if at == uint64(l.Words)+1 {
		at, difference = c.r.uvarint(), c.r.uvarint()
	}
	if at > uint64(l.Words) {
		c.r.bad = true
		return
	}
	if at < uint64(l.Words) {
		c.ordered[at] += difference
	}
	for i := int(at) + 1; i < l.Words; i++ {
		c.ordered[i] = c.r.uvarint() ^ l.fold(i)
	}
	if l.IsSeries() {
		c.ordered[l.Words] = c.r.uvarint()
		c.r.bad = c.r.bad || c.ordered[l.Words]>>l.StepSlot.Width != 0 || c.ordered[l.StepSlot.Word]&l.StepSlot.mask() != 0
	}
	if l.Words == 1 && l.keyBits < 64 && l.keyBits > 0 && c.ordered[0]>>l.keyBits != 0 {
		c.r.bad = true
	}
}
