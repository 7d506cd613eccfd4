package query

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
)

// A chunk is some groups on their way to another unit, to disk or to a cache:
//
//	octet    2, the version
//	octet    the form: 0 whole, 1 ranked, 2 ranked with reports, 3 keys
//	uvarint  words of a key, sums, sketches: must fit the plan
//	groups   until the end, ascending by ordered key
//
// and a group is
//
//	uvarint  the first word of the key that is not that of the group before,
//	         in the lowest bits (as many as words+1 takes), and above them the
//	         difference of that word; words+1 stands for a difference that does
//	         not fit: the word's number and the difference follow
//	uvarint… the other words; the lower half of an address xor ffff00000000,
//	         so that IPv4 is short
//	uvarint  the step, if the plan has steps
//	whole    uvarint… sums, then sketches, see sketch.append
//	ranked   uvarint value of the plan's order, uvarint reports: how many units
//	         it is summed over, one if they are left out
//	keys     nothing
//
// The group before the first one has a key of zeros.
const (
	chunkVersion = 2

	// MaxChunk bounds the chunks that AddChunk accepts, in octets: what a
	// message of the query port may hold.
	MaxChunk = 4 << 20

	// defaultChunk is the size Chunks aims at. Small enough to keep several in
	// flight, large enough for the cost per message not to count.
	defaultChunk = 256 << 10
)

// form is what a chunk says of a group.
type form byte

const (
	formWhole form = iota
	formRanked
	formReports
	formKeys
)

// ErrChunk reports octets that are not a chunk for the plan.
var ErrChunk = errors.New("not a chunk of this query's answer")

// chunkWriter makes chunks of groups that come in order. What emit gets is
// valid during the call.
type chunkWriter struct {
	l       *layout
	form    form
	max     int // octets of a chunk, if a single group fits
	emit    func([]byte) error
	octets  uint64 // emitted
	chunk   []byte
	one     []byte
	before  []uint64 // key of the group before, without step
	zeros   []uint64
	started bool
}

func newChunkWriter(p *Plan, f form, maxOctets int, emit func([]byte) error) *chunkWriter {
	if maxOctets <= 0 || maxOctets > MaxChunk {
		maxOctets = defaultChunk
	}
	n := p.layout.words
	return &chunkWriter{l: &p.layout, form: f, max: maxOctets, emit: emit, before: make([]uint64, n), zeros: make([]uint64, n)}
}

// whole writes a group with all that is known of it.
func (w *chunkWriter) whole(ordered, sums []uint64, sketches []sketch) error {
	return w.group(ordered, func(to []byte) []byte {
		for _, v := range sums {
			to = binary.AppendUvarint(to, v)
		}
		for j := range sketches {
			to = sketches[j].append(to)
		}
		return to
	})
}

// ranked writes a group with the value it is ordered by.
func (w *chunkWriter) ranked(ordered []uint64, value, reports uint64) error {
	return w.group(ordered, func(to []byte) []byte {
		to = binary.AppendUvarint(to, value)
		if w.form == formReports {
			to = binary.AppendUvarint(to, reports)
		}
		return to
	})
}

// key writes no more than the key of a group.
func (w *chunkWriter) key(ordered []uint64) error {
	return w.group(ordered, func(to []byte) []byte { return to })
}

func (w *chunkWriter) group(ordered []uint64, rest func([]byte) []byte) error {
	if !w.started {
		w.begin()
	}
	w.one = rest(w.appendKey(w.one[:0], ordered))
	if len(w.chunk)+len(w.one) > w.max && len(w.chunk) > headerSize(w.l) {
		if err := w.flush(); err != nil {
			return err
		}
		w.begin()
		w.one = rest(w.appendKey(w.one[:0], ordered))
	}
	w.chunk = append(w.chunk, w.one...)
	copy(w.before, ordered)
	return nil
}

func (w *chunkWriter) begin() {
	w.started = true
	w.chunk = appendHeader(w.chunk[:0], w.l, w.form)
	copy(w.before, w.zeros)
}

// flush emits what there is.
func (w *chunkWriter) flush() error {
	if !w.started {
		return nil
	}
	w.started = false
	w.octets += uint64(len(w.chunk))
	return w.emit(w.chunk)
}

func appendHeader(to []byte, l *layout, f form) []byte {
	to = append(to, chunkVersion, byte(f))
	for _, n := range []int{l.words, l.sums, len(l.sketches)} {
		to = binary.AppendUvarint(to, uint64(n))
	}
	return to
}

func headerSize(l *layout) int { return len(appendHeader(nil, l, formWhole)) }

