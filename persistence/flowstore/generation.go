package flowstore

import (
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"example.com/weir/flowio/flow"
)

// lateAfter parts late records from the others: one whose flow ended longer
// than this before its packet was exported goes to a segment of its own, so
// that the bounds of the others stay tight.
const lateAfter = 5 * 60 * 1000 // milliseconds

// generation is the records that share one journal: at most two segments. It
// is guarded by the store's lock; once it is being sealed, nobody changes its
// builders any more.
type generation struct {
	disk    *disk
	number  uint64
	started time.Time // of the first record
	main    *builder
	late    *builder

	readers int // views that have snapshots of the builders
	path    string
	journal *journal    // nil before the first block, and when read back from disk
	pending *flow.Batch // records for the next blocks of the journal
	logged  int         // how many of them are in it; more than 0 only after an error
	isDirty bool        // blocks were written since the last sync
	isNamed bool        // the journal's directory entry is durable
	skip    [2]bool     // main, late: its segment was there when the journal was read back
	sealed  [2]*segment // main, late: its file is in place
}

func newGeneration(d *disk, dir string, number uint64, pool *blocks) *generation {
	return &generation{
		disk:    d,
		number:  number,
		main:    newBuilder(pool),
		late:    newBuilder(pool),
		path:    filepath.Join(dir, journalDir, journalName(number)),
		pending: flow.NewBatch(flow.AllFields),
	}
}

// sequences returns the sequence numbers of the main and the late segment.
func (g *generation) sequences() [2]uint64 { return [2]uint64{2 * g.number, 2*g.number + 1} }

func (g *generation) builders() [2]*builder { return [2]*builder{g.main, g.late} }

func (g *generation) rows() int { return g.main.rows + g.late.rows }

// build appends the records [from, to) of b to the builders. It depends on
// nothing but the records, so that a replay builds the same segments.
func (g *generation) build(b *flow.Batch, from, to int) {
	times, lasts := b.Num(flow.Time), b.Num(flow.Last)
	if times == nil || lasts == nil {
		g.add(false, b, from, to)
		return
	}
	start, late := from, isLate(times[from], lasts[from])
	for i := from + 1; i < to; i++ {
		if l := isLate(times[i], lasts[i]); l != late {
			g.add(late, b, start, i)
			start, late = i, l
		}
	}
	g.add(late, b, start, to)
}

func (g *generation) add(late bool, b *flow.Batch, from, to int) {
	switch {
	case late && !g.skip[1]:
		g.late.append(b, from, to)
	case !late && !g.skip[0]:
		g.main.append(b, from, to)
	}
}

func isLate(time, last uint64) bool { return last != 0 && last < time && time-last > lateAfter }

// remember adds the records [from, to) of b to those that wait for the
// journal, and writes every block that is complete. On error the records are
// remembered all the same; log tries again.
func (g *generation) remember(b *flow.Batch, from, to int) (err error) {
	for from < to {
		n := to - from
		if err == nil {
			n = min(n, journalRows-g.pending.Len()+g.logged)
		}
		g.pending.AppendRows(b, from, from+n)
		from += n
		if g.pending.Len()-g.logged >= journalRows && err == nil {
			err = g.log()
		}
	}
	return err
}

// log writes the remembered records to the journal.
func (g *generation) log() (err error) {
	rows := g.pending.Len()
	if g.journal == nil && rows > 0 {
		if g.journal, err = createJournal(g.disk, g.path); err != nil {
			return err
		}
	}
	for g.logged < rows {
		block, to := g.pending, min(rows, g.logged+journalRows)
		if rows > journalRows {
			block = flow.NewBatch(flow.AllFields)
			block.AppendRows(g.pending, g.logged, to)
		}
		if err := g.journal.write(block); err != nil {
			return err
		}
		g.isDirty = true
		g.logged = to
	}
	g.pending.Reset()
	g.logged = 0
	return nil
}

// dropJournal deletes the journal: its records are in segments.
func (g *generation) dropJournal() error {
	var err error
	if g.journal != nil {
		err = g.journal.close()
	}
	if removeErr := g.disk.remove(g.path); !errors.Is(removeErr, fs.ErrNotExist) {
		err = errors.Join(err, removeErr)
	}
	return err
}
