package query

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
)

// A chunk is some groups of a Partial on their way to another unit:
//
//	octet    1, the version
//	uvarint  words of a key, sums, sketches: must fit the plan
//	groups   until the end, ascending by key within the chunk
//
// and a group is
//
//	octet    how many words at the start of the key are those of the group before
//	uvarint  difference of the next word to that of the group before
//	uvarint… the other words
//	uvarint… sums
//	sketch…  see sketch.append
//
// Chunks can be read in any order.
const (
	chunkVersion = 1

	// MaxChunk bounds the chunks that AddChunk accepts, in octets: what a
	// message of the query port may hold.
	MaxChunk = 4 << 20

	// defaultChunk is the size Chunks aims at. Small enough to keep several in
	// flight, large enough for the cost per message not to count.
	defaultChunk = 1 << 20
)

// ErrChunk reports octets that are not a chunk for the plan.
var ErrChunk = errors.New("not a chunk of this query's answer")

// Chunks yields p in pieces of at most maxBytes, if a single group fits;
// 0 chooses a size. Each is valid until the next one is asked for. A Partial
// without groups has no chunks.
func (p *Partial) Chunks(maxBytes int) iter.Seq2[[]byte, error] {
	if maxBytes <= 0 || maxBytes > MaxChunk {
		maxBytes = defaultChunk
	}
	return func(yield func([]byte, error) bool) {
		var chunk, one []byte
		var before []uint64
		for _, g := range p.sorted() {
			one = p.appendGroup(one[:0], before, int(g))
			if len(chunk) > 0 && len(chunk)+len(one) > maxBytes {
				if !yield(chunk, nil) {
					return
				}
				chunk = chunk[:0]
				one = p.appendGroup(one[:0], nil, int(g))
			}
			if len(chunk) == 0 {
				chunk = p.appendHeader(chunk)
				one = p.appendGroup(one[:0], nil, int(g))
			}
			chunk = append(chunk, one...)
			before = p.table.key(int(g))
		}
		if len(chunk) > 0 {
			yield(chunk, nil)
		}
	}
}

func (p *Partial) appendHeader(to []byte) []byte {
	l := &p.plan.layout
	to = append(to, chunkVersion)
	for _, n := range []int{l.words, l.sums, len(l.sketches)} {
		to = binary.AppendUvarint(to, uint64(n))
	}
	return to
}

// appendGroup writes group g after a group with the key before; nil stands for
// zeros.
func (p *Partial) appendGroup(to []byte, before []uint64, g int) []byte {
	key := p.table.key(g)
	last := func(i int) uint64 {
		if before == nil {
			return 0
		}
		return before[i]
	}
	same := 0
	for same < len(key) && key[same] == last(same) {
		same++
	}
	to = append(to, byte(same))
	for i, w := range key[same:] {
		if i == 0 {
			w -= last(same)
		}
		to = binary.AppendUvarint(to, w)
	}
	for _, v := range p.table.sumsOf(g) {
		to = binary.AppendUvarint(to, v)
	}
	sketches := p.table.sketchesOf(g)
	for j := range sketches {
		to = sketches[j].append(to)
	}
	return to
}

// AddChunk merges a chunk that another unit's Partial of the same plan
// yielded. A chunk that is not whole and sound is refused and changes nothing
// (ErrChunk); an ErrBudget leaves p unusable.
func (p *Partial) AddChunk(chunk []byte) error {
	if len(chunk) > MaxChunk {
		return fmt.Errorf("%w: %d octets, more than %d", ErrChunk, len(chunk), MaxChunk)
	}
	if err := p.readChunk(chunk, nil); err != nil {
		return err
	}
	return p.readChunk(chunk, p.add)
}

// readChunk decodes chunk and hands each group to use, if there is one. The
// arguments of use are valid during the call.
func (p *Partial) readChunk(chunk []byte, use func(key, sums []uint64, sketches []sketch) error) error {
	l := &p.plan.layout
	r := reader{rest: chunk}
	if r.octet() != chunkVersion {
		return fmt.Errorf("%w: unknown version", ErrChunk)
	}
	if r.uvarint() != uint64(l.words) || r.uvarint() != uint64(l.sums) || r.uvarint() != uint64(len(l.sketches)) {
		return fmt.Errorf("%w: it has other columns", ErrChunk)
	}
	key, sums, sketches := make([]uint64, l.words), make([]uint64, l.sums), make([]sketch, len(l.sketches))
	for len(r.rest) > 0 && !r.bad {
		r.key(key)
		for i := range sums {
			sums[i] = r.uvarint()
		}
		for j := range sketches {
			sketches[j] = r.sketch(p.plan.Metrics[l.sketches[j]].Kind)
		}
		if !r.bad && l.keyBits > 0 && key[0]>>l.keyBits != 0 {
			return fmt.Errorf("%w: key out of range", ErrChunk)
		}
		if use != nil && !r.bad {
			if err := use(key, sums, sketches); err != nil {
				return err
			}
		}
	}
	if r.bad {
		return fmt.Errorf("%w: cut off or malformed at octet %d", ErrChunk, len(chunk)-len(r.rest))
	}
	return nil
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

// key replaces the key before by the next one.
func (r *reader) key(key []uint64) {
	same := int(r.octet())
	if same > len(key) {
		r.bad = true
		return
	}
	for i := same; i < len(key); i++ {
		w := r.uvarint()
		if i == same {
			w += key[i]
		}
		key[i] = w
	}
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
