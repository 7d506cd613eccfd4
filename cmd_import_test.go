package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/weir/persistence/flowstore"
	"example.com/weir/persistence/seriesstore"
)

// captures is a directory with files as nfcapd leaves them.
func captures(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, from := range files {
		octets, err := os.ReadFile(filepath.Join("flowio", "nfcapd", "testdata", from))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), octets, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func runImport(t testing.TB, dataDir string, args ...string) (code int, s importSummary, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), append([]string{"import", "--data-dir", dataDir, "--output", "json"}, args...), &out, &errs)
	if out.Len() > 0 {
		if err := json.Unmarshal(out.Bytes(), &s); err != nil {
			t.Fatal(err)
		}
	}
	return code, s, errs.String()
}

func storedRows(t testing.TB, dataDir string) (rows uint64, series uint64) {
	t.Helper()
	s, err := flowstore.OpenReader(filepath.Join(dataDir, flowsFolder), flowstore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	sums, err := seriesstore.Open(filepath.Join(dataDir, seriesFolder), nil)
	if err != nil {
		t.Fatal(err)
	}
	err = sums.Read(seriesstore.Request{To: 1 << 50, Step: seriesstore.Fine, Total: true}, func(points []seriesstore.Point) error {
		for _, p := range points {
			series += p.Flows
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return s.Stats().Rows, series
}

// Files are imported once; what was imported is in the flows and in the
// series.
func TestImport(t *testing.T) {
	data := t.TempDir()
	dir := captures(t, map[string]string{
		"nfcapd.202611252115": "small.lzo", "nfcapd.202611252120": "small.bz2", "nfcapd.current.77": "small.none", "notes.txt": "small.lz4",
	})
	code, s, stderr := runImport(t, data, dir)
	if code != exitGood || s.Files != 2 || s.Read != 66 || s.Stored != 66 || s.From == nil {
		t.Fatalf("exit code %d, %+v\n%s", code, s, stderr)
	}
	if rows, series := storedRows(t, data); rows != 66 || series != 66 {
		t.Errorf("%d rows, %d in the series, want 66", rows, series)
	}
	code, s, stderr = runImport(t, data, dir)
	if code != exitNegative || s.Refused != 2 || s.Stored != 0 || !strings.Contains(stderr, "imported before, as nfcapd.202611252115") {
		t.Errorf("again: exit code %d, %+v\n%s", code, s, stderr)
	}
	code, s, _ = runImport(t, data, filepath.Join(dir, "nfcapd.202611252115"), "--again")
	if rows, series := storedRows(t, data); code != exitGood || s.Stored != 33 || rows != 99 || series != 99 {
		t.Errorf("with --again: exit code %d, %+v, %d rows, %d in the series", code, s, rows, series)
	}
}

func TestImportOfBadFiles(t *testing.T) {
	data := t.TempDir()
	dir := captures(t, map[string]string{"nfcapd.1": "small.none", "nfcapd.2": "small.lz4"})
	if err := os.Truncate(filepath.Join(dir, "nfcapd.1"), 3000); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "nfcapd.3"), []byte("nothing of the kind"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, s, stderr := runImport(t, data, dir)
	if code != exitNegative || s.Damaged != 1 || s.Refused != 1 || s.Stored != 33 || s.Read != s.Stored {
		t.Errorf("exit code %d, %+v\n%s", code, s, stderr)
	}
	for _, args := range [][]string{{}, {t.TempDir()}, {filepath.Join(dir, "nothing")}} {
		if code, _, stderr := runImport(t, data, args...); code != exitUsage {
			t.Errorf("%q: exit code %d, %s", args, code, stderr)
		}
	}
}

func TestImportIntoARunningUnit(t *testing.T) {
	data := dataDir(t, 1)
	s, err := flowstore.Open(filepath.Join(data, flowsFolder), flowstore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	code, _, stderr := runImport(t, data, captures(t, map[string]string{"nfcapd.1": "small.none"}))
	if code != exitFailed || !strings.Contains(stderr, "stop it, import, and start it again") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}
