package integration

import (
	"bufio"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestQueriesDoNotCostFlows asks hard questions without a pause while flows
// come in, and finds every flow stored. The queries are listed meanwhile, and
// killed at the end: no unit answers anything five seconds later.
func TestQueriesDoNotCostFlows(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	for _, group := range []string{"london", "hq"} { // something to read
		d.generate("--to", d.listen(group), "--rate", "100000", "--for", "2s")
	}
	const load = "exporter net 127.0.236.0/24"
	var answered atomic.Int64
	var asking sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		asking.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := d.tryAsk(question{
					"kind": "top", "groupBy": []string{"srcAddr", "dstAddr", "srcPort", "dstPort", "proto"},
					"metrics": []string{"bytes", "uniq(exporter)", "p95(bytes)"}, "limit": 100,
				}); err == nil {
					answered.Add(1)
				}
			}
		})
	}
	var want sums
	for i, group := range []string{"london", "hq"} {
		s := d.generate("--to", d.listen(group), "--from", fmt.Sprintf("127.0.236.%d", i+1), "--rate", "20000", "--for", "4s")
		want.flows += s.flows
	}
	out, errs, code := d.run("query", "list")
	if code != 0 || !strings.Contains(out, "srcAddr,dstAddr") {
		t.Errorf("list of queries: exit code %d: %s%s", code, out, errs)
	}
	close(stop)
	if _, errs, code := d.run("query", "cancel", "--all"); code != 0 && !strings.Contains(errs, "no such query") {
		t.Errorf("cancel all queries: exit code %d: %s", code, errs)
	}
	asking.Wait()
	d.wantIdle()
	if answered.Load() == 0 {
		t.Error("no query was answered meanwhile")
	}
	d.await("every flow to be stored", 20*time.Second, func() error {
		if got, _ := d.total(load); got.flows != want.flows {
			return fmt.Errorf("%d flows are stored, want %d", got.flows, want.flows)
		}
		return nil
	})
	d.booksBalance()
	d.killWhileItAnswers("london-slave-1")
}

// killWhileItAnswers kills a Slave whose records are being listed and that
// works out a top: the list ends soon and names it, and so does the top unless
// it was done before.
func (d *deployment) killWhileItAnswers(victim string) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	resp := d.stream(ctx, "?limit=1000000")
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	if !lines.Scan() {
		d.t.Fatalf("no flow comes: %v", lines.Err())
	}
	top := make(chan answer, 1)
	go func() {
		a, err := d.tryAsk(question{
			"kind": "top", "groupBy": []string{"srcAddr", "dstAddr", "srcPort", "dstPort"}, "metrics": []string{"bytes", "p95(bytes)"},
		})
		if err != nil {
			d.t.Errorf("a top while %s was killed: %v", victim, err)
		}
		top <- a
	}()
	d.kill(victim)
	var last string
	for lines.Scan() {
		last = lines.Text()
	}
	var end struct {
		End struct{ Coverage coverage } `json:"_end"`
	}
	if err := decode(last, &end); err != nil || lines.Err() != nil {
		d.t.Fatalf("the list ends with %q: %v, %v", last, err, lines.Err())
	}
	for what, c := range map[string]coverage{"list": end.End.Coverage, "top": (<-top).Coverage} {
		isNamed := slices.ContainsFunc(c.Missing, func(m missing) bool { return m.Unit == victim })
		if !isNamed && (what == "list" || !c.Complete) {
			d.t.Errorf("the %s does not name %s: %+v", what, victim, c)
		}
	}
}
