package flowstore

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"example.com/weir/flowio/flow"
)

const (
	// maxRows closes a segment: 64 whole pages.
	maxRows = 1 << 20

	// maxAge closes a segment that does not fill up, so that other tools see
	// its flows and a crash has little to read back.
	maxAge = 300 * time.Second

	// maxSealing is how many full generations may wait for their segments
	// before Append waits. Each takes about 130 octets of memory per record.
	maxSealing = 2

	// flushEvery writes what the journal's current block has, full or not.
	flushEvery = 250 * time.Millisecond

	// syncEvery is the group fsync. With flushEvery and the fsync itself it
	// keeps what a power cut may take below a second of records.
	syncEvery = 500 * time.Millisecond

	// defaultReserve is the free space below which nothing more is taken: a
	// full generation's journal and the segments that are being sealed from it.
	defaultReserve = 256 << 20
)

var (
	// ErrFull reports that the disk has no room for more flows. Append takes
	// them again as soon as it has.
	ErrFull = errors.New("no space left for flows")

	// ErrClosed reports the use of a store after Close.
	ErrClosed = errors.New("flow store is closed")

	// ErrInUse reports that another process has the store open.
	ErrInUse = errors.New("in use")
)

// Limits says what retention removes, oldest first. The zero value: nothing.
type Limits struct {
	MaxAge time.Duration // segments whose newest record is older; 0 keeps them
	Quota  int64         // the oldest beyond so many octets of segments; 0 means no bound
}

// Config says how much a store keeps. The zero value keeps everything.
type Config struct {
	Limits        // see SetLimits
	Reserve int64 // free octets of the file system that are left alone; 0 means 256 MiB

	// Keep is the age from which segments go, oldest first, when the file
	// system runs out of space: before the reserve would be touched, and
	// though MaxAge and Quota would let them stay. Younger ones stay; then
	// Append refuses. 0 lets all but the newest go.
	Keep time.Duration

	// AgeAfter is the age from which segments are written anew to take less
	// space, small ones merged. 0 means a day; less than that, never.
	AgeAfter time.Duration

	Series Series       // is given the records of every generation; nil: there is none
	Log    *slog.Logger // nil discards

	rows int           // of a segment, for tests; 0 means maxRows
	age  time.Duration // of an open segment, for tests; 0 means maxAge

	fault func(op op, path string, octets int) (int, error) // see disk, for tests
	done  func(op op, path string)
}

// Store is one directory of flow segments. All its methods may be called
// concurrently.
//
// Records that Append has taken are visible to the next View at once, survive
// the death of the process 250 ms later, and that of the machine at most a
// second later.
type Store struct {
	dir      string
	cfg      Config
	log      *slog.Logger
	disk     *disk
	lockFile *os.File
	zstd     *zstd.Decoder
	readers  sync.Pool // of *columnReader
	blocks   blocks
	hot      *hotCache
	manifest *manifest

	order sync.Mutex // of what adds to the manifest and takes segments away; before mu

	stop     chan struct{} // closed by Close
	kick     chan struct{} // work for the sealing goroutine; holds one
	routines sync.WaitGroup

	mu         sync.Mutex // guards what follows
	room       *sync.Cond // a generation was sealed, sealing goes wrong, or the end
	open       *generation
	sealing    []*generation // oldest first
	segments   []*segment
	doomed     []*segment // removed, read no more, still on disk
	leaving    int64      // octets of segments that are removed and still on disk
	behind     []uint64   // generations that the series lacks, ascending
	gaps       []Gap      // journals that could not be read to their end
	full       error      // why nothing is taken; nil while there is room
	sealErr    error      // why the oldest of sealing is still there
	isClosed   bool
	isReadOnly bool // set once, by OpenReader
	counts     counts
	limits     Limits
}

// Open opens the store in dir, which it creates if need be, and brings back
// what a crash has left in journals. Its errors name the directory and what to
// do.
func Open(dir string, cfg Config) (_ *Store, err error) {
	s := newStore(dir, cfg)
	if err := s.disk.makeDirs(dir); err != nil {
		return nil, err
	}
	if s.lockFile, err = lock(dir); err != nil {
		return nil, err
	}
	if err := s.recover(); err != nil {
		return nil, errors.Join(err, unlock(s.lockFile))
	}
	s.routines.Go(s.flushLoop)
	s.routines.Go(s.sealLoop)
	s.routines.Go(s.maintainLoop)
	s.wakeSealer()
	return s, nil
}

