package seriesstore

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/weir/flowio/flow"
)

const (
	// KeepFine is how long the series has points every 30 seconds: three months.
	KeepFine = 92 * 24 * time.Hour

	// keepCoarse is how long it has points every 5 minutes: five years.
	keepCoarse = 1827 * 24 * time.Hour
)

var (
	// ErrTooFine reports that the points of a time are coarser than the step
	// that was asked for.
	ErrTooFine = errors.New("no points of this step are kept for so long")

	// ErrDamaged reports that the points of a day cannot be read.
	ErrDamaged = errors.New("points are damaged")
)

// Store is one directory of series. All its methods may be called
// concurrently.
type Store struct {
	dir   string
	log   *slog.Logger
	codec *codec

	mu      sync.Mutex         // guards what follows
	fine    map[int64]*dayFile // by day
	coarse  map[int64]*dayFile // likewise
	damaged map[int64]bool     // days of which a file was given up
	has     generations        // of all files
}

// Open opens the series in dir, which it creates if need be. Files that are
// damaged are put aside under another name; the errors are those of a
// directory that cannot be used.
func Open(dir string, log *slog.Logger) (*Store, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &Store{
		dir: filepath.Clean(dir), log: log.With("component", "seriesstore"), codec: newCodec(),
		fine: map[int64]*dayFile{}, coarse: map[int64]*dayFile{}, damaged: map[int64]bool{},
	}
	for step, days := range map[int64]map[int64]*dayFile{Fine: s.fine, Coarse: s.coarse} {
		if err := s.load(step, days); err != nil {
			return nil, fmt.Errorf("series store %s: %w; check that the directory is the unit's own and its disk healthy", dir, err)
		}
	}
	return s, nil
}

// load finds the files of one step.
func (s *Store) load(step int64, days map[int64]*dayFile) error {
	folder := filepath.Dir(dayPath(s.dir, step, 0))
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return err
	}
	names, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, name := range names {
		text, ext := strings.TrimSuffix(name.Name(), damagedSuffix), filepath.Ext(name.Name())
		at, err := time.Parse("2006-01-02", strings.TrimSuffix(text, suffix))
		switch {
		case err != nil:
		case ext == damagedSuffix:
			s.damaged[at.UnixMilli()] = true
		case ext == suffix:
			if err := s.loadDay(step, at.UnixMilli(), days); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Store) loadDay(step, day int64, days map[int64]*dayFile) error {
	d, err := loadDay(s.dir, step, day)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil // the next append begins it anew
	case errors.Is(err, ErrCorrupt) || errors.Is(err, ErrNewer):
		return s.giveUp(dayPath(s.dir, step, day), day, err)
	case err != nil:
		return err
	}
	days[day] = d
	s.has.addAll(&d.known)
	return nil
}

// giveUp puts a file aside that cannot be read. Its day is answered from the
// flows, as long as there are some.
func (s *Store) giveUp(path string, day int64, err error) error {
	s.log.Error("series of a day are unreadable and put aside, its flows answer", "path", path, "err", err)
	s.damaged[day] = true
	return os.Rename(path, path+damagedSuffix)
}

// Has reports whether the records of a generation are in the series, the
// newest of which has the given time. Its day is the last that Add writes: if
// that one is there, all are. 0: nobody knows, any day counts.
func (s *Store) Has(generation uint64, newest int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	day := floor(newest, dayMs)
	if newest == 0 || s.damaged[day] {
		return s.has.has(generation)
	}
	for _, d := range []*dayFile{s.fine[day], s.coarse[day]} {
		if d != nil && d.known.has(generation) {
			return true
		}
	}
	return false
}

// Newest returns the greatest generation that is in the series, 0 if none is.
func (s *Store) Newest() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.has.runs); n > 0 {
		return s.has.runs[n-1][1]
	}
	return 0
}

// Add adds the records of one generation of the flow store, all of them. It
// returns when they are durable. Adding a generation again changes nothing, so
// it may be repeated after an error or a crash. A generation without records
// is not remembered.
func (s *Store) Add(generation uint64, records iter.Seq2[*flow.Batch, error]) error {
	t := newTally()
	for b, err := range records {
		if err != nil {
			return err
		}
		t.add(b)
	}
	days := t.days()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, day := range slices.Sorted(maps.Keys(days)) {
		if err := s.addLocked(generation, day, days[day]); err != nil {
			return fmt.Errorf("series store %s: %w", s.dir, err)
		}
	}
	if len(days) > 0 {
		s.has.add(generation)
	}
	return nil
}

// addLocked adds the points of one day: to its fine file, unless the day is so
// old that only coarse ones are kept.
func (s *Store) addLocked(generation uint64, day int64, points []Point) error {
	d, step, all := s.fine[day], int64(Fine), s.fine
	if d == nil && s.coarse[day] != nil {
		d, step, all, points = s.coarse[day], Coarse, s.coarse, coarser(points)
	}
	if d == nil {
		d = &dayFile{path: dayPath(s.dir, step, day), step: step, day: day}
	}
	if d.known.has(generation) {
		return nil
	}
	if err := d.append(s.codec, generation, points); err != nil {
		return err
	}
	all[day] = d
	return nil
}

