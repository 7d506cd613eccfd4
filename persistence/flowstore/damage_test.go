package flowstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"golang.org/x/sys/unix"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/flowtest"
)

// sealedDir is a closed store with one segment of n records.
func sealedDir(t testing.TB, n int) (dir, file string, want *flow.Batch) {
	t.Helper()
	dir = t.TempDir()
	want = newTraffic(9).batch(n)
	s := openStore(t, dir, Config{})
	appendTo(t, s, want)
	closeStore(t, s)
	return dir, segmentFiles(t, dir)[0], want
}

// readGaps reads everything and returns the records with the view's gaps.
func readGaps(t testing.TB, s *Store) (*flow.Batch, []Gap) {
	t.Helper()
	v := s.View(0, math.MaxInt64)
	defer v.Close()
	all := flow.NewBatch(flow.AllFields)
	for _, p := range v.Parts() {
		if _, err := p.Read(context.Background(), flow.AllFields, func(b *flow.Batch) error {
			all.AppendRows(b, 0, b.Len())
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	return all, v.Unreadable()
}

// Whatever octet of a segment changes, no reader gets a wrong record, and
// what is missing is named with its time range and counted.
func TestFlippedSegment(t *testing.T) {
	t.Parallel()
	dir, file, want := sealedDir(t, pageRows+3000)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(2, 2))
	for i := range flowtest.Rounds(30) {
		at := rng.IntN(len(whole))
		if i%3 == 0 { // most of the structure is at the end
			at = len(whole) - 1 - rng.IntN(min(len(whole), 12_000))
		}
		flipped := bytes.Clone(whole)
		flipped[at] ^= 1 << rng.IntN(8)
		if err := os.WriteFile(file, flipped, 0o600); err != nil {
			t.Fatal(err)
		}
		s := openStore(t, dir, Config{})
		got, gaps := readGaps(t, s)
		lost := 0
		for _, g := range gaps {
			lost += g.Rows
			if !strings.HasSuffix(filepath.ToSlash(file), g.Path) || g.Reason == "" || g.From < trafficStart || g.To < g.From {
				t.Errorf("octet %d: gap %+v", at, g)
			}
		}
		if got.Len()+lost != want.Len() {
			t.Errorf("octet %d: %d records and %d lost of %d", at, got.Len(), lost, want.Len())
		}
		if lost > 0 && s.Stats().Damaged != 1 {
			t.Errorf("octet %d: damage is not counted", at)
		}
		requireSubset(t, at, got, want)
		closeStore(t, s)
	}
}

// requireSubset checks that got is want without whole pages.
func requireSubset(t *testing.T, at int, got, want *flow.Batch) {
	t.Helper()
	from := 0
	switch got.Len() {
	case want.Len(), pageRows, 0:
	case want.Len() - pageRows:
		from = pageRows
	default:
		t.Fatalf("octet %d: %d records are no whole pages", at, got.Len())
	}
	rest := flow.NewBatch(flow.AllFields)
	rest.AppendRows(want, from, from+got.Len())
	requireEqual(t, "flipped", got, rest)
}

func TestVerify(t *testing.T) {
	dir, file, want := sealedDir(t, 2*pageRows)
	s := openStore(t, dir, Config{})
	if gaps, err := readEverything(t, s); len(gaps) != 0 || err != nil {
		t.Errorf("a sound store: %+v, %v", gaps, err)
	}
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte("scratch"), 100); err != nil { // within the times of page 0
		t.Fatal(err)
	}
	v := s.View(0, math.MaxInt64)
	defer v.Close()
	for range 2 {
		if _, err := v.Parts()[0].Read(t.Context(), flow.Fields(flow.Time), func(*flow.Batch) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	gaps, err := readEverything(t, s)
	if len(gaps) != 1 || gaps[0].Rows != want.Len()/2 || err != nil {
		t.Errorf("%+v, %v", gaps, err)
	}
	if diff := cmp.Diff(gaps, v.Unreadable()); diff != "" {
		t.Errorf("a damaged page that is read twice: %s", diff)
	}
}

func TestTruncatedSegment(t *testing.T) {
	for _, c := range []struct {
		name     string
		manifest bool
	}{{"with manifest", true}, {"without", false}} {
		t.Run(c.name, func(t *testing.T) {
			dir, file, want := sealedDir(t, 2000)
			whole, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, keep := range []int{0, 3, 8, len(whole) / 2, len(whole) - 1} {
				if err := os.WriteFile(file, whole[:keep], 0o600); err != nil {
					t.Fatal(err)
				}
				if !c.manifest {
					if err := os.Remove(filepath.Join(dir, manifestName)); err != nil {
						t.Fatal(err)
					}
				}
				s := openStore(t, dir, Config{})
				got, gaps := readGaps(t, s)
				if got.Len() != 0 || len(gaps) != 1 || gaps[0].From > trafficStart || gaps[0].To < trafficStart {
					t.Fatalf("%d octets: %d records, gaps %+v", keep, got.Len(), gaps)
				}
				if c.manifest && gaps[0].Rows != want.Len() {
					t.Errorf("%d octets: %d records missing, want %d", keep, gaps[0].Rows, want.Len())
				}
				if len(s.Stats().Unreadable) != 1 {
					t.Errorf("%d octets: %+v", keep, s.Stats())
				}
				appendTo(t, s, numbered(0, 10)) // nothing else is disturbed
				if n := readAll(t, s, flow.Fields(flow.Bytes)).Len(); n != 10 {
					t.Errorf("%d octets: %d records beside the damaged segment, want 10", keep, n)
				}
				closeStore(t, s)
				for _, f := range segmentFiles(t, dir) {
					if f != file {
						if err := os.Remove(f); err != nil {
							t.Fatal(err)
						}
					}
				}
				removeLine(t, dir, "-4.parquet", "-6.parquet", "-8.parquet", "-10.parquet", "-12.parquet")
			}
		})
	}
}

// removeLine removes the lines of the manifest that contain one of texts.
func removeLine(t testing.TB, dir string, texts ...string) {
	t.Helper()
	name := filepath.Join(dir, manifestName)
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var kept []byte
	for line := range bytes.Lines(b) {
		keep := true
		for _, text := range texts {
			keep = keep && !bytes.Contains(line, []byte(text))
		}
		if keep {
			kept = append(kept, line...)
		}
	}
	if err := os.WriteFile(name, kept, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestMissingSegment(t *testing.T) {
	dir, file, want := sealedDir(t, 500)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	for range 2 { // it stays missing
		s := openStore(t, dir, Config{})
		_, gaps := readGaps(t, s)
		if len(gaps) != 1 || gaps[0].Rows != want.Len() || !strings.Contains(gaps[0].Reason, "missing") {
			t.Errorf("gaps: %+v", gaps)
		}
		closeStore(t, s)
	}
}

func TestNewerFormat(t *testing.T) {
	t.Run("manifest", func(t *testing.T) {
		dir, _, _ := sealedDir(t, 10)
		if err := os.WriteFile(filepath.Join(dir, manifestName), entry{Op: "format", Format: formatVersion + 1}.line(), 0o600); err != nil {
			t.Fatal(err)
		}
		requireOpenFails(t, dir, ErrNewer, "start the weir that wrote it")
	})
	t.Run("journal", func(t *testing.T) {
		dir := crashed(t, 10)
		if err := os.WriteFile(journalFile(t, dir), []byte(journalMagic+"\x02\x00\x00\x00"), 0o600); err != nil {
			t.Fatal(err)
		}
		requireOpenFails(t, dir, ErrNewer, "move the file away")
	})
	t.Run("segment", func(t *testing.T) {
		dir, file, _ := sealedDir(t, 10)
		name := filepath.Join(dir, "2025", "11", "24", "16", "1764000000000-100.parquet")
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		octets, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		length := int(binary.LittleEndian.Uint32(octets[len(octets)-8:]))
		footer := octets[len(octets)-8-length : len(octets)-8]
		at := bytes.Index(footer, []byte(versionKey)) + len(versionKey)
		footer[at+bytes.IndexByte(footer[at:], '1')] = '2'
		sums := octets[len(octets)-16-length:]
		copy(sums, checksums(binary.LittleEndian.Uint32(sums), footer))
		if err := os.WriteFile(name, octets, 0o600); err != nil {
			t.Fatal(err)
		}
		s := openStore(t, dir, Config{})
		got, gaps := readGaps(t, s)
		if got.Len() != 10 || len(gaps) != 1 || !strings.Contains(gaps[0].Reason, "newer version") {
			t.Errorf("%d records, gaps %+v", got.Len(), gaps)
		}
	})
}

// A Parquet file of somebody else is not mistaken for a segment.
func TestForeignFiles(t *testing.T) {
	dir, _, _ := sealedDir(t, 10)
	for _, name := range []string{"mine.parquet", "1764000000000-200.parquet"} {
		if err := parquet.WriteFile(filepath.Join(dir, name), []row{{Time: 1}}); err != nil {
			t.Fatal(err)
		}
	}
	s := openStore(t, dir, Config{})
	got, gaps := readGaps(t, s)
	if got.Len() != 10 || len(gaps) != 1 || !strings.Contains(gaps[0].Reason, "not a flow segment") {
		t.Errorf("%d records, gaps %+v", got.Len(), gaps)
	}
}

func TestSecondProcess(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, Config{})
	requireOpenFails(t, dir, ErrInUse, "stop it or set another data directory")
	if err := Idle(dir); !errors.Is(err, ErrInUse) {
		t.Errorf("Idle: %v, want %v", err, ErrInUse)
	}
	closeStore(t, s)
	for _, idle := range []string{dir, filepath.Join(dir, "none")} {
		if err := Idle(idle); err != nil {
			t.Errorf("Idle: %v", err)
		}
	}
}

func TestUnusableDirectory(t *testing.T) {
	t.Run("a file", func(t *testing.T) {
		name := filepath.Join(t.TempDir(), "flows")
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		requireOpenFails(t, name, nil, "move the file of that name away")
	})
	t.Run("not permitted", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.Chmod(dir, 0); err != nil {
			t.Fatal(err)
		}
		withoutRoot(t)
		requireOpenFails(t, dir, os.ErrPermission, "make it readable and writable")
	})
}

// withoutRoot takes the rights of root over files from the test's thread, if
// it has them.
func withoutRoot(t *testing.T) {
	t.Helper()
	const nobody = 65534
	if os.Getuid() != 0 {
		return
	}
	runtime.LockOSThread()
	was, err := unix.SetfsuidRetUid(nobody)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := unix.SetfsuidRetUid(was); err != nil {
			t.Error(err)
		}
		runtime.UnlockOSThread()
	})
}

// requireOpenFails checks that Open refuses with an error that wraps want and
// names the directory and a remedy.
func requireOpenFails(t *testing.T, dir string, want error, remedy string) {
	t.Helper()
	s, err := Open(dir, Config{})
	if err == nil {
		closeStore(t, s)
		t.Fatal("Open succeeds")
	}
	if want != nil && !errors.Is(err, want) || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), remedy) {
		t.Errorf("error %q lacks %v, the directory or the remedy %q", err, want, remedy)
	}
}

// readEverything returns what of the store cannot be read.
func readEverything(t testing.TB, s *Store) (gaps []Gap, err error) {
	t.Helper()
	for _, seg := range s.segments {
		found, err := s.readWhole(t.Context(), seg, nil)
		if err != nil {
			return gaps, err
		}
		gaps = append(gaps, found...)
	}
	return gaps, nil
}
