package integration

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// ofBruteForce are the flows that brute force knows among those of other
// tests.
const ofBruteForce = "exporter net 127.0.37.112/29"

// randomRequests is how many of them one run asks.
const randomRequests = 150

// testAnswersOfBruteForce asks a standalone Slave random questions of all
// kinds about made flows, with random filters, groups, metrics and ranges of
// time, and compares the answers with those of brute force.
func testAnswersOfBruteForce(t *testing.T, d *deployment) {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 1))
	flows, packets := makeFlows(feeders(112), seed, time.Now())
	sendPackets(t, packets, d.listen("hq"))
	d.await(fmt.Sprintf("the flows of seed %d", seed), 20*time.Second, func() error {
		if got, _ := d.total(ofBruteForce, "hq"); got.flows != uint64(len(flows)) {
			return fmt.Errorf("%v of %d flows", got, len(flows))
		}
		return nil
	})
	for i := range randomRequests {
		q := newSlowQuestion(r, flows)
		a := d.ask(q.ask)
		if !a.Coverage.Complete {
			t.Errorf("request %d of seed %d: coverage %+v", i, seed, a.Coverage)
		}
		if err := q.check(a); err != nil {
			asked, _ := json.Marshal(q.ask)
			t.Errorf("request %d of seed %d: %s: %v", i, seed, asked, err)
		}
	}
}

// slowQuestion is a request, and what brute force needs to answer it.
type slowQuestion struct {
	ask      question
	matched  []*made
	groupBy  []string
	metrics  []string
	order    int // of metrics
	limit    int
	scaled   bool
	from, to int64 // Unix milliseconds
	step     int64 // milliseconds; 0 = no series
}

func newSlowQuestion(r *rand.Rand, flows []made) *slowQuestion {
	q := &slowQuestion{scaled: r.IntN(2) == 0, limit: 1 + r.IntN(30)}
	filter := randomFilter(r, flows, q.scaled, 1+r.IntN(3))
	q.chooseTime(r, flows)
	for i := range flows {
		m := &flows[i]
		if t := int64(m.time); t >= q.from && t < q.to && filter.matches(m) {
			q.matched = append(q.matched, m)
		}
	}
	kind := []string{"top", "top", "series", "total"}[r.IntN(4)]
	if kind != "total" {
		q.groupBy = choose(r, slices.Sorted(maps.Keys(labels)), 1+r.IntN(3))
	}
	q.metrics = choose(r, []string{
		"bytes", "packets", "flows", "bps", "pps", "bpp", "uniq(srcAddr)", "uniq(dstPort)", "uniq(srcMac)", "p95(bytes)", "p50(packets)", "p99.9(duration)",
	}, 1+r.IntN(5))
	q.order = r.IntN(len(q.metrics))
	q.ask = question{
		"kind": kind, "filter": ofBruteForce + " and (" + filter.text + ")", "metrics": q.metrics, "scaled": q.scaled, "sourceGroups": []string{"hq"},
		"from": stamp(q.from), "to": stamp(q.to),
	}
	if kind != "total" {
		q.ask["groupBy"], q.ask["orderBy"], q.ask["limit"] = q.groupBy, q.metrics[q.order], q.limit
	}
	if kind == "series" {
		q.step = []int64{1000, 2000, 7000, 60_000}[r.IntN(4)]
		q.ask["step"] = fmt.Sprintf("%ds", q.step/1000)
	}
	return q
}

// chooseTime chooses a range around the flows, which stand at whole seconds:
// its ends are often such a second, or a millisecond beside one.
func (q *slowQuestion) chooseTime(r *rand.Rand, flows []made) {
	begin, end := int64(math.MaxInt64), int64(0)
	for i := range flows {
		begin, end = min(begin, int64(flows[i].time)), max(end, int64(flows[i].time))
	}
	at := func() int64 {
		t := begin - 2000 + int64(r.IntN(int(end-begin+4000)))
		if r.IntN(2) == 0 {
			t = t/1000*1000 + int64(r.IntN(3)) - 1
		}
		return t
	}
	q.from, q.to = begin-5000, end+5000
	if r.IntN(3) > 0 {
		a, b := at(), at()
		q.from, q.to = min(a, b), max(a, b)+1
	}
}

func stamp(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }

func choose(r *rand.Rand, from []string, n int) []string {
	from = slices.Clone(from)
	r.Shuffle(len(from), func(i, j int) { from[i], from[j] = from[j], from[i] })
	return from[:n]
}

func (q *slowQuestion) check(a answer) error {
	if err := q.sameMetrics(a.Total, q.matched, q.whole(q.matched)); err != nil {
		return fmt.Errorf("total: %w", err)
	}
	groups := map[string][]*made{}
	for _, m := range q.matched {
		key := q.key(m)
		groups[key] = append(groups[key], m)
	}
	switch {
	case q.groupBy == nil:
		if len(a.Rows) != 1 {
			return fmt.Errorf("%d rows", len(a.Rows))
		}
		return q.sameMetrics(a.Rows[0], q.matched, q.whole(q.matched))
	case q.step > 0:
		return q.checkSeries(a, groups)
	}
	return q.checkTop(a, groups)
}