func newStore(dir string, cfg Config) *Store {
	if cfg.rows == 0 {
		cfg.rows = maxRows
	}
	if cfg.age == 0 {
		cfg.age = maxAge
	}
	if cfg.Reserve == 0 {
		cfg.Reserve = defaultReserve
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxPageOctets))
	if err != nil {
		panic(err) // only wrong options make it fail
	}
	s := &Store{
		dir: filepath.Clean(dir), cfg: cfg, disk: &disk{fault: cfg.fault, done: cfg.done}, log: cfg.Log.With("component", "flowstore"), zstd: dec,
		limits: cfg.Limits, hot: newHotCache(hotOctets), stop: make(chan struct{}), kick: make(chan struct{}, 1),
	}
	s.room = sync.NewCond(&s.mu)
	return s
}

// columnReader returns a reader whose memory may have served before.
func (s *Store) columnReader() *columnReader {
	r, _ := s.readers.Get().(*columnReader)
	if r == nil {
		r = &columnReader{zstd: s.zstd}
	}
	r.octets, r.addrs, r.values, r.pages = 0, r.addrs[:0], r.values[:0], nil
	return r
}

// Append adds the records of b, which it copies. It fails with ErrFull when
// the disk has no room and with ErrClosed after Close; then none of the
// records were taken. It waits while maxSealing full segments are on their
// way to disk, a second or two when the disk is sound.
//
// A batch of more than a segment's records is taken in pieces; an error may
// then come after some of them.
func (s *Store) Append(b *flow.Batch) error {
	for from := 0; from < b.Len(); from += s.cfg.rows {
		if err := s.appendRows(b, from, min(b.Len(), from+s.cfg.rows)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) appendRows(b *flow.Batch, from, to int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.waitForRoomLocked(to - from); err != nil {
		s.counts.refused += uint64(to - from)
		return err
	}
	for from < to {
		if s.open.rows() == 0 {
			s.open.started = time.Now()
		}
		n := min(to-from, s.cfg.rows-s.open.rows())
		s.open.build(b, from, from+n)
		s.counts.appended += uint64(n)
		if err := s.open.remember(b, from, from+n); err != nil {
			s.fullLocked(fmt.Errorf("journal: %w", err))
		}
		from += n
		if s.open.rows() >= s.cfg.rows {
			s.rotateLocked()
		}
	}
	return nil
}

// waitForRoomLocked returns when n records can be taken whole.
func (s *Store) waitForRoomLocked(n int) error {
	for {
		switch {
		case s.isReadOnly:
			return ErrReadOnly
		case s.isClosed:
			return ErrClosed
		case s.full != nil:
			return s.full
		case s.open.rows()+n < s.cfg.rows || len(s.sealing) < maxSealing:
			return nil
		case s.sealErr != nil:
			return s.sealErr
		}
		s.room.Wait()
	}
}

// fullLocked notes that writing went wrong. Whatever the reason, it is for
// want of a disk that takes records.
func (s *Store) fullLocked(err error) {
	if s.full == nil {
		s.log.Error("flows are refused", "err", err, "remedy", "free space on the file system of "+s.dir+" or lower the quota")
	}
	s.full = fmt.Errorf("flow store %s: %w: %w", s.dir, ErrFull, err)
}

// rotateLocked hands the open generation to the sealing goroutine.
func (s *Store) rotateLocked() {
	if s.open.rows() == 0 {
		return
	}
	if err := s.open.log(); err != nil {
		s.fullLocked(fmt.Errorf("journal: %w", err))
	}
	s.sealing = append(s.sealing, s.open)
	s.open = newGeneration(s.disk, s.dir, s.open.number+1, &s.blocks)
	s.wakeSealer()
}

func (s *Store) wakeSealer() {
	select {
	case s.kick <- struct{}{}:
	default: // it is going to look anyway
	}
}

// Close seals what is open and returns when everything is on disk. If a
// segment cannot be written its records are in the journal, from where the
// next Open takes them. Views that are still open become unreadable only
// where retention has removed their segments. Closing twice is harmless.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.isClosed {
		s.mu.Unlock()
		return nil
	}
	s.isClosed = true
	if s.isReadOnly {
		s.mu.Unlock()
		return nil
	}
	s.rotateLocked()
	s.room.Broadcast()
	s.mu.Unlock()
	close(s.stop)
	s.routines.Wait()

	err := s.syncJournals()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.sealing {
		err = errors.Join(err, g.log())
		if g.journal != nil {
			err = errors.Join(err, g.journal.sync(), g.journal.close())
		}
	}
	if s.sealErr != nil {
		s.log.Warn("closed with records in the journal", "err", s.sealErr)
	}
	return errors.Join(err, s.manifest.close(), unlock(s.lockFile))
}
