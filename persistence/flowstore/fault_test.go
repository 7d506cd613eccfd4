package flowstore

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/weir/flowio/flow"
)

// history is what a store without goroutines goes through, step by step, in
// the same order every time: opening, appending, flushing, syncing, sealing,
// retaining, closing.
type history struct {
	t     testing.TB
	store *Store
	next  uint64 // number of the next record
	kept  uint64 // records below this one are durable: a sync after them has worked
}

const historyRows = 40 // of a segment

// play opens the store in dir and works with it. It ends early when the
// process has died, that is, when every operation fails with errDied.
func (h *history) play(dir string, d disk) error {
	h.store = newStore(dir, Config{Reserve: 1, age: never, rows: historyRows, AgeAfter: 1})
	*h.store.disk = d
	var err error
	if h.store.lockFile, err = lock(dir); err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = unlock(h.store.lockFile) }()
	for try := 0; ; try++ { // a start that fails is tried again, as a supervisor would
		h.store.segments, h.store.sealing, h.store.gaps = nil, nil, nil
		if err = h.store.recover(); err == nil {
			break
		}
		if errors.Is(err, errDied) || try > 3 {
			return err
		}
	}
	e := newSealer()
	for round := range 5 {
		if err := h.append(17); err != nil {
			return err
		}
		h.store.flush()
		h.sync()
		if err := h.store.sealAll(e); errors.Is(err, errDied) {
			return err
		}
		if round == 3 {
			h.store.ageSome(h.t.Context(), time.UnixMilli(trafficStart).Add(48*time.Hour))
		}
		h.store.unlinkDoomed()
	}
	h.store.mu.Lock()
	h.store.rotateLocked()
	h.store.mu.Unlock()
	for try := 0; try < 3; try++ {
		if err := h.store.sealAll(e); err == nil || errors.Is(err, errDied) {
			break
		}
	}
	h.sync()
	return h.store.manifest.close()
}

// append appends n records until the store takes them.
func (h *history) append(n int) error {
	for try := 0; try < 5; try++ {
		err := h.store.Append(numbered(h.next, n))
		if err == nil {
			h.next += uint64(n)
			return nil
		}
		if !errors.Is(err, ErrFull) {
			return err
		}
		h.store.flush() // finds out whether there is room again
		_ = h.store.sealAll(newSealer())
	}
	return errDied
}

func (h *history) sync() {
	err := h.store.syncJournals()
	if err != nil {
		h.store.distrustJournal(err)
		return
	}
	if h.store.Stats().Full == nil {
		h.kept = h.next
	}
}

var errDied = errors.New("the process has died")

