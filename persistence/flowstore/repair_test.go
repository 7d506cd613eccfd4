package flowstore

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/flow"
)

// segmented is a closed store of five segments with n records each, numbered
// in their column bytes.
func segmented(t testing.TB, n int) (dir string) {
	t.Helper()
	dir = t.TempDir()
	s := openStore(t, dir, Config{rows: n})
	for i := range 5 {
		b := numbered(uint64(n*i), n)
		for j := range n {
			b.Num(flow.Time)[j] = trafficStart + uint64(i)*60_000 + uint64(j)/1000
		}
		appendTo(t, s, b)
		waitSealed(t, s)
	}
	closeStore(t, s)
	return dir
}

// flipPage changes an octet in the middle of a segment, within some page.
func flipPage(t testing.TB, file string) {
	t.Helper()
	octets, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	octets[len(octets)/3] ^= 1
	if err := os.WriteFile(file, octets, 0o600); err != nil {
		t.Fatal(err)
	}
}

func states(all []Info) (states []State) {
	for _, i := range all {
		states = append(states, i.State)
	}
	return states
}

func TestVerifySound(t *testing.T) {
	dir := segmented(t, 2*pageRows+5)
	var last int64
	report, err := Verify(t.Context(), dir, VerifyOptions{Progress: func(done, total int64) {
		if done < last || done > total {
			t.Errorf("progress %d after %d of %d", done, last, total)
		}
		last = done
	}})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Findings) > 0 || report.Segments != 5 || report.Rows != 5*(2*pageRows+5) || last != report.Bytes {
		t.Errorf("%+v, progress to %d", report, last)
	}
}

// A store that runs is listed and verified beside it, and what has not been
// sealed is there too.
func TestReaderBesideTheWriter(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, Config{rows: 1000})
	appendTo(t, s, numbered(0, 1500))
	waitSealed(t, s)
	s.flush()
	r, err := OpenReader(dir, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	requireNumbered(t, readAll(t, r, flow.Fields(flow.Bytes)).Num(flow.Bytes))
	if diff := cmp.Diff([]State{Sealed, Journal}, states(r.List())); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	if err := r.Append(numbered(0, 1)); !errors.Is(err, ErrReadOnly) {
		t.Errorf("Append: %v, want %v", err, ErrReadOnly)
	}
	if report, err := Verify(t.Context(), dir, VerifyOptions{}); err != nil || report.Rows != 1500 || len(report.Findings) > 0 {
		t.Errorf("%+v, %v", report, err)
	}
	if _, err := Repair(t.Context(), dir); !errors.Is(err, ErrInUse) {
		t.Errorf("Repair: %v, want %v", err, ErrInUse)
	}
}

func TestOpenReaderOfNothing(t *testing.T) {
	if _, err := OpenReader(t.TempDir(), Config{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v, want %v", err, fs.ErrNotExist)
	}
}

// Repair keeps what can be read, moves what cannot, and says what is gone;
// answers go on to name it.
func TestRepair(t *testing.T) {
	const n = 4 * pageRows
	dir := segmented(t, n)
	files := segmentFiles(t, dir)
	flipPage(t, files[1])
	if err := os.Truncate(files[2], 1000); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(files[3]); err != nil {
		t.Fatal(err)
	}
	found, err := Verify(t.Context(), dir, VerifyOptions{})
	if err != nil || len(found.Findings) < 3 {
		t.Fatalf("%+v, %v", found, err)
	}
	report, err := Repair(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	lost := 0
	for _, f := range report.Lost {
		lost += f.Rows
	}
	if len(report.Moved) != 2 || report.Salvaged+lost != 3*n || report.Salvaged == 0 || report.Quarantine == "" {
		t.Errorf("%+v: %d lost", report, lost)
	}
	for _, path := range report.Moved {
		if _, err := os.Stat(filepath.Join(dir, report.Quarantine, path)); err != nil {
			t.Error(err)
		}
	}
	requireRepaired(t, dir, 5*n-lost, report.Lost)
	again, err := Repair(t.Context(), dir)
	if err != nil || len(again.Moved)+len(again.Lost) > 0 {
		t.Errorf("a second repair: %+v, %v", again, err)
	}
	requireRepaired(t, dir, 5*n-lost, report.Lost)
}

func requireRepaired(t *testing.T, dir string, rows int, lost []Finding) {
	t.Helper()
	after, err := Verify(t.Context(), dir, VerifyOptions{})
	if err != nil || len(after.Findings) > 0 || after.Rows != uint64(rows) {
		t.Fatalf("after repair: %+v, %v; want %d records", after, err, rows)
	}
	s := openStore(t, dir, Config{})
	defer closeStore(t, s)
	if got := readAll(t, s, flow.Fields(flow.Bytes)).Len(); got != rows {
		t.Errorf("%d records, want %d", got, rows)
	}
	if gaps := s.Stats().Unreadable; len(gaps) != len(lost) {
		t.Errorf("gaps %+v, want those of %+v", gaps, lost)
	}
	if !slices.Contains(states(s.List()), Lost) {
		t.Errorf("the list does not name the loss: %v", states(s.List()))
	}
}

// A manifest that is damaged costs nothing.
func TestRepairManifest(t *testing.T) {
	dir := segmented(t, 100)
	name := filepath.Join(dir, manifestName)
	octets, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	octets[60] ^= 1
	if err := os.WriteFile(name, octets, 0o600); err != nil {
		t.Fatal(err)
	}
	if found, err := Verify(t.Context(), dir, VerifyOptions{}); err != nil || len(found.Findings) != 1 || found.Rows != 500 {
		t.Errorf("%+v, %v", found, err)
	}
	if report, err := Repair(t.Context(), dir); err != nil || len(report.Moved)+len(report.Lost) > 0 {
		t.Errorf("%+v, %v", report, err)
	}
	if found, err := Verify(t.Context(), dir, VerifyOptions{}); err != nil || len(found.Findings) > 0 || found.Rows != 500 {
		t.Errorf("%+v, %v", found, err)
	}
}

// A torn journal is kept as it was, its loss is noted once, for good.
func TestRepairJournal(t *testing.T) {
	dir := crashed(t, 3*journalRows)
	name := journalFile(t, dir)
	octets, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	octets[len(octets)/2] ^= 1
	if err := os.WriteFile(name, octets, 0o600); err != nil {
		t.Fatal(err)
	}
	report, err := Repair(t.Context(), dir)
	if err != nil || len(report.Moved) != 1 || len(report.Lost) != 1 {
		t.Fatalf("%+v, %v", report, err)
	}
	if kept, err := os.ReadFile(filepath.Join(dir, report.Quarantine, report.Moved[0])); err != nil || string(kept) != string(octets) {
		t.Errorf("%d octets in quarantine, %v", len(kept), err)
	}
	for range 2 {
		s := openStore(t, dir, Config{})
		if gaps := s.Stats().Unreadable; len(gaps) != 1 {
			t.Errorf("gaps %+v, want one", gaps)
		}
		closeStore(t, s)
	}
}

func TestGlobMatchesSegmentsOnly(t *testing.T) {
	dir := segmented(t, 4*pageRows)
	flipPage(t, segmentFiles(t, dir)[0])
	if _, err := Repair(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	got, err := filepath.Glob(Glob(dir))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 5 || len(segmentFiles(t, dir)) != 6 {
		t.Errorf("%v of %v", got, segmentFiles(t, dir))
	}
}