func (w *chunkWriter) appendKey(to []byte, ordered []uint64) []byte {
	words, bits := w.l.words, w.l.headBits()
	at := 0
	for at < words && ordered[at] == w.before[at] {
		at++
	}
	var difference uint64
	if at < words {
		difference = ordered[at] - w.before[at]
	}
	if difference>>(64-bits) == 0 {
		to = binary.AppendUvarint(to, difference<<bits|uint64(at))
	} else {
		to = binary.AppendUvarint(to, uint64(words+1))
		to = binary.AppendUvarint(to, uint64(at))
		to = binary.AppendUvarint(to, difference)
	}
	for i := at + 1; i < words; i++ {
		to = binary.AppendUvarint(to, ordered[i]^w.l.fold(i))
	}
	if w.l.hasStep {
		to = binary.AppendUvarint(to, ordered[words])
	}
	return to
}

// fold is what makes the lower half of an IPv4 address short.
func (l *layout) fold(word int) uint64 {
	if word < l.addressWords && word%2 == 1 {
		return v4high
	}
	return 0
}

// chunkReader takes a chunk apart. What next leaves is valid until the next
// call, the sketches for good.
type chunkReader struct {
	plan     *Plan
	form     form
	ordered  []uint64
	sums     []uint64
	sketches []sketch
	value    uint64
	reports  uint64

	r    reader
	size int
}

func newChunkReader(p *Plan) *chunkReader {
	l := &p.layout
	return &chunkReader{
		plan: p, ordered: make([]uint64, l.orderedWords()), sums: make([]uint64, l.sums), sketches: make([]sketch, len(l.sketches)),
	}
}

// open begins a chunk of one of the given forms, which must not change before
// its last group.
func (c *chunkReader) open(chunk []byte, forms ...form) error {
	if len(chunk) > MaxChunk {
		return fmt.Errorf("%w: %d octets, more than %d", ErrChunk, len(chunk), MaxChunk)
	}
	l := &c.plan.layout
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
	if c.r.uvarint() != uint64(l.words) || c.r.uvarint() != uint64(l.sums) || c.r.uvarint() != uint64(len(l.sketches)) {
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
			c.sketches[j] = c.r.sketch(c.plan.Metrics[c.plan.layout.sketches[j]].Kind)
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
	l := &c.plan.layout
	bits := l.headBits()
	head := c.r.uvarint()
	at, difference := head&(1<<bits-1), head>>bits
	if at == uint64(l.words)+1 {
		at, difference = c.r.uvarint(), c.r.uvarint()
	}
	if at > uint64(l.words) {
		c.r.bad = true
		return
	}
	if at < uint64(l.words) {
		c.ordered[at] += difference
	}
	for i := int(at) + 1; i < l.words; i++ {
		c.ordered[i] = c.r.uvarint() ^ l.fold(i)
	}
	if l.hasStep {
		c.ordered[l.words] = c.r.uvarint()
		c.r.bad = c.r.bad || c.ordered[l.words]>>l.stepSlot.width != 0 || c.ordered[l.stepSlot.word]&l.stepSlot.mask() != 0
	}
	if l.words == 1 && l.keyBits < 64 && l.keyBits > 0 && c.ordered[0]>>l.keyBits != 0 {
		c.r.bad = true
	}
}

// Chunks yields p in pieces of at most maxBytes, if a single group fits;
// 0 chooses a size. Each is valid until the next one is asked for. A Partial
// without groups has no chunks.
func (p *Partial) Chunks(maxBytes int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		w := newChunkWriter(p.plan, formWhole, maxBytes, func(chunk []byte) error {
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

// writeWhole writes groups, which are in order, and flushes.
func (p *Partial) writeWhole(w *chunkWriter, groups []uint32) error {
	ordered := make([]uint64, p.plan.layout.orderedWords())
	for _, g := range groups {
		p.plan.layout.ordered(ordered, p.table.key(int(g)))
		if err := w.whole(ordered, p.table.sumsOf(int(g)), p.table.sketchesOf(int(g))); err != nil {
			return err
		}
	}
	return w.flush()
}

// AddChunk merges a chunk that another unit's Partial of the same plan
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
	c := newChunkReader(p.plan)
	if err := c.open(chunk, formWhole); err != nil {
		return err
	}
	key := make([]uint64, p.plan.layout.words)
	for {
		ok, err := c.next()
		if err != nil || !ok {
			return err
		}
		if use == nil {
			continue
		}
		p.plan.layout.unordered(key, c.ordered)
		if err := use(key, c.sums, c.sketches); err != nil {
			return err
		}
	}
}

// reader cuts values off the front of rest; bad is set, and stays, once one
// is not there.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) octet() byte {
	if len(r.rest) == 0 {
		r.bad = true
		return 0
	}
	o := r.rest[0]
	r.rest = r.rest[1:]
	return o
}

func (r *reader) uvarint() uint64 {
	v, rest, ok := uvarint(r.rest)
	if !ok {
		r.bad = true
		return 0
	}
	r.rest = rest
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// take returns the next n octets; zeros if they are not there.
func (r *reader) take(n int) []byte {
	if len(r.rest) < n {
		r.bad = true
		return make([]byte, n)
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *reader) sketch(kind MetricKind) sketch {
	s, rest, err := readSketch(r.rest, kind)
	if err != nil {
		r.bad = true
		return sketch{}
	}
	r.rest = rest
	return s
}