// Request asks for points.
type Request struct {
	From, To int64       // Unix milliseconds, [From, To), multiples of Step
	Step     int64       // milliseconds, a multiple of Fine
	Channels []flow.Addr // exporters, ascending; empty: all of them
	Total    bool        // one channel that is the sum of all; Channels must be empty
	Before   uint64      // only of generations below this one; 0: all
	Coarser  bool        // give points of a coarser step where there are no others
}

// Read calls use with points in the range of r, in no order; those of one
// channel, class and time may come in parts. Their times are multiples of the
// step, or of Coarse where only such points are left and r allows it. It fails
// with ErrTooFine if they are and r does not, and with ErrDamaged.
func (s *Store) Read(r Request, use func([]Point) error) error {
	for _, day := range s.days(r.From, r.To) {
		f, err := s.open(r, day)
		if err != nil {
			return err
		}
		if f == nil {
			continue
		}
		if err := errors.Join(s.readDay(r, f, use), f.file.Close()); err != nil {
			return err
		}
	}
	return nil
}

// days returns the days in [from, to) of which something is there or damaged.
func (s *Store) days(from, to int64) []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	days := map[int64]bool{}
	maps.Copy(days, s.damaged)
	for day := range s.fine {
		days[day] = true
	}
	for day := range s.coarse {
		days[day] = true
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(days)), func(day int64) bool { return day+dayMs <= from || day >= to })
}

// openDay is the file of a day as it was at one moment. Blocks that are added
// later are not in it, and a file that takes its place does not concern it.
type openDay struct {
	blocks []placed
	file   *os.File
}

// open chooses and opens the file that answers r for a day: the coarse one if
// it is enough. It is nil if there is none any more.
func (s *Store) open(r Request, day int64) (*openDay, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := time.UnixMilli(day).UTC().Format("2006-01-02")
	fine, coarse := s.fine[day], s.coarse[day]
	isEnough := r.Step%Coarse == 0 && r.From%Coarse == 0 && r.To%Coarse == 0
	var d *dayFile
	switch {
	case s.damaged[day]:
		return nil, fmt.Errorf("series of %s: %w", name, ErrDamaged)
	case fine == nil && coarse == nil:
		return nil, nil
	case coarse != nil && isEnough && (fine == nil || fine.known.equal(&coarse.known)):
		d = coarse
	case fine != nil:
		d = fine
	case r.Coarser:
		d = coarse
	default:
		return nil, fmt.Errorf("series of %s: %w", name, ErrTooFine)
	}
	file, err := os.Open(d.path)
	if err != nil {
		return nil, fmt.Errorf("series of %s: %w: %w", name, ErrDamaged, err)
	}
	return &openDay{slices.Clone(d.blocks), file}, nil
}

func (s *Store) readDay(r Request, d *openDay, use func([]Point) error) error {
	k := channelBlock
	if r.Total {
		k = totalBlock
	}
	wanted := func(b *blockInfo) bool {
		return b.kind == k && (r.Before == 0 || b.generation < r.Before) && b.within(r.Channels)
	}
	err := readBlocks(d.file, s.codec, d.blocks, wanted, func(points []Point) error {
		if points = r.cut(points); len(points) == 0 {
			return nil
		}
		return use(points)
	})
	if errors.Is(err, ErrCorrupt) {
		return fmt.Errorf("series %s: %w: %w", d.file.Name(), ErrDamaged, err)
	}
	return err
}

// cut keeps the points that r asks for and gives them its step.
func (r *Request) cut(points []Point) []Point {
	out := points[:0]
	for i := range points {
		p := points[i]
		if p.Time < r.From || p.Time >= r.To {
			continue
		}
		if len(r.Channels) > 0 {
			if _, ok := slices.BinarySearchFunc(r.Channels, p.Channel, compareAddr); !ok {
				continue
			}
		}
		p.Time = floor(p.Time, r.Step)
		out = append(out, p)
	}
	return out
}

func compareAddr(a, b flow.Addr) int { return strings.Compare(string(a[:]), string(b[:])) }

// Stats is the state of a series store.
type Stats struct {
	Days    int   // with points
	Bytes   int64 // of files
	Points  uint64
	Damaged int // days of which a file was given up
}

// Stats returns the state of the store.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Stats{Damaged: len(s.damaged)}
	days := map[int64]bool{}
	for _, files := range []map[int64]*dayFile{s.fine, s.coarse} {
		for day, d := range files {
			days[day] = true
			st.Bytes += d.size
			for _, b := range d.blocks {
				st.Points += uint64(b.points)
			}
		}
	}
	st.Days = len(days)
	return st
}
