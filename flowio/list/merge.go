package list

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"example.com/weir/flowio/flow"
)

// errStopped ends a read whose reader has enough. It never leaves the package.
var errStopped = errors.New("reader has enough")

// Merge emits the rows of streams, each in the order of spec and of batches that
// Check takes, as one stream in that order, as many as a Pager needs for a
// page. An error in a stream, or of emit, ends the merge; a caller that can do
// with less than all streams ends the broken stream without an error. Streams
// are read in turn, not at the same time.
func Merge(ctx context.Context, spec *Spec, streams []iter.Seq2[*flow.Batch, error], emit func(*flow.Batch) error) error {
	m := newMerge(spec, func(b *flow.Batch) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return emit(b)
	})
	defer m.stop()
	for i, s := range streams {
		if err := m.join(s, i); err != nil {
			return err
		}
	}
	if err := m.finish(); err != nil {
		return err
	}
	return ctx.Err()
}

// Check refuses records of another unit that Merge cannot take: they lack
// columns of the list.
func (s *Spec) Check(b *flow.Batch) error {
	for f := range (s.fields &^ b.Fields()).All {
		return fmt.Errorf("records without %s, which the list needs: all units need the same version of weir", f)
	}
	return nil
}

// merge is a k-way merge. The heap is ordered by the next row of each stream,
// and by the streams' numbers where rows are equal: they look the same.
type merge struct {
	spec    *Spec
	emit    func(*flow.Batch) error
	heap    []*stream
	out     *flow.Batch
	emitted int
}

// stream is one input with the batch it is at.
type stream struct {
	number int
	pull   func() (*flow.Batch, error, bool)
	stop   func()
	batch  *flow.Batch
	row    int
}

func newMerge(spec *Spec, emit func(*flow.Batch) error) *merge {
	return &merge{spec: spec, emit: emit, out: flow.NewBatch(spec.fields)}
}

// stop ends all streams that have not ended.
func (m *merge) stop() {
	for _, s := range m.heap {
		s.stop()
	}
}

func (m *merge) isFull() bool { return m.emitted+m.out.Len() >= m.spec.rows() }

// join adds a stream.
func (m *merge) join(seq iter.Seq2[*flow.Batch, error], number int) error {
	pull, stop := iter.Pull2(seq)
	s := &stream{number: number, pull: pull, stop: stop}
	ok, err := s.next()
	if err != nil || !ok {
		stop()
		return err
	}
	m.heap = append(m.heap, s)
	m.up(len(m.heap) - 1)
	return nil
}

// next moves to the stream's next batch that has rows.
func (s *stream) next() (bool, error) {
	for {
		b, err, ok := s.pull()
		if err != nil || !ok {
			return false, err
		}
		if b.Len() > 0 {
			s.batch, s.row = b, 0
			return true, nil
		}
	}
}

// advance takes all rows whose time lies before the given one.
func (m *merge) advance(before uint64) error {
	for len(m.heap) > 0 && !m.isFull() {
		s := m.heap[0]
		if s.batch.Num(flow.Time)[s.row] >= before {
			return nil
		}
		if err := m.takeRun(func(row int) bool { return s.batch.Num(flow.Time)[row] < before }); err != nil {
			return err
		}
	}
	return nil
}

// finish takes all rows, up to the limit, and emits what is left.
func (m *merge) finish() error {
	for len(m.heap) > 0 && !m.isFull() {
		if err := m.takeRun(func(int) bool { return true }); err != nil {
			return err
		}
	}
	return m.flush()
}

// takeRun takes rows of the first stream while they come before the next row
// of every other stream, and goes on.
func (m *merge) takeRun(goOn func(row int) bool) error {
	s := m.heap[0]
	from := s.row
	room := min(m.spec.rows()-m.emitted-m.out.Len(), emitRows-m.out.Len())
	for s.row++; s.row < s.batch.Len() && s.row-from < room && goOn(s.row) && m.stillFirst(); {
		s.row++
	}
	m.out.AppendRows(s.batch, from, s.row)
	if m.out.Len() >= emitRows {
		if err := m.flush(); err != nil {
			return err
		}
	}
	return m.settle(s)
}

// settle puts the first stream back in its place, at its next batch if this
// one is used up.
func (m *merge) settle(s *stream) error {
	if s.row == s.batch.Len() {
		ok, err := s.next()
		if err != nil {
			return err
		}
		if !ok {
			s.stop()
			last := len(m.heap) - 1
			m.heap[0] = m.heap[last]
			m.heap = m.heap[:last]
		}
	}
	m.down(0)
	return nil
}

// stillFirst reports whether the first stream would stay first.
func (m *merge) stillFirst() bool {
	for _, i := range []int{1, 2} {
		if i < len(m.heap) && m.less(m.heap[i], m.heap[0]) {
			return false
		}
	}
	return true
}

func (m *merge) flush() error {
	if m.out.Len() == 0 {
		return nil
	}
	m.emitted += m.out.Len()
	err := m.emit(m.out)
	m.out.Reset()
	return err
}

func (m *merge) less(a, b *stream) bool {
	c := m.spec.before(a.batch, a.row, b.batch, b.row)
	return c < 0 || c == 0 && a.number < b.number
}

func (m *merge) up(i int) {
	for i > 0 && m.less(m.heap[i], m.heap[(i-1)/2]) {
		m.heap[i], m.heap[(i-1)/2] = m.heap[(i-1)/2], m.heap[i]
		i = (i - 1) / 2
	}
}

func (m *merge) down(i int) {
	for {
		least := i
		for _, c := range []int{2*i + 1, 2*i + 2} {
			if c < len(m.heap) && m.less(m.heap[c], m.heap[least]) {
				least = c
			}
		}
		if least == i {
			return
		}
		m.heap[i], m.heap[least] = m.heap[least], m.heap[i]
		i = least
	}
}
