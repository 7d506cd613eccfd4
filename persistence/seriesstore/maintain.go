package seriesstore

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"example.com/weir/flowio/flow"
)

const (
	// mergeAfter is how long nothing must have been added to a day that is over
	// before its blocks are merged: readers that leave out the newest
	// generations cannot do so any more then.
	mergeAfter = 10 * time.Minute

	// mergePoints bounds the points that merging holds in memory, 88 octets
	// each, beside one block.
	mergePoints = 1 << 19
)

// Maintain merges the files of days that are over, makes the coarse ones, and
// removes what is older than it is kept for. It does one day's work at most,
// and reports whether there is more. After an error everything is as it was.
func (s *Store) Maintain(now time.Time) (more bool, err error) {
	defer s.expire(now)
	day, ok := s.due(now)
	if !ok {
		return false, nil
	}
	if err := s.mergeDay(day); err != nil {
		return false, fmt.Errorf("series store %s: merge %s: %w", s.dir, time.UnixMilli(day).UTC().Format("2006-01-02"), err)
	}
	_, more = s.due(now)
	return more, nil
}

// due returns the oldest day that is to be merged.
func (s *Store) due(now time.Time) (int64, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, day := range slices.Sorted(maps.Keys(s.fine)) {
		fine, coarse := s.fine[day], s.coarse[day]
		isOver := time.UnixMilli(day+dayMs).Before(now) && now.Sub(fine.added) >= mergeAfter
		isMerged := fine.known.equal(&fine.merged) && coarse != nil && coarse.known.equal(&fine.known)
		if isOver && !isMerged {
			return day, true
		}
	}
	return 0, false
}

// mergeDay writes the files of a day anew from its fine one.
func (s *Store) mergeDay(day int64) error {
	s.mu.Lock()
	source := s.fine[day]
	old := &dayFile{path: source.path, blocks: slices.Clone(source.blocks), known: generations{slices.Clone(source.known.runs)}}
	s.mu.Unlock()
	coarse, err := s.rewrite(old, Coarse, day)
	if err != nil {
		return err
	}
	fine, err := s.rewrite(old, Fine, day)
	if err != nil {
		return errors.Join(err, os.Remove(coarse.tmp()))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.fine[day].known.equal(&old.known) { // somebody has added to it: another time
		return errors.Join(os.Remove(coarse.tmp()), os.Remove(fine.tmp()))
	}
	// Coarse first: until the fine file is in place too it is only out of step.
	if err := put(s.coarse, coarse); err != nil {
		return err
	}
	return put(s.fine, fine)
}

// put gives a rewritten file its name. From then on its blocks are read where
// it has them, even if the folder cannot be synced.
func put(days map[int64]*dayFile, d *dayFile) error {
	if err := os.Rename(d.tmp(), d.path); err != nil {
		return err
	}
	days[d.day] = d
	return syncDir(filepath.Dir(d.path))
}

func (d *dayFile) tmp() string { return d.path + ".tmp" }

// rewrite writes the points of old at a step to a file that is not in place
// yet.
func (s *Store) rewrite(old *dayFile, step, day int64) (d *dayFile, err error) {
	d = &dayFile{path: dayPath(s.dir, step, day), step: step, day: day, merged: old.known, known: generations{slices.Clone(old.known.runs)}}
	in, err := os.Open(old.path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	out, err := os.OpenFile(d.tmp(), os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o640)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err = errors.Join(err, out.Close()); err != nil {
			err = errors.Join(err, os.Remove(d.tmp()))
		}
	}()
	if _, err := out.Write(d.header()); err != nil {
		return nil, err
	}
	m := merger{codec: s.codec, step: step, in: in, blocks: old.blocks, out: out}
	if err := errors.Join(m.run(), out.Sync()); err != nil {
		return nil, err
	}
	d.size = int64(len(d.header()))
	return d, d.readBlocks(out)
}

// merger sums the blocks of one file up to another, one range of channels
// after the other, so that memory does not grow with their number.
type merger struct {
	codec  *codec
	step   int64
	in     *os.File
	blocks []placed
	out    *os.File
}

func (m *merger) run() error {
	for _, channels := range m.ranges() {
		if err := m.merge(channelBlock, channels); err != nil {
			return err
		}
	}
	return m.merge(totalBlock, [2]flow.Addr{})
}

// ranges cuts the channels into ranges [from, to) of at most some points; a
// zero end is none.
func (m *merger) ranges() (ranges [][2]flow.Addr) {
	var starts []flow.Addr
	total := 0
	for _, b := range m.blocks {
		if b.kind == channelBlock {
			starts = append(starts, b.first)
			total += b.points
		}
	}
	slices.SortFunc(starts, compareAddr)
	starts = slices.Compact(starts)
	n := min(len(starts), total/mergePoints+1)
	from := flow.Addr{}
	for i := 1; i < n; i++ {
		to := starts[i*len(starts)/n]
		ranges = append(ranges, [2]flow.Addr{from, to})
		from = to
	}
	return append(ranges, [2]flow.Addr{from, {}})
}

// merge writes the points of one kind and range.
func (m *merger) merge(k kind, channels [2]flow.Addr) error {
	from, to := channels[0], channels[1]
	hasEnd := to != flow.Addr{}
	var all []Point
	wanted := func(b *blockInfo) bool {
		return b.kind == k && bytes.Compare(b.last[:], from[:]) >= 0 && (!hasEnd || bytes.Compare(b.first[:], to[:]) < 0)
	}
	err := readBlocks(m.in, m.codec, m.blocks, wanted, func(points []Point) error {
		for i := range points {
			p := &points[i]
			if bytes.Compare(p.Channel[:], from[:]) >= 0 && (!hasEnd || bytes.Compare(p.Channel[:], to[:]) < 0) {
				p.Time = floor(p.Time, m.step)
				all = append(all, *p)
			}
		}
		if len(all) >= 2*mergePoints {
			all = merge(all)
		}
		return nil
	})
	if err != nil {
		return err
	}
	// Each block stands for itself here: the file is whole or not there at all.
	for some := range slices.Chunk(merge(all), blockPoints) {
		if _, err := m.out.Write(m.codec.appendBlocks(nil, k, 0, some, 0)); err != nil {
			return err
		}
	}
	return nil
}

// expire removes the files that are older than they are kept for. A fine one
// stays until there is a coarse one of the same records.
func (s *Store) expire(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for day, d := range s.fine {
		c := s.coarse[day]
		if time.UnixMilli(day+dayMs).Before(now.Add(-KeepFine)) && c != nil && c.known.equal(&d.known) {
			s.remove(s.fine, day)
		}
	}
	for day := range s.coarse {
		if time.UnixMilli(day + dayMs).Before(now.Add(-keepCoarse)) {
			s.remove(s.coarse, day)
		}
	}
}

func (s *Store) remove(days map[int64]*dayFile, day int64) {
	if err := os.Remove(days[day].path); err != nil {
		s.log.Warn("series of a day stay on disk", "path", days[day].path, "err", err, "remedy", "remove the file")
		return
	}
	delete(days, day)
}
