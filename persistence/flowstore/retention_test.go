package flowstore

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/flowtest"
)

// hourly is a store with one segment of 100 records per hour. Its goroutines
// do not run: the test alone retains.
func hourly(t testing.TB, dir string, hours int) *Store {
	t.Helper()
	s := openStore(t, dir, Config{rows: 100})
	for h := range hours {
		b := numbered(uint64(100*h), 100)
		for i := range b.Len() {
			b.Num(flow.Time)[i] = trafficStart + uint64(h)*3_600_000 + uint64(i)
		}
		appendTo(t, s, b)
		waitSealed(t, s)
	}
	closeStore(t, s)
	return openIdle(t, dir)
}

// openIdle is Open without the goroutines.
func openIdle(t testing.TB, dir string) *Store {
	t.Helper()
	s := newStore(dir, Config{Reserve: 1, age: never})
	var err error
	if s.lockFile, err = lock(dir); err != nil {
		t.Fatal(err)
	}
	if err := s.recover(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeStore(t, s) })
	return s
}

func hour(n int) time.Time { return time.UnixMilli(trafficStart).Add(time.Duration(n) * time.Hour) }

func TestRetentionByAge(t *testing.T) {
	dir := t.TempDir()
	s := hourly(t, dir, 5)
	s.SetLimits(Limits{MaxAge: 2 * time.Hour})
	s.retain(hour(4))
	if st := s.Stats(); st.Segments != 3 || st.Removed != 2 || st.Oldest != hour(2).UnixMilli() {
		t.Errorf("%+v", st)
	}
	if n := len(segmentFiles(t, dir)); n != 3 {
		t.Errorf("%d files, want 3", n)
	}
	if _, err := os.Stat(filepath.Join(dir, "2025/11/24/16")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("empty folder of an hour: %v", err)
	}
	s.retain(hour(1000))
	if st := s.Stats(); st.Segments != 1 || st.Oldest != hour(4).UnixMilli() {
		t.Errorf("the newest goes too: %+v", st)
	}
}

func TestRetentionByQuota(t *testing.T) {
	dir := t.TempDir()
	s := hourly(t, dir, 5)
	each := s.Stats().Bytes / 5
	quota := 3*each + each/2
	s.SetLimits(Limits{Quota: quota})
	s.retain(hour(5))
	if st := s.Stats(); st.Segments != 3 || st.Bytes > quota || st.Oldest != hour(2).UnixMilli() {
		t.Errorf("%+v", st)
	}
	s.SetLimits(Limits{Quota: 1})
	s.retain(hour(5))
	if st := s.Stats(); st.Segments != 1 {
		t.Errorf("the newest goes too: %+v", st)
	}
	closeStore(t, s)
	s = openStore(t, dir, Config{})
	if st := s.Stats(); st.Segments != 1 || len(st.Unreadable) != 0 {
		t.Errorf("after reopening: %+v", st)
	}
}