func (q *slowQuestion) key(m *made) string {
	var key []string
	for _, by := range q.groupBy {
		key = append(key, labels[by](m))
	}
	return strings.Join(key, " ")
}

// whole is the time that rates over all steps are taken over.
func (q *slowQuestion) whole(flows []*made) int64 {
	if q.step > 0 {
		return q.to - q.from
	}
	return slowSum(flows, q.scaled).milliseconds()
}

func (q *slowQuestion) checkTop(a answer, groups map[string][]*made) error {
	if len(a.Rows) != min(len(groups), q.limit) {
		return fmt.Errorf("%d rows of %d groups", len(a.Rows), len(groups))
	}
	if a.Groups != "" && a.Groups != strconv.Itoa(len(groups)) {
		return fmt.Errorf("there are %d groups, not %s", len(groups), a.Groups)
	}
	shown := map[string]bool{}
	least := math.Inf(1)
	for i, row := range a.Rows {
		key := rowKey(row[:len(q.groupBy)])
		if groups[key] == nil || shown[key] {
			return fmt.Errorf("row %d: group %q is not there, or twice", i, key)
		}
		shown[key] = true
		if err := q.sameMetrics(row[len(q.groupBy):], groups[key], q.whole(groups[key])); err != nil {
			return fmt.Errorf("row %d, %q: %w", i, key, err)
		}
		v := decimals(row[len(q.groupBy)+q.order])
		if v > least {
			return fmt.Errorf("row %d: %v comes after %v", i, v, least)
		}
		least = v
	}
	if err := q.checkOther(a, groups, shown); err != nil {
		return err
	}
	return q.checkLeftOut(groups, shown, least)
}

// checkOther compares what is not in the rows.
func (q *slowQuestion) checkOther(a answer, groups map[string][]*made, shown map[string]bool) error {
	if a.Other == nil {
		return nil
	}
	var rest []*made
	for key, flows := range groups {
		if !shown[key] {
			rest = append(rest, flows...)
		}
	}
	sum := slowSum(rest, q.scaled)
	for i, name := range q.metrics {
		switch name {
		case "bytes", "packets", "flows":
			if want, _ := sum.metric(name, 0, q.scaled); decimals(a.Other[i]) != want {
				return fmt.Errorf("other: %s is %s, want %v", name, a.Other[i], want)
			}
		}
	}
	return nil
}

// checkLeftOut fails if a group that is not shown has more than the least that
// is.
func (q *slowQuestion) checkLeftOut(groups map[string][]*made, shown map[string]bool, least float64) error {
	for key, flows := range groups {
		if shown[key] {
			continue
		}
		v, off := slowSum(flows, q.scaled).metric(q.metrics[q.order], q.whole(flows), q.scaled)
		if v-2*v*off > least {
			return fmt.Errorf("group %q with %v is left out, one with %v is shown", key, v, least)
		}
	}
	return nil
}

func (q *slowQuestion) checkSeries(a answer, groups map[string][]*made) error {
	lines := min(len(groups), q.limit)
	shown := map[string]bool{}
	row := 0
	for at := q.from / q.step * q.step; at < q.to; at += q.step {
		for range lines {
			if row == len(a.Rows) {
				return fmt.Errorf("only %d rows", row)
			}
			cells := a.Rows[row]
			if text(cells[0]) != stamp(at) {
				return fmt.Errorf("row %d is of %s, want %s", row, cells[0], stamp(at))
			}
			key := rowKey(cells[1 : 1+len(q.groupBy)])
			shown[key] = true
			var flows []*made
			for _, m := range groups[key] {
				if t := int64(m.time); t >= at && t < at+q.step {
					flows = append(flows, m)
				}
			}
			if err := q.sameMetrics(cells[1+len(q.groupBy):], flows, q.step); err != nil {
				return fmt.Errorf("row %d, %s, %q: %w", row, stamp(at), key, err)
			}
			row++
		}
	}
	if row != len(a.Rows) || len(shown) != lines {
		return fmt.Errorf("%d rows of %d lines, want %d of %d", len(a.Rows), len(shown), row, lines)
	}
	least := math.Inf(1)
	for key := range shown {
		v, off := slowSum(groups[key], q.scaled).metric(q.metrics[q.order], q.whole(groups[key]), q.scaled)
		least = min(least, v+v*off)
	}
	return q.checkLeftOut(groups, shown, least)
}

func rowKey(cells []json.RawMessage) string {
	var key []string
	for _, c := range cells {
		key = append(key, text(c))
	}
	return strings.Join(key, " ")
}

func (q *slowQuestion) sameMetrics(cells []json.RawMessage, flows []*made, milliseconds int64) error {
	if len(cells) != len(q.metrics) {
		return fmt.Errorf("%d metrics, want %d", len(cells), len(q.metrics))
	}
	sum := slowSum(flows, q.scaled)
	for i, name := range q.metrics {
		want, off := sum.metric(name, milliseconds, q.scaled)
		if got := decimals(cells[i]); !(math.Abs(got-want) <= want*off) {
			return fmt.Errorf("%s is %s, want %v within %v", name, cells[i], want, want*off)
		}
	}
	return nil
}

func decimals(cell json.RawMessage) float64 {
	v, err := strconv.ParseFloat(text(cell), 64)
	if err != nil {
		return math.NaN()
	}
	return v
}
