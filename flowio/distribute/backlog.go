package distribute

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"example.com/weir/flowio/flow"
)

const (
	// segmentOctets is when a file of a backlog is followed by the next. Files
	// are deleted whole, so this is what it takes beyond what it holds.
	segmentOctets = 8 << 20

	// backlogRead is what one read of a backlog takes; it must hold the longest
	// frame.
	backlogRead = 256 << 10

	// giveUpAfter is how long a file that cannot be read holds up those behind
	// it: whatever passes, such as too many open files, has passed by then.
	giveUpAfter = 30 * time.Second

	segmentSuffix = ".spool"
	positionFile  = "position"
)

// Kinds of frames that a backlog has besides framePacket, which is a packet
// as it came.
const (
	frameMade  = 2 // made of records that were dealt out, and not acknowledged
	frameWhole = 3 // forwarded as it came, and not acknowledged
)

// Backlog keeps packets on disk, oldest first, while no Slave can take them.
// It survives its process, not the loss of power: files are not synced. One
// Distributor after the other may use it.
type Backlog struct {
	dir   string
	quota int64
	log   *slog.Logger

	octets atomic.Int64 // in files, from the first that was not read to its end

	mu       sync.Mutex // guards everything below
	segments []uint64   // numbers of files, oldest first
	sizes    map[uint64]int64
	born     uint64   // number of the first file of this process
	out      *os.File // the newest, nil if none is open
	scratch  []byte
	in       *os.File // the oldest, nil if none is open
	offset   int64    // in it, of the first frame that was not done
	position *os.File
	read     []byte
	failing  time.Time // since when the oldest file cannot be read; zero: it can
}

// OpenBacklog opens the backlog in a directory, with what an earlier process
// left there. Quota bounds its files in octets.
func OpenBacklog(dir string, quota int64, log *slog.Logger) (*Backlog, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	b := &Backlog{dir: dir, quota: quota, log: log, sizes: map[uint64]int64{}, read: make([]byte, backlogRead)}
	names, err := filepath.Glob(filepath.Join(dir, "*"+segmentSuffix))
	if err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	for _, name := range names {
		var n uint64
		info, err := os.Stat(name)
		if _, scanErr := fmt.Sscanf(filepath.Base(name), "%016x"+segmentSuffix, &n); scanErr != nil || err != nil {
			continue
		}
		b.segments, b.sizes[n] = append(b.segments, n), info.Size()
		b.octets.Add(info.Size())
		b.born = max(b.born, n+1)
	}
	slices.Sort(b.segments)
	return b, b.recallPosition()
}

// recallPosition finds how far the oldest file was done.
func (b *Backlog) recallPosition() (err error) {
	if b.position, err = os.OpenFile(filepath.Join(b.dir, positionFile), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	var p [16]byte
	if n, _ := b.position.ReadAt(p[:], 0); n < len(p) || len(b.segments) == 0 {
		return nil // a new one, or one that nothing was read of
	}
	if number := binary.BigEndian.Uint64(p[:]); number == b.segments[0] {
		b.offset = int64(binary.BigEndian.Uint64(p[8:]))
	}
	return nil
}

// IsEmpty reports whether everything is done.
func (b *Backlog) IsEmpty() bool { return b.octets.Load() == 0 }

// Octets returns what the files take.
func (b *Backlog) Octets() int64 { return b.octets.Load() }

// Close closes the files, which stay.
func (b *Backlog) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var errs []error
	for _, f := range []*os.File{b.in, b.out, b.position} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	b.in, b.out = nil, nil
	return errors.Join(errs...)
}

// add appends packets as they came, as far as the quota goes, and returns how
// many it took.
func (b *Backlog) add(packets []flow.Packet) (taken int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range packets {
		p := &packets[i]
		if !b.addLocked(framePacket, &datagram{from: p.Exporter, port: p.Port, received: p.Received, payload: p.Payload}) {
			break
		}
		taken++
	}
	if !b.flushLocked() {
		return 0
	}
	return taken
}

// addUnsent appends a datagram that a Slave has not acknowledged.
func (b *Backlog) addUnsent(g *datagram) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	kind := byte(frameMade)
	if g.cost.packets != nil {
		kind = frameWhole
	}
	return b.addLocked(kind, g) && b.flushLocked()
}

// addLocked puts a frame into memory, to be written by flushLocked.
func (b *Backlog) addLocked(kind byte, g *datagram) bool {
	n := int64(frameHeaderLen + len(g.payload))
	if b.octets.Load()+int64(len(b.scratch))+n > b.quota {
		return false
	}
	at := len(b.scratch)
	b.scratch = appendFrame(b.scratch, 0, g.from, g.port, g.received, g.payload)
	b.scratch[at+5] = kind
	return true
}