// Files stay until the last view lets go of them.
func TestRetentionWaitsForReaders(t *testing.T) {
	dir := t.TempDir()
	s := hourly(t, dir, 3)
	v := s.View(0, math.MaxInt64)
	s.SetLimits(Limits{Quota: 1})
	s.retain(hour(3))
	if n := len(segmentFiles(t, dir)); n != 3 {
		t.Fatalf("%d files while a view is open, want 3", n)
	}
	rows := 0
	for _, p := range v.Parts() {
		if _, err := p.Read(context.Background(), flow.Fields(flow.Bytes), func(b *flow.Batch) error {
			rows += b.Len()
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if rows != 300 || len(v.Unreadable()) != 0 {
		t.Errorf("%d records, %v", rows, v.Unreadable())
	}
	v.Close()
	v.Close()
	s.unlinkDoomed()
	if n := len(segmentFiles(t, dir)); n != 1 {
		t.Errorf("%d files after the view was closed, want 1", n)
	}
}

// smallDisk is a file system of its own with the given size.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		flowtest.Missing(t, "a small file system needs the right to mount: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// On a full disk Append refuses, loses nothing it has taken, and takes flows
// again when there is space.
func TestFullDisk(t *testing.T) {
	dir := smallDisk(t, "2m")
	s := openStore(t, dir, Config{rows: 20_000})
	taken := uint64(0)
	waitFor(t, "filling the disk", func() bool {
		b := noise(taken, 500)
		err := s.Append(b)
		if err == nil {
			taken += uint64(b.Len())
			return false
		}
		if !errors.Is(err, ErrFull) {
			t.Fatal(err)
		}
		return true
	})
	if st := s.Stats(); st.Full == nil && st.SealErrors == 0 {
		t.Errorf("%+v", st)
	}
	requireNumbered(t, readAll(t, s, flow.Fields(flow.Packets)).Num(flow.Packets))

	if err := unix.Mount("tmpfs", dir, "tmpfs", unix.MS_REMOUNT, "size=64m"); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "recovery", func() bool { return s.Append(noise(taken, 500)) == nil })
	closeStore(t, s)
	s = openStore(t, dir, Config{})
	got := readAll(t, s, flow.Fields(flow.Packets)).Num(flow.Packets)
	requireNumbered(t, got)
	if uint64(len(got)) != taken+500 {
		t.Errorf("%d records, want %d", len(got), taken+500)
	}
	closeStore(t, s)
}

// noise is numbered in its column packets and does not compress.
func noise(from uint64, n int) *flow.Batch {
	b := flow.NewBatch(flow.Fields(flow.Time, flow.Packets, flow.SrcAddr, flow.DstAddr, flow.App))
	b.Extend(n)
	rng := newTraffic(from).rng
	for i := range n {
		b.Num(flow.Time)[i] = trafficStart
		b.Num(flow.Packets)[i] = from + uint64(i)
		b.Num(flow.App)[i] = rng.Uint64()
		for j := range 16 {
			b.Addr(flow.SrcAddr)[i][j], b.Addr(flow.DstAddr)[i][j] = byte(rng.Uint64()), byte(rng.Uint64())
		}
	}
	return b
}

// With retention a full disk costs the oldest flows, not the newest.
func TestFullDiskWithQuota(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t, "8m")
	s := openStore(t, dir, Config{rows: 10_000, Limits: Limits{Quota: 3 << 20}})
	for from := uint64(0); from < 300_000; from += 1000 {
		waitFor(t, "append", func() bool {
			err := s.Append(noise(from, 1000))
			if err != nil && !errors.Is(err, ErrFull) {
				t.Fatal(err)
			}
			return err == nil
		})
	}
	waitFor(t, "removal", func() bool { return s.Stats().Removed > 0 })
	closeStore(t, s)
}

// Retention makes room before the disk is full: the oldest go, those that the
// operator wants kept stay, and then Append refuses by name.
func TestRetentionMakesRoom(t *testing.T) {
	dir := t.TempDir()
	s := hourly(t, dir, 6)
	each := s.Stats().Bytes / 6
	s.cfg.Reserve = 8 * each
	for _, c := range []struct {
		name       string
		free       int64
		keep       time.Duration
		kept, room int
	}{
		{"enough", 11 * each, 0, 6, 0},
		{"nothing old enough", 9 * each, 6 * time.Hour, 6, 0},
		{"as much as is wanted", 9*each + each/2, 3 * time.Hour, 3, 3},
		{"all but the newest", 0, 0, 1, 5},
	} {
		s.disk.space = func() int64 { return c.free }
		s.cfg.Keep = c.keep
		s.retain(hour(6))
		if st := s.Stats(); st.Segments != c.kept || st.MadeRoom != uint64(c.room) {
			t.Errorf("%s: %d segments, %d went to make room, want %d and %d", c.name, st.Segments, st.MadeRoom, c.kept, c.room)
		}
	}
}

// What readers hold back counts as room: not more goes than must.
func TestRetentionCountsWhatIsLeaving(t *testing.T) {
	s := hourly(t, t.TempDir(), 6)
	each := s.Stats().Bytes / 6
	s.cfg.Reserve = 4 * each
	s.disk.space = func() int64 { return 4 * each }
	v := s.View(0, math.MaxInt64)
	defer v.Close()
	for range 3 {
		s.retain(hour(6))
	}
	if st := s.Stats(); st.Segments < 3 || st.Segments > 4 {
		t.Errorf("%d segments are left of 6", st.Segments)
	}
}

// The reserve keeps the disk from filling up to the brim.
func TestReserve(t *testing.T) {
	s := openStore(t, t.TempDir(), Config{Reserve: math.MaxInt64})
	waitFor(t, "refusal", func() bool { return errors.Is(s.Append(numbered(0, 1)), ErrFull) })
}

// Limits change at run time: what they no longer allow goes, and the new ones
// stay in force.
func TestSetLimits(t *testing.T) {
	s := hourly(t, t.TempDir(), 5)
	each := s.Stats().Bytes / 5
	for _, c := range []struct {
		limits Limits
		kept   int
	}{
		{Limits{}, 5},
		{Limits{MaxAge: 4 * time.Hour, Quota: 4*each + each/2}, 4},
		{Limits{MaxAge: 2 * time.Hour}, 3},
		{Limits{Quota: 5 * each}, 3},
	} {
		s.SetLimits(c.limits)
		s.retain(hour(4))
		if st := s.Stats(); st.Segments != c.kept || st.Limits != c.limits {
			t.Errorf("%+v: %d segments, want %d; in force %+v", c.limits, st.Segments, c.kept, st.Limits)
		}
	}
}
