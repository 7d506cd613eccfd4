package group

import (
	"encoding/binary"
	"errors"
)

// A chunk is some groups on their way to another unit, to disk or to a cache:
//
//	octet    2, the version
//	octet    the form: 0 whole, 1 ranked, 2 ranked with reports, 3 keys
//	uvarint  words of a key, sums, sketches: must fit the question
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
//	uvarint  the step, of a series
//	whole    uvarint… sums, then sketches, see sketch.append
//	ranked   uvarint value that rows are ordered by, uvarint reports: how many units
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

// ErrChunk reports octets that are not a chunk of the question.
var ErrChunk = errors.New("not a chunk of this query's answer")

// chunkWriter makes chunks of groups that come in order. What emit gets is
// valid during the call.
type chunkWriter struct {
	l       *Layout
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

func newChunkWriter(l *Layout, f form, maxOctets int, emit func([]byte) error) *chunkWriter {
	if maxOctets <= 0 || maxOctets > MaxChunk {
		maxOctets = defaultChunk
	}
	n := l.Words
	return &chunkWriter{l: l, form: f, max: maxOctets, emit: emit, before: make([]uint64, n), zeros: make([]uint64, n)}
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

func appendHeader(to []byte, l *Layout, f form) []byte {
	to = append(to, chunkVersion, byte(f))
	for _, n := range []int{l.Words, l.Sums, len(l.Sketches)} {
		to = binary.AppendUvarint(to, uint64(n))
	}
	return to
}

func headerSize(l *Layout) int { return len(appendHeader(nil, l, formWhole)) }

func (w *chunkWriter) appendKey(to []byte, ordered []uint64) []byte {
	words, bits := w.l.Words, w.l.headBits()
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
	if w.l.IsSeries() {
		to = binary.AppendUvarint(to, ordered[words])
	}
	return to
}

// fold is what makes the lower half of an IPv4 address short.
func (l *Layout) fold(word int) uint64 {
	if word < l.addressWords && word%2 == 1 {
		return v4high
	}
	return 0
}
