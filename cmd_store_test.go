package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"example.com/weir/flowio/flow"
	"example.com/weir/persistence/flowstore"
)

// dataDir is the data directory of a Slave that has stored n flows, one per
// second from 2026-11-25T10:00:00Z, alternately to the ports 443 and 53.
func dataDir(t testing.TB, n int) string {
	t.Helper()
	dir := t.TempDir()
	s, err := flowstore.Open(filepath.Join(dir, flowsFolder), flowstore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	b := flow.NewBatch(flow.AllFields)
	b.Extend(n)
	for i := range n {
		b.Num(flow.Time)[i] = 1_795_600_800_000 + uint64(i)*1000
		b.Num(flow.DstPort)[i] = []uint64{443, 53}[i%2]
		b.Num(flow.Proto)[i] = []uint64{6, 17}[i%2]
		b.Num(flow.Bytes)[i] = uint64(i)
	}
	if err := s.Append(b); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func runStore(t testing.TB, dir string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), append([]string{"store", "--data-dir", dir}, args...), &out, &errs)
	return code, out.String(), errs.String()
}

func TestStoreListAndLs(t *testing.T) {
	dir := dataDir(t, 100)
	code, stdout, stderr := runStore(t, dir, "list")
	if code != exitGood || !strings.Contains(stdout, "2026-11-25T10:00:00Z") || !strings.Contains(stdout, "1 entries, 100 rows") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
	_, stdout, _ = runStore(t, dir, "ls")
	if files, err := filepath.Glob(strings.TrimSpace(stdout)); err != nil || len(files) != 1 {
		t.Errorf("glob %q matches %v, %v", stdout, files, err)
	}
	if code, _, stderr := runStore(t, t.TempDir(), "list"); code != exitFailed || !strings.Contains(stderr, "name the data directory") {
		t.Errorf("no store: exit code %d, %s", code, stderr)
	}
}

func TestStoreVerifyAndRepair(t *testing.T) {
	dir := dataDir(t, 100)
	if code, stdout, _ := runStore(t, dir, "verify"); code != exitGood || !strings.Contains(stdout, "0 findings") {
		t.Errorf("sound: exit code %d\n%s", code, stdout)
	}
	files, _ := filepath.Glob(flowstore.Glob(filepath.Join(dir, flowsFolder)))
	if err := os.Truncate(files[0], 100); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := runStore(t, dir, "verify", "--output", "json")
	var report flowstore.Report
	if err := json.Unmarshal([]byte(stdout), &report); err != nil {
		t.Fatal(err)
	}
	if code != exitNegative || len(report.Findings) != 1 || !strings.Contains(stderr, "weir store repair") {
		t.Errorf("damaged: exit code %d, %+v\n%s", code, report, stderr)
	}
	code, stdout, _ = runStore(t, dir, "repair")
	if code != exitNegative || !strings.Contains(stdout, "quarantine") || !strings.Contains(stdout, "1 ranges are lost") {
		t.Errorf("repair: exit code %d\n%s", code, stdout)
	}
	if code, stdout, _ := runStore(t, dir, "verify"); code != exitGood {
		t.Errorf("repaired: exit code %d\n%s", code, stdout)
	}
}

func TestStoreRepairLeavesARunningUnitAlone(t *testing.T) {
	dir := dataDir(t, 1)
	s, err := flowstore.Open(filepath.Join(dir, flowsFolder), flowstore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	code, _, stderr := runStore(t, dir, "repair")
	if code != exitFailed || !strings.Contains(stderr, "in use by process") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	if code, _, stderr := runStore(t, dir, "list"); code != exitGood {
		t.Errorf("list beside it: exit code %d, %s", code, stderr)
	}
}

func TestStoreExport(t *testing.T) {
	dir, file := dataDir(t, 100), filepath.Join(t.TempDir(), "x.parquet")
	code, _, stderr := runStore(t, dir, "export", "-o", file, "--from", "2026-11-25T10:00:10Z", "--to", "2026-11-25T10:00:20Z", "dst", "port", "443")
	if code != exitGood {
		t.Fatalf("exit code %d, %s", code, stderr)
	}
	type row struct {
		Port  uint16 `parquet:"dstPort"`
		Bytes uint64 `parquet:"bytes"`
	}
	rows, err := parquet.ReadFile[row](file)
	if err != nil || len(rows) != 5 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, r := range rows {
		if r.Port != 443 || r.Bytes < 10 || r.Bytes >= 20 {
			t.Errorf("row %+v", r)
		}
	}
	for _, args := range [][]string{{"export"}, {"export", "-o", file, "port", "foo bar"}, {"export", "-o", file, "--from", "soon"}, {"list", "x"}, {"drop"}, {}} {
		if code, _, stderr := runStore(t, dir, args...); code != exitUsage {
			t.Errorf("%q: exit code %d, %s", args, code, stderr)
		}
	}
}
