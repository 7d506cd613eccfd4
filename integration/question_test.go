package integration

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"example.com/weir/flowio/flowtest/synth"
)

// question is the request of POST /queries, written down again on purpose:
// these tests are clients of the documented JSON, not of our types.
type question map[string]any

// answer is the result of a query.
type answer struct {
	Columns  []struct{ Name, Kind string }
	Rows     [][]json.RawMessage
	Total    []json.RawMessage
	Other    []json.RawMessage
	Coverage coverage
	Stats    struct {
		RowsScanned              string
		Segments, CachedSegments int
	}
	Groups string
}

type coverage struct {
	Complete                  bool
	UnitsAsked, UnitsAnswered int
	Missing                   []missing
}

type missing struct {
	Unit, Reason string
	From, To     time.Time
}

// ask runs a query to its end. The range defaults to the last hour.
func (d *deployment) ask(q question) answer {
	d.t.Helper()
	a, err := d.tryAsk(q)
	if err != nil {
		d.t.Fatalf("query %v: %v", q, err)
	}
	return a
}

func (d *deployment) tryAsk(q question) (answer, error) {
	var job struct {
		ID, State, Error string
	}
	if err := d.call("POST", "/queries", q, &job); err != nil {
		return answer{}, err
	}
	for job.State == "running" || job.State == "queued" {
		if err := d.call("GET", "/queries/"+job.ID, nil, &job); err != nil {
			return answer{}, err
		}
		time.Sleep(20 * time.Millisecond)
	}
	if job.State != "done" {
		return answer{}, fmt.Errorf("query ended as %s: %s", job.State, job.Error)
	}
	var a answer
	err := d.call("GET", "/queries/"+job.ID+"/result", nil, &a)
	return a, err
}

// sums are the three counters of everything.
type sums struct{ flows, packets, bytes uint64 }

func (s sums) String() string {
	return fmt.Sprintf("%d flows, %d packets, %d bytes", s.flows, s.packets, s.bytes)
}

func (s sums) plus(o sums) sums {
	return sums{s.flows + o.flows, s.packets + o.packets, s.bytes + o.bytes}
}

// sumsOf are the sums of what an exporter has sent.
func sumsOf(s synth.Sent) sums { return sums{s.Records, s.FlowPackets, s.FlowBytes} }

// total asks for the sums of what matches filter, counters as exported.
func (d *deployment) total(filter string, more ...string) (sums, coverage) {
	d.t.Helper()
	q := question{"kind": "total", "filter": filter, "metrics": []string{"flows", "packets", "bytes"}, "scaled": false}
	if len(more) > 0 {
		q["sourceGroups"] = more
	}
	a := d.ask(q)
	if len(a.Rows) != 1 {
		d.t.Fatalf("total has %d rows", len(a.Rows))
	}
	return sumsIn(d, a.Rows[0]), a.Coverage
}

// sumsIn reads flows, packets and bytes from the cells of a row.
func sumsIn(d *deployment, cells []json.RawMessage) sums {
	d.t.Helper()
	return sums{number(d, cells[0]), number(d, cells[1]), number(d, cells[2])}
}

// holds reports an error unless the deployment holds exactly want.
func (d *deployment) holds(want sums) error {
	if got, coverage := d.total(""); got != want {
		return fmt.Errorf("the deployment holds %v, want %v; coverage %+v", got, want, coverage)
	}
	return nil
}

// awaitComplete waits until nothing is missing from answers.
func (d *deployment) awaitComplete() {
	d.t.Helper()
	d.await("complete answers", 60*time.Second, func() error {
		if _, coverage := d.total(""); !coverage.Complete {
			return fmt.Errorf("missing is %+v", coverage.Missing)
		}
		return nil
	})
}

// number reads a JSON number or a counter, which is a string.
func number(d *deployment, v json.RawMessage) uint64 {
	d.t.Helper()
	text := string(v)
	if unquoted, err := strconv.Unquote(text); err == nil {
		text = unquoted
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		d.t.Fatalf("%s is not a counter", v)
	}
	return n
}

// text reads a JSON string or number as text.
func text(v json.RawMessage) string {
	if unquoted, err := strconv.Unquote(string(v)); err == nil {
		return unquoted
	}
	return string(v)
}
