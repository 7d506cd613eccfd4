package filter

import (
	"encoding/csv"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/flowtest"
)

// corpusFlows reads testdata/flows.csv.
func corpusFlows(t testing.TB) *flow.Batch {
	t.Helper()
	file, err := os.Open("testdata/flows.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	b := flow.NewBatch(flow.AllFields)
	b.Extend(len(lines) - 1)
	for column, name := range lines[0] {
		f, ok := flow.FieldByName(name)
		if !ok {
			t.Fatalf("flows.csv has a column %q", name)
		}
		for i, line := range lines[1:] {
			setField(t, b, f, i, line[column])
		}
	}
	return b
}

func setField(t testing.TB, b *flow.Batch, f flow.Field, row int, text string) {
	t.Helper()
	if text == "" {
		return
	}
	var err error
	switch {
	case f.IsAddr():
		var a netip.Addr
		a, err = netip.ParseAddr(text)
		b.Addr(f)[row] = flow.AddrFrom(a)
	case f == flow.SrcMAC || f == flow.DstMAC:
		b.Num(f)[row], _ = parseMAC(text)
	default:
		b.Num(f)[row], err = strconv.ParseUint(text, 10, 64)
	}
	if err != nil {
		t.Fatalf("flows.csv: %v", err)
	}
}

// match is a line of testdata/matches.txt.
type match struct {
	text     string
	rows     []int // of flows.csv, from 1
	asNfdump bool
}

func corpusMatches(t testing.TB) (matches []match) {
	t.Helper()
	file, err := os.ReadFile("testdata/matches.txt")
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(string(file), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		parts := strings.SplitN(line, "\t", 3)
		if len(parts) != 3 {
			t.Fatalf("matches.txt line %d has %d columns", i+1, len(parts))
		}
		m := match{asNfdump: parts[0] == "nfdump", text: strings.ReplaceAll(parts[2], `\n`, "\n")}
		for _, word := range strings.Fields(parts[1]) {
			n, err := strconv.Atoi(word)
			if err != nil {
				t.Fatalf("matches.txt line %d: %v", i+1, err)
			}
			m.rows = append(m.rows, n)
		}
		matches = append(matches, m)
	}
	return matches
}

// TestMatches holds the meaning of the language that other implementations of
// it share.
func TestMatches(t *testing.T) {
	flows := corpusFlows(t)
	for _, m := range corpusMatches(t) {
		e, err := Parse(m.text)
		if err != nil {
			t.Errorf("%q: %v", m.text, err)
			continue
		}
		if got := fromOne(e.Match(flows, nil)); !slices.Equal(got, m.rows) {
			t.Errorf("%q matches %v, want %v", m.text, got, m.rows)
		}
		checkNormalForm(t, e)
	}
}

func fromOne(rows []int) []int {
	for i := range rows {
		rows[i]++
	}
	return rows
}

// TestMatchesOfNfdump proves the lines of matches.txt that say so.
func TestMatchesOfNfdump(t *testing.T) {
	flowtest.Programs(t, "nfcapd", "nfdump")
	flows := corpusFlows(t)
	dir := collect(t, exportV9(flows))
	rowOf := map[uint64]int{} // a flow is known by its bytes
	for i, v := range flows.Num(flow.Bytes) {
		rowOf[v] = i + 1
	}
	for _, m := range corpusMatches(t) {
		if !m.asNfdump {
			continue
		}
		var got []int
		for _, v := range nfdump(t, dir, m.text) {
			got = append(got, rowOf[v])
		}
		slices.Sort(got)
		if diff := cmp.Diff(m.rows, got); diff != "" {
			t.Errorf("%q: nfdump chooses %v, want %v", m.text, got, m.rows)
		}
	}
}
