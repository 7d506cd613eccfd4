package distribute

import (
	"encoding/binary"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/netflow5"
)

func openBacklog(t testing.TB, dir string, quota int64) *Backlog {
	t.Helper()
	b, err := OpenBacklog(dir, quota, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// numbered returns packets that carry numbers from first on.
func numbered(first, n int) (packets []flow.Packet) {
	for i := range n {
		packets = append(packets, packet(binary.BigEndian.AppendUint32(make([]byte, 0, 1000), uint32(first+i))[:1000]))
	}
	return packets
}

// drain reads everything and returns the numbers.
func drain(b *Backlog, limit int) (numbers []int) {
	for {
		packets := b.next(nil, limit)
		if len(packets) == 0 {
			return numbers
		}
		octets := int64(0)
		for _, p := range packets {
			numbers = append(numbers, int(binary.BigEndian.Uint32(p.Payload)))
			octets += p.octets
		}
		b.done(octets)
	}
}

// TestBacklogKeepsOrder writes over several files, stops in the middle of
// reading, and goes on with another process.
func TestBacklogKeepsOrder(t *testing.T) {
	dir := t.TempDir()
	const n = 20_000 // about 20 MB
	b := openBacklog(t, dir, 1<<30)
	for i := 0; i < n; i += 100 {
		if got := b.add(numbered(i, 100)); got != 100 {
			t.Fatalf("%d of 100 packets taken", got)
		}
	}
	next := 0
	for range 50 {
		octets := int64(0)
		for _, p := range b.next(nil, 100) {
			if got := int(binary.BigEndian.Uint32(p.Payload)); got != next || p.earlier || p.kind != framePacket {
				t.Fatalf("packet %d: %d, earlier %v, kind %d", next, got, p.earlier, p.kind)
			}
			next++
			octets += p.octets
		}
		b.done(octets)
	}
	b.Close()

	again := openBacklog(t, dir, 1<<30)
	again.add(numbered(n, 10))
	got := drain(again, 77)
	if len(got) != n+10-next {
		t.Fatalf("%d packets left, want %d", len(got), n+10-next)
	}
	for i, number := range got {
		if number != next+i {
			t.Fatalf("packet %d is number %d", next+i, number)
		}
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "*"+segmentSuffix)); len(files) != 0 || !again.IsEmpty() {
		t.Errorf("%v and %d octets are left", files, again.Octets())
	}
}

// TestBacklogIsBounded fills the quota.
func TestBacklogIsBounded(t *testing.T) {
	b := openBacklog(t, t.TempDir(), 1<<20)
	taken := b.add(numbered(0, 2000))
	if taken != 1<<20/(frameHeaderLen+1000) {
		t.Errorf("%d packets of 1,042 octets in 1 MiB", taken)
	}
	if got := len(drain(b, 100)); got != taken {
		t.Errorf("%d packets of %d come back", got, taken)
	}
	if b.add(numbered(0, 10)) != 10 {
		t.Error("an empty backlog takes nothing")
	}
}

// fullDisk is a file of a disk that takes some octets yet. It cannot be cut off
// at its old size if isStuck.
type fullDisk struct {
	segment
	room    int
	isStuck bool
}

func (f *fullDisk) Write(b []byte) (int, error) {
	n, err := f.segment.Write(b[:min(f.room, len(b))])
	f.room -= n
	if err == nil && n < len(b) {
		err = syscall.ENOSPC
	}
	return n, err
}

func (f *fullDisk) Truncate(size int64) error {
	if f.isStuck {
		return syscall.EIO
	}
	f.room = 0
	return f.segment.Truncate(size)
}

// TestBacklogOnAFullDisk has the disk fill up in the middle of a write: what
// add says it took is what is read later, neither more nor less.
func TestBacklogOnAFullDisk(t *testing.T) {
	for _, isStuck := range []bool{false, true} {
		t.Run(fmt.Sprintf("stuck=%t", isStuck), func(t *testing.T) {
			b := openBacklog(t, t.TempDir(), 1<<30)
			var want []int
			for i := 0; i < 10; i++ {
				if i == 1 {
					b.out = &fullDisk{segment: b.out, room: 3500, isStuck: isStuck}
				}
				if i == 7 {
					if full, ok := b.out.(*fullDisk); ok {
						b.out = full.segment // there is room again
					}
				}
				for n := range b.add(numbered(10*i, 10)) {
					want = append(want, 10*i+n)
				}
			}
			got := drain(b, 7)
			if diff := cmp.Diff(want, got); diff != "" || len(got) < 10 {
				t.Errorf("read (-taken +read):\n%s", diff)
			}
			if b.Octets() != 0 {
				t.Errorf("%d octets are left", b.Octets())
			}
		})
	}
}

// TestBacklogWithDamage cuts a file short and writes into it: what is whole
// before the damage comes back, and the next file.
func TestBacklogWithDamage(t *testing.T) {
	dir := t.TempDir()
	b := openBacklog(t, dir, 1<<30)
	b.add(numbered(0, 10))
	b.Close()
	path := filepath.Join(dir, "0000000000000000"+segmentSuffix)
	octets, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	octets[5*(frameHeaderLen+1000)+4] = 99 // version of the sixth frame
	if err := os.WriteFile(path, octets[:len(octets)-3], 0o600); err != nil {
		t.Fatal(err)
	}
	again := openBacklog(t, dir, 1<<30)
	again.add(numbered(100, 2))
	got := drain(again, 100)
	if len(got) != 7 || got[4] != 4 || got[5] != 100 {
		t.Errorf("numbers %v, want 0 to 4, 100 and 101", got)
	}
}

// TestNoSlaveMeansWaiting takes packets without a Slave, loses the process and
// brings a Slave: every record arrives, once, and the books balance.
func TestNoSlaveMeansWaiting(t *testing.T) {
	for _, model := range []string{RoundRobin, HostPair, FlowSource} {
		t.Run(model, func(t *testing.T) {
			dir := t.TempDir()
			first, _ := newKept(t, Config{Model: model, Backlog: openBacklog(t, dir, 1<<30)}, 0)
			sent := 0
			take := func(d *Distributor) {
				for n := range 200 {
					d.Take([]flow.Packet{from(n%20, packet5(netflow5.Header{UnixSecs: 1, FlowSequence: uint32(n)}, sent, 7))})
					sent += 7
				}
			}
			take(first)
			first.Close()
			first.cfg.Backlog.Close()
			balance(t, first)

			d, k := newKept(t, Config{Model: model, Backlog: openBacklog(t, dir, 1<<30)}, 0)
			if err := d.Start(); err != nil {
				t.Fatal(err)
			}
			take(d)
			d.SetSlaves(slaves(2))
			take(d)
			eventually(t, "an empty backlog", func() bool { return d.cfg.Backlog.IsEmpty() })
			take(d)
			d.Close()
			balance(t, d)
			if e := total(d, ledger.Records); int(e.Kept) != sent || e.Missing() != 0 {
				t.Errorf("kept %d of %d records", e.Kept, sent)
			}
			seen := map[uint32]bool{}
			for _, packets := range k.packets {
				for _, p := range packets {
					for at := netflow5.HeaderLen; at < len(p.Payload); at += netflow5.RecordLen {
						n := binary.BigEndian.Uint32(p.Payload[at:])
						if seen[n] {
							t.Fatalf("record %d came twice", n)
						}
						seen[n] = true
					}
				}
			}
			if len(seen) != sent {
				t.Errorf("%d of %d records arrived", len(seen), sent)
			}
		})
	}
}

// TestLastSlaveLeaves stops the only Slave under load and brings it back:
// what it had not acknowledged and what came meanwhile reaches it, once.
func TestLastSlaveLeaves(t *testing.T) {
	ca := newAuthority(t)
	var got inbox
	r := startReceiver(t, ReceiverConfig{TLS: ca.config("a")}, got.take)
	slave, port := slaveA, r.Addr().Port()-portOffset
	d := newTLS(t, Config{Model: RoundRobin, TLS: ca.config("proxy"), Backlog: openBacklog(t, t.TempDir(), 1<<30)}, slave)
	sent := 0
	take := func() {
		for range 500 {
			p := packet(packet5(netflow5.Header{UnixSecs: 1}, sent, 30))
			p.Port = port
			d.Take([]flow.Packet{p})
			sent += 30
		}
	}
	take()
	eventually(t, "some records", func() bool { return got.records() > 0 })
	r.Close()
	take()
	d.SetSlaves(nil)
	take()
	if d.cfg.Backlog.IsEmpty() {
		t.Error("nothing waits on disk")
	}
	startReceiver(t, ReceiverConfig{TLS: ca.config("a"), Address: r.Addr()}, got.take)
	d.SetSlaves([]Slave{slave})
	take()
	eventually(t, "every record", func() bool { return got.records() >= sent })
	time.Sleep(2 * ackEvery)
	d.Close()
	balance(t, d)
	if n := got.records(); n != sent {
		t.Errorf("%d records arrived of %d", n, sent)
	}
	if e := total(d, ledger.Records); int(e.Kept) != sent {
		t.Errorf("kept %d of %d records; dropped %v", e.Kept, sent, e.Dropped)
	}
}

// FuzzBacklog reads hostile files: reading ends, and never takes more than
// there is.
func FuzzBacklog(f *testing.F) {
	b := openBacklog(f, f.TempDir(), 1<<20)
	b.add(numbered(0, 2))
	octets, err := os.ReadFile(filepath.Join(b.dir, "0000000000000000"+segmentSuffix))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(octets)
	f.Add(octets[:100])
	f.Fuzz(func(t *testing.T, file []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "0000000000000007"+segmentSuffix), file, 0o600); err != nil {
			t.Fatal(err)
		}
		b := openBacklog(t, dir, 1<<20)
		octets := int64(0)
		for {
			packets := b.next(nil, 10)
			if len(packets) == 0 {
				break
			}
			n := int64(0)
			for _, p := range packets {
				n += p.octets
			}
			octets += n
			b.done(n)
		}
		if octets > int64(len(file)) || !b.IsEmpty() {
			t.Errorf("%d octets read of %d, %d left", octets, len(file), b.Octets())
		}
	})
}

// TestBacklogWaitsForTheDisk reads a file that cannot be read for a while: its
// packets stay, unless that does not end.
func TestBacklogWaitsForTheDisk(t *testing.T) {
	b := openBacklog(t, t.TempDir(), 1<<20)
	b.add(numbered(0, 10))
	broken := func() {
		f, err := os.Open(b.path(b.segments[0]))
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		b.in = f // a read from it fails
	}
	broken()
	if got := b.next(nil, 100); len(got) > 0 || b.IsEmpty() {
		t.Fatalf("%d packets of a file that cannot be read, the spool is empty: %v", len(got), b.IsEmpty())
	}
	if got := drain(b, 100); len(got) != 10 {
		t.Errorf("%d packets when it can be read again, want 10", len(got))
	}
	b.add(numbered(0, 10))
	broken()
	b.failing = time.Now().Add(-giveUpAfter)
	if got := b.next(nil, 100); len(got) > 0 || !b.IsEmpty() {
		t.Errorf("%d packets, the spool is empty: %v; want that the file is given up", len(got), b.IsEmpty())
	}
}
