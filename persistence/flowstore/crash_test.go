package flowstore

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/flowtest"
)

// appenderDir makes the test binary append to the store named by this
// variable until it is killed, see TestMain.
const appenderDir = "WEIR_TEST_APPENDER_DIR"

// mayLose is how much of the newest a kill may take.
const mayLose = time.Second

func TestMain(m *testing.M) {
	if dir := os.Getenv(appenderDir); dir != "" {
		fmt.Fprintln(os.Stderr, runAppender(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// runAppender numbers records in their column bytes, from the number of those
// in the store on, and prints how many were appended.
func runAppender(dir string) error {
	s, err := Open(dir, Config{Reserve: 1, rows: 5000})
	if err != nil {
		return err
	}
	next := s.Stats().Rows
	for {
		b := numbered(next, 137)
		if err := s.Append(b); err != nil {
			return err
		}
		next += uint64(b.Len())
		fmt.Println(next)
	}
}

func numbered(from uint64, n int) *flow.Batch {
	b := flow.NewBatch(flow.Fields(flow.Time, flow.Bytes, flow.SrcAddr))
	b.Extend(n)
	for i := range n {
		b.Num(flow.Time)[i] = trafficStart + (from+uint64(i))/10
		b.Num(flow.Bytes)[i] = from + uint64(i)
		b.Addr(flow.SrcAddr)[i] = addr4(uint32(i))
	}
	return b
}

// After kill -9 at any moment the store has every record up to some number
// once, and all that were appended more than mayLose before.
func TestKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for round := range 3 {
		kept := killAppender(t, dir, time.Duration(300+rand.IntN(300))*time.Millisecond)
		s := openStore(t, dir, Config{})
		got := readAll(t, s, flow.Fields(flow.Bytes)).Num(flow.Bytes)
		requireNumbered(t, got)
		if uint64(len(got)) < kept {
			t.Errorf("round %d: %d records, but %d were appended in good time", round, len(got), kept)
		}
		for _, g := range s.Stats().Unreadable { // the block that was being written
			if g.Rows > journalRows {
				t.Errorf("round %d: unreadable: %+v", round, g)
			}
		}
		if round%2 == 0 { // or the next appender finds what is not sealed yet
			waitSealed(t, s)
		}
		closeStore(t, s)
		requireClean(t, dir)
	}
}

// killAppender runs an appender for a while and returns how many records it
// had appended mayLose before it was killed.
func killAppender(t *testing.T, dir string, after time.Duration) (kept uint64) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), appenderDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	var killAt time.Time
	for lines.Scan() {
		now := time.Now()
		if killAt.IsZero() {
			killAt = now.Add(mayLose + after)
		}
		if killAt.Sub(now) > mayLose {
			if kept, err = strconv.ParseUint(strings.TrimSpace(lines.Text()), 10, 64); err != nil {
				t.Fatal(err)
			}
		}
		if now.After(killAt) {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	_, _ = io.Copy(io.Discard, out)
	_ = cmd.Wait() // killed
	if kept == 0 {
		t.Fatal("the appender did nothing")
	}
	return kept
}

// requireNumbered checks that numbers are 0, 1, 2 and so on, in any order of
// segments.
func requireNumbered(t testing.TB, numbers []uint64) {
	t.Helper()
	seen := make([]bool, len(numbers))
	for _, n := range numbers {
		if n >= uint64(len(seen)) || seen[n] {
			t.Fatalf("record %d is there twice, or one of the %d before it is missing", n, len(seen))
		}
		seen[n] = true
	}
}

// requireClean checks that a closed store leaves neither journals nor
// temporary files.
func requireClean(t testing.TB, dir string) {
	t.Helper()
	for _, d := range []string{journalDir, tmpDir} {
		names, err := os.ReadDir(filepath.Join(dir, d))
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range names {
			t.Errorf("left over: %s/%s", d, n.Name())
		}
	}
}

// crashed is a store as a crash right after the last append leaves it: its
// records are in the journal alone.
func crashed(t testing.TB, rows int) (dir string) {
	t.Helper()
	dir = t.TempDir()
	s := openStore(t, dir, Config{})
	for from := 0; from < rows; from += 100 {
		appendTo(t, s, numbered(uint64(from), min(100, rows-from)))
	}
	s.flush()
	copyDir := t.TempDir()
	if err := os.CopyFS(copyDir, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return copyDir
}

func journalFile(t testing.TB, dir string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, journalDir, "*"+journalSuffix))
	if err != nil || len(names) != 1 {
		t.Fatalf("journals: %v, %v", names, err)
	}
	return names[0]
}

func TestReplay(t *testing.T) {
	dir := crashed(t, 10_000)
	s := openStore(t, dir, Config{})
	if st := s.Stats(); st.Recovered != 10_000 || st.LostAtRecovery != 0 {
		t.Errorf("%+v", st)
	}
	requireNumbered(t, readAll(t, s, flow.Fields(flow.Bytes)).Num(flow.Bytes))
	closeStore(t, s)
	requireClean(t, dir)
}

// A journal cut at any place, or with any octet changed, gives a prefix; what
// its headers still tell is counted as lost.
func TestTornJournal(t *testing.T) {
	t.Parallel()
	const rows = 3 * journalRows
	whole := crashed(t, rows)
	octets, err := os.ReadFile(journalFile(t, whole))
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range flowtest.Rounds(40) {
		torn := append([]byte(nil), octets...)
		at := rng.IntN(len(torn))
		if i%2 == 0 {
			torn = torn[:at]
		} else {
			torn[at] ^= 1 << rng.IntN(8)
		}
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(journalFile(t, dir), torn, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(dir, Config{Reserve: 1, age: never})
		if i%2 == 1 && at >= len(journalMagic) && at < journalHeader && err != nil {
			continue // a version that is not there yet
		}
		if err != nil {
			t.Fatal(err)
		}
		got := readAll(t, s, flow.Fields(flow.Bytes)).Num(flow.Bytes)
		requireNumbered(t, got)
		st := s.Stats()
		if uint64(len(got)) != st.Recovered {
			t.Errorf("octet %d: %d records, %d recovered", at, len(got), st.Recovered)
		}
		if len(got)+int(st.LostAtRecovery) > rows {
			t.Errorf("octet %d: %d records and %d lost of %d", at, len(got), st.LostAtRecovery, rows)
		}
		isGap := len(st.Unreadable) > 0
		if isGap != (st.LostAtRecovery > 0) {
			t.Errorf("octet %d: %d lost, gaps %v", at, st.LostAtRecovery, st.Unreadable)
		}
		closeStore(t, s)
		requireClean(t, dir)
	}
}

// Between the rename of a segment and the end of its journal both hold the
// same records.
func TestJournalOfSealedSegment(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(t *testing.T, dir string)
	}{
		{"manifest knows", func(*testing.T, string) {}},
		{"manifest does not know", func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, manifestName)); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := crashed(t, 1000)
			name := journalFile(t, dir)
			journal, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			closeStore(t, openStore(t, dir, Config{}))
			if err := os.WriteFile(name, journal, 0o600); err != nil {
				t.Fatal(err)
			}
			c.damage(t, dir)
			s := openStore(t, dir, Config{})
			if n := readAll(t, s, flow.Fields(flow.Bytes)).Len(); n != 1000 {
				t.Errorf("%d records, want 1000", n)
			}
			appendTo(t, s, numbered(1000, 10))
			closeStore(t, s)
			requireClean(t, dir)
			if n := len(segmentFiles(t, dir)); n != 2 {
				t.Errorf("%d segments, want 2", n)
			}
		})
	}
}

