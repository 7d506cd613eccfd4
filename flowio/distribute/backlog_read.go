package distribute

import (
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"example.com/weir/flowio/flow"
)

const (
	// backlogRead is what one read of a backlog takes; it must hold the longest
	// frame.
	backlogRead = 256 << 10

	// giveUpAfter is how long a file that cannot be read holds up those behind
	// it: whatever passes, such as too many open files, has passed by then.
	giveUpAfter = 30 * time.Second
)

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
		if left := b.sizes[number] - b.offset; left > 0 {
			b.log.Error("a file of the spool ends in octets that are no packet", "path", b.path(number), "octets", left,
				"remedy", "check the disk of the data directory")
		}
		b.removeLocked(number)
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