// begun is the directory of a store that has been there for a while.
func begun(t testing.TB) string {
	t.Helper()
	dir := withFolders(t, t.TempDir())
	h := history{t: t}
	if err := h.play(dir, disk{}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// requireSurvived opens what is left and checks that every record up to some
// number is there once, and that the number is large enough.
func requireSurvived(t *testing.T, what, dir string, kept, made uint64) {
	t.Helper()
	s := openStore(t, dir, Config{})
	got := readAll(t, s, flow.Fields(flow.Bytes)).Num(flow.Bytes)
	seen := map[uint64]int{}
	for _, n := range got {
		seen[n]++
	}
	for n := range uint64(len(seen)) {
		if seen[n] != 1 {
			t.Fatalf("%s: record %d is there %d times", what, n, seen[n])
		}
	}
	if n := uint64(len(seen)); n < kept || n > made {
		t.Fatalf("%s: %d records, %d were durable and %d made", what, n, kept, made)
	}
	closeStore(t, s)
	if report, err := Verify(t.Context(), dir, VerifyOptions{}); err != nil || len(report.Findings) > 0 {
		t.Fatalf("%s: %+v, %v", what, report, err)
	}
}

// Whatever operation fails once, torn in the middle if it writes, nothing that
// was taken is lost, and nothing is there twice.
func TestEveryOperationFailsOnce(t *testing.T) {
	t.Parallel()
	reasons := []error{syscall.ENOSPC, syscall.EIO}
	for step, isReached := 1, true; isReached; step++ {
		dir, n := withFolders(t, t.TempDir()), 0
		isReached = false
		var failed string
		h := history{t: t}
		err := h.play(dir, disk{fault: func(o op, path string, octets int) (int, error) {
			if n++; n != step {
				return octets, nil
			}
			isReached, failed = true, string(o)+" "+filepath.Base(path)
			return octets / 2, reasons[step%len(reasons)]
		}})
		if err != nil && !isReached {
			t.Fatalf("without a fault: %v", err)
		}
		requireSurvived(t, failed, dir, h.next, h.next)
	}
}

// withFolders gives dir the folders of a store.
func withFolders(t testing.TB, dir string) string {
	t.Helper()
	if err := new(disk).makeDirs(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// power keeps what of a directory a power cut would leave: contents as of the
// last sync of a file, names as of the last sync of their folder.
type power struct {
	t        testing.TB
	root     string
	contents map[uint64][]byte            // by inode
	names    map[string]map[string]uint64 // folder to names to inodes; folders are 0
}

func newPower(t testing.TB, root string) *power {
	p := &power{t: t, root: root, contents: map[uint64][]byte{}, names: map[string]map[string]uint64{}}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			p.syncDir(path)
		} else {
			p.syncFile(path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// done is told of what has worked, see disk.
func (p *power) done(o op, path string) {
	switch o {
	case opSync:
		p.syncFile(path)
	case opSyncDir:
		p.syncDir(path)
	}
}

func (p *power) syncFile(path string) {
	octets, err := os.ReadFile(path)
	if err == nil {
		p.contents[inode(path)] = octets
	}
}

func (p *power) syncDir(path string) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return
	}
	names := map[string]uint64{}
	for _, e := range entries {
		if e.IsDir() {
			names[e.Name()] = 0
		} else {
			names[e.Name()] = inode(filepath.Join(path, e.Name()))
		}
	}
	p.names[path] = names
}

func inode(path string) uint64 {
	var s syscall.Stat_t
	if err := syscall.Stat(path, &s); err != nil {
		return 0
	}
	return s.Ino
}

// restore makes a directory of what the power cut has left. Of a file that was
// never synced, its name is all there is.
func (p *power) restore() string {
	to := p.t.TempDir()
	p.restoreInto(p.root, to)
	return to
}

func (p *power) restoreInto(from, to string) {
	if err := os.MkdirAll(to, 0o700); err != nil {
		p.t.Fatal(err)
	}
	for name, node := range p.names[from] {
		path := filepath.Join(to, name)
		if node == 0 {
			p.restoreInto(filepath.Join(from, name), path)
			continue
		}
		if err := os.WriteFile(path, p.contents[node], 0o600); err != nil {
			p.t.Fatal(err)
		}
	}
}

// The machine dies at every step, once with everything that was written on
// disk and once with only what was synced: what a sync has confirmed is there.
func TestDeathAtEveryStep(t *testing.T) {
	t.Parallel()
	steps := 0
	for isReached := true; isReached; steps++ {
		dir, n := withFolders(t, t.TempDir()), 0
		p := newPower(t, dir)
		isReached = false
		h := history{t: t}
		var last string
		err := h.play(dir, disk{done: p.done, fault: func(o op, path string, octets int) (int, error) {
			if n++; n <= steps {
				last = string(o) + " " + strings.TrimPrefix(path, dir)
				return octets, nil
			}
			isReached = true
			return octets / 2, errDied
		}})
		if err != nil && !isReached {
			t.Fatal(err)
		}
		requireSurvived(t, "power cut after "+last, p.restore(), h.kept, h.next)
		requireSurvived(t, "killed after "+last, dir, h.kept, h.next)
	}
	t.Logf("%d steps", steps)
}

// The manifest is nothing that a store needs: without it, at any moment of its
// life, the records are the same.
func TestManifestIsRebuiltAnywhere(t *testing.T) {
	whole := begun(t)
	for _, keep := range []float64{0, 0.3, 0.7, 0.99} {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(dir, manifestName)
		octets, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(name, int64(keep*float64(len(octets)))); err != nil {
			t.Fatal(err)
		}
		requireSurvived(t, "manifest cut", dir, 85, 85)
	}
}
