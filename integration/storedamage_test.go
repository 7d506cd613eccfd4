package integration

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"example.com/weir/flowio/flowtest/synth"
)

// wantDamageNamed overwrites all pages of a segment: its records are left out,
// the answer says so, and the unit says how many segments are damaged.
func wantDamageNamed(e *extra) {
	d := e.d
	before := d.rested("attic")
	e.stop()
	file := e.largestSegment()
	content, err := os.ReadFile(file)
	if err != nil {
		d.t.Fatal(err)
	}
	sound := bytes.Clone(content)
	footer := len(content) - 8 - int(binary.LittleEndian.Uint32(content[len(content)-8:]))
	clear(content[4:footer])
	if err := os.WriteFile(file, content, 0o600); err != nil {
		d.t.Fatal(err)
	}
	e.start()
	e.awaitUp()
	d.await("the answer to name the damaged segment", 15*time.Second, func() error {
		got, c := d.total("packets > 0", "attic")
		if c.Complete || len(c.Missing) == 0 || c.Missing[0].Unit != e.name || !strings.Contains(c.Missing[0].Reason, filepath.Base(file)) {
			return fmt.Errorf("coverage %+v", c)
		}
		if got.flows >= before.flows {
			return fmt.Errorf("%v of %v answered", got, before)
		}
		return nil
	})
	d.await("the unit to count it", 15*time.Second, func() error {
		if s := d.status(e.name).Status; s.State != "degraded" || !strings.Contains(s.Reason, "1 segments are damaged") {
			return fmt.Errorf("%s: %s", s.State, s.Reason)
		}
		return nil
	})
	e.stop()
	if err := os.WriteFile(file, sound, 0o600); err != nil {
		d.t.Fatal(err)
	}
	e.start()
	e.awaitUp()
	e.awaitActive()
	if got := d.rested("attic"); got != before {
		d.t.Errorf("%v after the segment was restored, before %v", got, before)
	}
}

func (e *extra) largestSegment() (file string) {
	e.d.t.Helper()
	size := int64(0)
	err := filepath.WalkDir(filepath.Join(e.dir, "flows"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".parquet" {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Size() > size {
			file, size = path, info.Size()
		}
		return err
	})
	if err != nil || file == "" {
		e.d.t.Fatalf("no segment: %v", err)
	}
	return file
}

// wantFullDiskSurvived fills the disk of the unit: first the oldest segments
// go, then flows are dropped by name, and when there is room again they are
// stored again.
func wantFullDiskSurvived(e *extra) {
	d := e.d
	ballast := filepath.Join(e.dir, "ballast")
	before := integer(e.store().StoreRows)
	e.leave(ballast, atticReserve+atticReserve/8)
	d.await("retention to make room", 15*time.Second, func() error {
		if rows := integer(e.store().StoreRows); rows >= before {
			return fmt.Errorf("%d records, before %d", rows, before)
		}
		return nil
	})
	x := newQuietExporter(d.t, synth.IPFIX, "127.37.82.2", e.receives())
	x.packets(20)
	d.awaitRecords(x, sums{}, synth.Sent{})

	e.leave(ballast, atticReserve/2)
	d.await("the unit to say that its disk is full", 15*time.Second, func() error {
		if s := d.status(e.name).Status; s.State != "degraded" || !strings.Contains(s.Reason, "flows are not stored") {
			return fmt.Errorf("%s: %s", s.State, s.Reason)
		}
		return nil
	})
	stored := x.synth.Sent()
	x.packets(30)
	d.await("drops by name", 15*time.Second, func() error {
		books, err := d.ledger()
		if err != nil {
			return err
		}
		if n := books[e.name].dropped["store_failed"]; n != 30*perPacket {
			return fmt.Errorf("%d dropped as store_failed, want %d", n, 30*perPacket)
		}
		return nil
	})
	d.wantAccounted()
	if err := os.Remove(ballast); err != nil {
		d.t.Fatal(err)
	}
	e.awaitActive()
	since := x.synth.Sent()
	x.packets(20)
	d.awaitRecords(x, sumsOf(stored), since)
}

// leave makes ballast as large as it must be for the disk to have so many
// octets free.
func (e *extra) leave(ballast string, free int64) {
	e.d.t.Helper()
	var disk unix.Statfs_t
	err := unix.Statfs(e.dir, &disk)
	if err != nil {
		e.d.t.Fatal(err)
	}
	file, err := os.OpenFile(ballast, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		e.d.t.Fatal(err)
	}
	_, err = file.Write(make([]byte, int64(disk.Bavail)*disk.Bsize-free))
	if err := errors.Join(err, file.Close()); err != nil {
		e.d.t.Fatal(err)
	}
}