func TestLeftoversAreCleared(t *testing.T) {
	dir := t.TempDir()
	closeStore(t, openStore(t, dir, Config{}))
	if err := os.WriteFile(filepath.Join(dir, tmpDir, "1-2.parquet"), []byte("PAR1"), 0o600); err != nil {
		t.Fatal(err)
	}
	closeStore(t, openStore(t, dir, Config{}))
	requireClean(t, dir)
}

// The manifest saves opening files and knows nothing else: without it, or with
// a torn one, the store is the same.
func TestManifestIsRebuilt(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, Config{rows: 100})
	for i := range 5 {
		appendTo(t, s, numbered(uint64(100*i), 100))
		waitSealed(t, s)
	}
	closeStore(t, s)
	name := filepath.Join(dir, manifestName)
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, keep := range []int{0, 1, 40, len(whole) / 2, len(whole) - 1, len(whole)} {
		if err := os.WriteFile(name, whole[:keep], 0o600); err != nil {
			t.Fatal(err)
		}
		s := openStore(t, dir, Config{})
		if st := s.Stats(); st.Segments != 5 || len(st.Unreadable) != 0 {
			t.Errorf("%d octets of the manifest: %+v", keep, st)
		}
		requireNumbered(t, readAll(t, s, flow.Fields(flow.Bytes)).Num(flow.Bytes))
		closeStore(t, s)
		rebuilt, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if string(rebuilt) != string(whole) {
			t.Errorf("%d octets of the manifest: rebuilt as\n%swant\n%s", keep, rebuilt, whole)
		}
	}
}

// A removal that the manifest knows is finished by the next start.
func TestRemovalIsFinished(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, Config{rows: 100})
	appendTo(t, s, numbered(0, 100))
	waitSealed(t, s)
	appendTo(t, s, numbered(100, 100))
	waitSealed(t, s)
	oldest := segmentFiles(t, dir)[0]
	octets, err := os.ReadFile(oldest)
	if err != nil {
		t.Fatal(err)
	}
	s.SetLimits(Limits{Quota: 1})
	s.retain(time.UnixMilli(math.MaxInt32))
	if err := os.WriteFile(oldest, octets, 0o600); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	closeStore(t, openStore(t, dir, Config{}))
	if files := segmentFiles(t, dir); len(files) != 1 || files[0] == oldest {
		t.Errorf("segments: %v", files)
	}
}
