package keep

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestWriteAndRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "templates")
	for _, body := range []string{"first", "", "third"} {
		if err := Write(path, "test1", []byte(body)); err != nil {
			t.Fatal(err)
		}
		if got, err := Read(path, "test1"); err != nil || string(got) != body {
			t.Errorf("read %q, %v, want %q", got, err, body)
		}
	}
	if _, err := Read(path, "test2"); !errors.Is(err, ErrDamaged) {
		t.Errorf("another kind: %v, want %v", err, ErrDamaged)
	}
	if _, err := Read(path+"x", "test1"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v, want %v", err, fs.ErrNotExist)
	}
	if left, _ := filepath.Glob(path + ".*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// What a crash left half written is written over, not left beside the next.
func TestWriteAfterACrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "templates")
	if err := os.WriteFile(path+".tmp", make([]byte, 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, "test1", []byte("body")); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(path, "test1"); err != nil || string(got) != "body" {
		t.Errorf("read %q, %v", got, err)
	}
	if left, _ := filepath.Glob(path + "?*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestDamage flips every bit and cuts at every octet.
func TestDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "templates")
	if err := Write(path, "test1", []byte("body")); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(whole) * 8 {
		damaged := append([]byte{}, whole...)
		damaged[i/8] ^= 1 << (i % 8)
		if _, err := open(damaged, "test1"); !errors.Is(err, ErrDamaged) {
			t.Errorf("bit %d flipped: %v", i, err)
		}
		if _, err := open(whole[:i/8], "test1"); !errors.Is(err, ErrDamaged) {
			t.Errorf("cut at %d: %v", i/8, err)
		}
	}
}

func TestWriteNeedsItsFolder(t *testing.T) {
	if err := Write(filepath.Join(t.TempDir(), "missing", "x"), "test1", nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v, want %v", err, fs.ErrNotExist)
	}
}

// thing counts how often it is saved.
type thing struct {
	changes, saves atomic.Uint64
	fails          atomic.Bool
	takes          time.Duration
}

func (t *thing) Changes() uint64 { return t.changes.Load() }
func (t *thing) Save(string) error {
	time.Sleep(t.takes)
	if t.fails.Load() {
		return errors.New("disk full")
	}
	t.saves.Add(1)
	return nil
}

func TestKeeper(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var x thing
		k := Start(slog.New(slog.DiscardHandler), map[string]Thing{"x": &x})
		want := func(what string, after time.Duration, n uint64) {
			t.Helper()
			time.Sleep(after)
			synctest.Wait()
			if got := x.saves.Load(); got != n {
				t.Errorf("%s: saved %d times, want %d", what, got, n)
			}
		}
		want("unchanged", time.Minute, 0)
		x.changes.Add(100)
		want("changed", 200*time.Millisecond, 1)
		want("unchanged again", time.Minute, 1)
		x.fails.Store(true)
		x.changes.Add(1)
		want("disk full", time.Minute, 1)
		x.fails.Store(false)
		want("disk free", 200*time.Millisecond, 2)
		want("an hour later", time.Hour, 3)
		x.changes.Add(1)
		if err := k.Close(); err != nil {
			t.Error(err)
		}
		want("closed", 0, 4)
		if err := k.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestKeeperLeavesTime saves what changes all the time and takes half a second
// to write.
func TestKeeperLeavesTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := thing{takes: 500 * time.Millisecond}
		k := Start(slog.New(slog.DiscardHandler), map[string]Thing{"x": &x})
		const seconds = 100
		for range seconds * 10 {
			x.changes.Add(1)
			time.Sleep(100 * time.Millisecond)
		}
		if n := x.saves.Load(); n < 5 || n > seconds/2 {
			t.Errorf("saved %d times in %d s, half a second each", n, seconds)
		}
		if err := k.Close(); err != nil {
			t.Error(err)
		}
	})
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte(magic + "test1\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, octets []byte) {
		if body, err := open(octets, "test1"); err == nil && len(body) > len(octets) {
			t.Fatal("more than there is")
		}
	})
}
