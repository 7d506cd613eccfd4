package integration

import (
	"context"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"example.com/weir/flowio/query"
	"example.com/weir/flowio/scan"
	"example.com/weir/persistence/flowstore"
)

// TestAnswersOfImportedFiles imports files that nfcapd has written, and
// compares filters: what is read from a file must mean what nfdump makes of it.
func TestAnswersOfImportedFiles(t *testing.T) {
	t.Parallel()
	oracle := startNfcapd(t)
	_, packets := makeFlows(feeders(101), nfdumpSeed, time.Now())
	sendPackets(t, packets, oracle.address)
	oracle.stop()
	dir := t.TempDir()
	if said, code := runAs(t, dir, program, "import", oracle.dir, "--data-dir", dir); code != 0 {
		t.Fatalf("weir import: exit code %d: %s", code, said)
	}
	store, err := flowstore.OpenReader(filepath.Join(dir, "flows"), flowstore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for i := 0; i < len(nfdumpFilters); i += 5 { // the language is compared with flows as they come
		filter := nfdumpFilters[i]
		if got, want := imported(t, store, filter), oracle.summary(filter); got != want {
			t.Errorf("%q: %v, nfdump has %v", filter, got, want)
		}
	}
}

// imported asks a store for the sums of what a filter matches.
func imported(t *testing.T, store *flowstore.Store, filter string) sums {
	t.Helper()
	plan, err := query.Request{
		Kind: query.Total, Filter: filter, Metrics: []string{"flows", "packets", "bytes"}, From: "1990-01-01T00:00:00Z",
		To: time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
	}.Resolve(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	view := store.View(plan.From, plan.To)
	defer view.Close()
	var sources []scan.Source
	for _, p := range view.Parts() {
		sources = append(sources, p)
	}
	partial, _, err := scan.Scan(context.Background(), plan.Scan(), sources, scan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	row := plan.Result(partial).Total
	var values [3]uint64
	for i := range values {
		if values[i], err = strconv.ParseUint(row[i].(string), 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	return sums{values[0], values[1], values[2]}
}
