package distribute

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
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

	mu         sync.Mutex // guards everything below
	segments   []uint64   // numbers of files, oldest first
	sizes      map[uint64]int64
	born       uint64  // number of the first file of this process
	following  uint64  // number of the next file: none is used twice, position may name an old one
	out        segment // the newest, nil if none is open
	scratch    []byte
	complained time.Time
	in         *os.File // the oldest, nil if none is open
	offset     int64    // in it, of the first frame that was not done
	position   *os.File
	read       []byte
	failing    time.Time // since when the oldest file cannot be read; zero: it can
}

// segment is a file of a backlog that is written: an os.File.
type segment interface {
	io.WriteCloser
	Truncate(size int64) error
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
	if err := b.recallPosition(); err != nil {
		return nil, err
	}
	b.following = b.born
	return b, nil
}

// recallPosition finds how far the oldest file was done.
func (b *Backlog) recallPosition() (err error) {
	if b.position, err = os.OpenFile(filepath.Join(b.dir, positionFile), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	var p [16]byte
	if n, _ := b.position.ReadAt(p[:], 0); n < len(p) {
		return nil // a new one, or one that nothing was read of
	}
	number := binary.BigEndian.Uint64(p[:])
	b.born = max(b.born, number+1)
	if len(b.segments) > 0 && number == b.segments[0] {
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
	for _, f := range []*os.File{b.in, b.position} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	if b.out != nil {
		errs = append(errs, b.out.Close())
	}
	b.in, b.out = nil, nil
	return errors.Join(errs...)
}

// add appends packets as they came, as far as the quota and the disk go, and
// returns how many it took.
func (b *Backlog) add(packets []flow.Packet) (taken int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range packets {
		p := &packets[i]
		if !b.addLocked(framePacket, &datagram{from: p.Exporter, port: p.Port, received: p.Received, payload: p.Payload}) {
			break
		}
	}
	return b.flushLocked()
}

// addUnsent appends a datagram that a Slave has not acknowledged.
func (b *Backlog) addUnsent(g *datagram) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	kind := byte(frameMade)
	if g.cost.packets != nil {
		kind = frameWhole
	}
	return b.addLocked(kind, g) && b.flushLocked() == 1
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

// flushLocked writes what was added and returns how many frames are in the file.
func (b *Backlog) flushLocked() (frames int) {
	defer func() { b.scratch = b.scratch[:0] }()
	if len(b.scratch) == 0 {
		return 0
	}
	if b.out == nil || b.sizes[b.newestLocked()] >= segmentOctets {
		if err := b.rotateLocked(); err != nil {
			b.complainLocked(err)
			return 0
		}
	}
	size := b.sizes[b.newestLocked()]
	n, err := b.out.Write(b.scratch)
	if err != nil {
		b.complainLocked(err)
		if b.out.Truncate(size) == nil {
			return 0
		}
		b.out.Close()
		b.out = nil // what was written in part ends its file
	}
	b.sizes[b.newestLocked()] += int64(n)
	b.octets.Add(int64(n))
	return wholeFrames(b.scratch[:n])
}

// wholeFrames returns how many frames octets begin with.
func wholeFrames(octets []byte) (n int) {
	for len(octets) >= frameHeaderLen {
		length := 4 + int(binary.BigEndian.Uint32(octets))
		if length > len(octets) {
			break
		}
		octets = octets[length:]
		n++
	}
	return n
}

// complainLocked logs now and then that the disk takes nothing.
func (b *Backlog) complainLocked(err error) {
	if now := time.Now(); now.Sub(b.complained) >= complainEvery {
		b.complained = now
		b.log.Error("writing the spool", "err", err, "remedy", "make room in the data directory")
	}
}

func (b *Backlog) newestLocked() uint64 { return b.segments[len(b.segments)-1] }

// rotateLocked begins a file.
func (b *Backlog) rotateLocked() error {
	if b.out != nil {
		b.out.Close()
		b.out = nil
	}
	number := b.following
	f, err := os.OpenFile(b.path(number), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	b.out = f
	b.following++
	b.segments, b.sizes[number] = append(b.segments, number), 0
	return nil
}

func (b *Backlog) path(number uint64) string {
	return filepath.Join(b.dir, fmt.Sprintf("%016x", number)+segmentSuffix)
}