// flushLocked writes what was added.
func (b *Backlog) flushLocked() bool {
	defer func() { b.scratch = b.scratch[:0] }()
	if len(b.scratch) == 0 {
		return true
	}
	if b.out == nil || b.sizes[b.newestLocked()] >= segmentOctets {
		if err := b.rotateLocked(); err != nil {
			b.log.Error("writing the spool", "err", err, "remedy", "make room in the data directory")
			return false
		}
	}
	n, err := b.out.Write(b.scratch)
	b.sizes[b.newestLocked()] += int64(n)
	b.octets.Add(int64(n))
	if err != nil {
		b.log.Error("writing the spool", "err", err, "remedy", "make room in the data directory")
		b.out.Close()
		b.out = nil // what was written in part ends its file
		return false
	}
	return true
}

func (b *Backlog) newestLocked() uint64 { return b.segments[len(b.segments)-1] }

// rotateLocked begins a file.
func (b *Backlog) rotateLocked() error {
	if b.out != nil {
		b.out.Close()
		b.out = nil
	}
	number := b.born
	if len(b.segments) > 0 {
		number = max(number, b.newestLocked()+1)
	}
	f, err := os.OpenFile(b.path(number), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	b.out = f
	b.segments, b.sizes[number] = append(b.segments, number), 0
	return nil
}

func (b *Backlog) path(number uint64) string {
	return filepath.Join(b.dir, fmt.Sprintf("%016x", number)+segmentSuffix)
}

// stored is a packet of a backlog.
type stored struct {
	flow.Packet
	kind    byte
	earlier bool  // of an earlier process, whose accounts are gone
	octets  int64 // in the file
}

// next appends the oldest packets to all, at most limit. Payloads are valid
// until the next call. There are none if none are left, or while the disk does
// not let them be read: they stay.
func (b *Backlog) next(all []stored, limit int) []stored {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.segments) > 0 {
		number := b.segments[0]
		n, ok := b.readLocked(number)
		if !ok {
			return all
		}
		octets := 0
		for len(all) < limit {
			kind, f, used := parseStored(b.read[octets:n])
			if used == 0 {
				break
			}
			all = append(all, stored{Packet: f.packet, kind: kind, earlier: number < b.born, octets: int64(used)})
			octets += used
		}
		if len(all) > 0 {
			return all
		}
		b.removeLocked(number) // read to its end, or what follows is no frame
	}
	return nil
}

// readLocked fills the memory for reading from the oldest file. It reports
// false if that cannot be read now. One that is gone, or cannot be read for
// long, is as if it were read to its end: the packets behind it wait.
func (b *Backlog) readLocked(number uint64) (n int, ok bool) {
	err := error(nil)
	if b.in == nil {
		b.in, err = os.Open(b.path(number))
	}
	if err == nil {
		n, err = b.in.ReadAt(b.read, b.offset)
	}
	if err == nil || errors.Is(err, io.EOF) {
		b.failing = time.Time{}
		return n, true
	}
	b.in.Close() // of nil it is harmless
	b.in = nil
	return 0, b.failLocked(err)
}

// failLocked notes that the oldest file cannot be read and reports whether to
// give it up.
func (b *Backlog) failLocked(err error) bool {
	now := time.Now()
	if b.failing.IsZero() {
		b.failing = now
		b.log.Error("reading the spool", "err", err, "remedy", "check the disk of the data directory, and how many files the unit may have open")
	}
	if !errors.Is(err, fs.ErrNotExist) && now.Sub(b.failing) < giveUpAfter {
		return false
	}
	b.failing = time.Time{}
	b.log.Error("a file of the spool is given up", "path", b.path(b.segments[0]), "err", err)
	return true
}

// parseStored reads the frame at the start of octets; used is 0 if there is no
// whole one.
func parseStored(octets []byte) (kind byte, f frame, used int) {
	if len(octets) < frameHeaderLen {
		return 0, frame{}, 0
	}
	kind = octets[5]
	if kind != framePacket && kind != frameMade && kind != frameWhole {
		return 0, frame{}, 0
	}
	octets[5] = framePacket
	f, used, err := parseFrame(octets)
	if err != nil {
		return 0, frame{}, 0
	}
	return kind, f, used
}

// done forgets octets of the oldest file, and the file if that was all of it.
func (b *Backlog) done(octets int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if octets == 0 {
		return
	}
	number := b.segments[0]
	b.offset += octets
	if b.offset >= b.sizes[number] {
		b.removeLocked(number)
		return
	}
	var p [16]byte
	binary.BigEndian.PutUint64(p[:], number)
	binary.BigEndian.PutUint64(p[8:], uint64(b.offset))
	if _, err := b.position.WriteAt(p[:], 0); err != nil {
		b.log.Error("writing the spool", "err", err)
	}
}

// removeLocked deletes the oldest file.
func (b *Backlog) removeLocked(number uint64) {
	if b.in != nil {
		b.in.Close()
		b.in = nil
	}
	if b.out != nil && number == b.newestLocked() {
		b.out.Close()
		b.out = nil
	}
	if err := os.Remove(b.path(number)); err != nil {
		b.log.Error("deleting a file of the spool", "err", err)
	}
	size := b.sizes[number]
	delete(b.sizes, number)
	b.segments, b.offset = b.segments[1:], 0
	b.octets.Add(-size)
}
