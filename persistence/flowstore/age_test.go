package flowstore

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go/format"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/flowtest"
)

// idleWith is a store without goroutines that has n segments of so many
// believable records, and all of them.
func idleWith(t testing.TB, n, rows int) (*Store, *flow.Batch) {
	t.Helper()
	dir := t.TempDir()
	s := openStore(t, dir, Config{rows: rows})
	all, g := flow.NewBatch(flow.AllFields), newTraffic(7)
	for range n {
		b := g.batch(rows)
		all.AppendRows(b, 0, rows)
		appendTo(t, s, b)
		waitSealed(t, s)
	}
	closeStore(t, s)
	idle := openIdle(t, dir)
	idle.cfg.rows = maxRows
	return idle, all
}

func aged(days int) time.Time {
	return time.UnixMilli(trafficStart).Add(time.Duration(days) * 24 * time.Hour)
}

// ageNow ages all there is, without a rest.
func ageNow(t testing.TB, s *Store, now time.Time) {
	t.Helper()
	for s.ageSome(t.Context(), now) {
	}
}

// Ageing changes neither records nor their order, takes less space, merges
// small segments, and happens once; the next start and other tools see the
// same.
func TestAge(t *testing.T) {
	s, want := idleWith(t, 5, 4000*flowtest.Rounds(10))
	before := s.Stats()
	ageNow(t, s, aged(0))
	if st := s.Stats(); st.Aged != 0 {
		t.Errorf("%d segments are aged on their first day", st.Aged)
	}
	ageNow(t, s, aged(2))
	s.unlinkDoomed()
	st := s.Stats()
	if st.Segments != 1 || st.Aged != 5 || st.Rows != before.Rows || st.Bytes > before.Bytes*95/100 {
		t.Errorf("%d segments, %d octets of %d, %+v", st.Segments, st.Bytes, before.Bytes, st)
	}
	t.Logf("%.1f octets per row, %.1f aged", float64(before.Bytes)/float64(before.Rows), float64(st.Bytes)/float64(st.Rows))
	requireEqual(t, "aged", readAll(t, s, flow.AllFields), want)
	ageNow(t, s, aged(200))
	if again := s.Stats(); again.Aged != 5 {
		t.Errorf("%d segments are aged, of which 5 for the first time", again.Aged)
	}
	closeStore(t, s)
	if n := len(segmentFiles(t, s.dir)); n != 1 {
		t.Errorf("%d files, want 1", n)
	}
	if report, err := Verify(t.Context(), s.dir, VerifyOptions{}); err != nil || len(report.Findings) > 0 || report.Rows != uint64(want.Len()) {
		t.Errorf("%+v, %v", report, err)
	}
	s = openStore(t, s.dir, Config{})
	requireEqual(t, "reopened", readAll(t, s, flow.AllFields), want)
	appendTo(t, s, numbered(0, 10))
	waitFor(t, "sealing", func() bool { s.mu.Lock(); s.rotateLocked(); s.mu.Unlock(); return s.Stats().Sealing == 0 })
	for _, i := range s.List() {
		if i.State == Sealed && strings.Contains(i.Path, "-2.parquet") {
			t.Errorf("%s has a sequence number for the second time", i.Path)
		}
	}
}

// Late segments are not merged with others, nor those of different days, nor
// such as are large enough.
func TestMergeOnlyWhatBelongsTogether(t *testing.T) {
	dir := t.TempDir()
	closeStore(t, openStore(t, dir, Config{}))
	s := openIdle(t, dir)
	s.cfg.rows = 1000
	day := int64(86_400_000)
	for _, seg := range []*segment{
		{sequence: 2, rows: 100, minTime: 0},
		{sequence: 3, rows: 50, minTime: 1},
		{sequence: 4, rows: 300, minTime: 2},
		{sequence: 6, rows: 700, minTime: 3},
		{sequence: 8, rows: 10, minTime: day},
		{sequence: 10, rows: 450, minTime: day + 1},
		{sequence: 12, rows: 450, minTime: day + 2},
		{sequence: 14, rows: 499, minTime: day + 3},
		{sequence: 16, rows: 5, minTime: 2 * day, broken: "x"},
	} {
		seg.maxTime = seg.minTime
		s.segments = append(s.segments, seg)
	}
	var got [][]uint64
	for some := s.comeOfAge(aged(0)); len(some) > 0; some = s.comeOfAge(aged(0)) {
		var group []uint64
		for _, seg := range some {
			group = append(group, seg.sequence)
			seg.revision = 1
		}
		got = append(got, group)
	}
	want := [][]uint64{{2, 4}, {6}, {8, 10, 12}, {14}, {3}}
	if len(got) != len(want) {
		t.Fatalf("groups %v, want %v", got, want)
	}
	for i := range want {
		if len(got[i]) != len(want[i]) || got[i][0] != want[i][0] {
			t.Errorf("groups %v, want %v", got, want)
		}
	}
	s.segments = nil
}

// A reader that began before goes on reading the old segments.
func TestAgeBesideAReader(t *testing.T) {
	s, want := idleWith(t, 3, 20_000)
	v := s.View(0, math.MaxInt64)
	ageNow(t, s, aged(2))
	s.unlinkDoomed()
	if n := len(segmentFiles(t, s.dir)); n != 4 {
		t.Errorf("%d files while a view reads, want 4", n)
	}
	got := flow.NewBatch(flow.AllFields)
	for _, p := range v.Parts() {
		if _, err := p.Read(t.Context(), flow.AllFields, func(b *flow.Batch) error { got.AppendRows(b, 0, b.Len()); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	requireEqual(t, "beside", got, want)
	v.Close()
	s.unlinkDoomed()
	if n := len(segmentFiles(t, s.dir)); n != 1 {
		t.Errorf("%d files after the view, want 1", n)
	}
}

// Whatever step ageing fails or dies at, the records are there once.
func TestAgeFailsAtEveryStep(t *testing.T) {
	t.Parallel()
	for step := 0; ; step++ {
		s, want := idleWith(t, 3, 500)
		n, isReached := 0, false
		s.disk.fault = func(op, string, int) (int, error) {
			if n++; n > step { // and everything after it, as if the process had died
				isReached = true
				return 0, errors.New("it is over")
			}
			return 0, nil
		}
		ageNow(t, s, aged(2))
		requireEqual(t, "going on", readAll(t, s, flow.Fields(flow.Bytes)), onlyBytes(want))
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(s.dir)); err != nil {
			t.Fatal(err)
		}
		s.disk.fault = nil
		again := openStore(t, dir, Config{})
		requireEqual(t, "reopened", readAll(t, again, flow.Fields(flow.Bytes)), onlyBytes(want))
		if gaps := again.Stats().Unreadable; len(gaps) > 0 {
			t.Errorf("step %d: %+v", step, gaps)
		}
		closeStore(t, again)
		if rand.IntN(4) == 0 { // without a manifest, too
			if err := os.Remove(dir + "/" + manifestName); err != nil {
				t.Fatal(err)
			}
			again = openStore(t, dir, Config{})
			requireEqual(t, "rebuilt", readAll(t, again, flow.Fields(flow.Bytes)), onlyBytes(want))
			closeStore(t, again)
		}
		closeStore(t, s)
		if !isReached {
			t.Logf("%d steps", step)
			return
		}
	}
}

// Whatever single step of ageing fails, a process that dies right after leaves
// every record there once.
func TestDeathAfterAgeingFailed(t *testing.T) {
	t.Parallel()
	for step := 1; ; step++ {
		s, want := idleWith(t, 3, 500)
		n, failed := 0, ""
		s.disk.fault = func(o op, path string, octets int) (int, error) {
			if n++; n == step {
				failed = string(o) + " " + path
				return octets / 2, errors.New("input/output error")
			}
			return octets, nil
		}
		s.ageSome(t.Context(), aged(2))
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(s.dir)); err != nil {
			t.Fatal(err)
		}
		again := openStore(t, dir, Config{})
		requireEqual(t, "after failed "+failed, readAll(t, again, flow.Fields(flow.Bytes)), onlyBytes(want))
		closeStore(t, again)
		s.disk.fault = nil
		closeStore(t, s)
		if failed == "" {
			return
		}
	}
}

func onlyBytes(b *flow.Batch) *flow.Batch { return only(b, flow.Bytes) }

// A segment with columns that this version does not know is left as it is.
func TestAgeKeepsWhatItDoesNotKnow(t *testing.T) {
	s, _ := idleWith(t, 1, 100)
	rewriteFooter(t, segmentFiles(t, s.dir)[0], func(meta *format.FileMetaData) { renameColumn("app", "apx")(meta) })
	ageNow(t, s, aged(2))
	if st := s.Stats(); st.Aged != 0 || st.Segments != 1 {
		t.Errorf("%+v", st)
	}
}
