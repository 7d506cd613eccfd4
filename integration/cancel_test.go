package integration

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// cancelWithin is how soon a cancelled query must end on every unit.
const cancelWithin = 5 * time.Second

// enough is more records than fit the buffers between a Slave and a reader
// that does not read.
const enough = 400_000

// testCanceledQueries lets go of long answers in every way there is, and
// watches them end on every unit.
func testCanceledQueries(t *testing.T, d *deployment) {
	for _, group := range []string{"london", "hq"} {
		d.generate("--to", d.listen(group), "--rate", "100000", "--for", strconv.Itoa(enough/100_000)+"s")
	}
	t.Run("closed connection", func(t *testing.T) {
		d := d.on(t)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		resp := d.stream(ctx, "?limit=1000000")
		defer resp.Body.Close()
		if _, err := bufio.NewReader(resp.Body).ReadString('\n'); err != nil {
			t.Fatalf("no flow comes: %v", err)
		}
		d.wantRunning()
		cancel()
		d.wantIdle()
	})
	t.Run("interrupted command", func(t *testing.T) {
		d := d.on(t)
		cmd := tied(program, "flows", "--limit", "1000000")
		cmd.Env = append(os.Environ(), "WEIR_API="+d.demo.API, "WEIR_TOKEN_FILE="+d.demo.TokenFile)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
			t.Fatalf("no flow comes: %v", err)
		}
		d.wantRunning()
		cmd.Process.Signal(os.Interrupt)
		io.Copy(io.Discard, out)
		cmd.Wait()
		d.wantIdle()
	})
	for _, c := range []struct{ name, method, path, state string }{
		{"canceled", "DELETE", "", "canceled"}, {"stopped", "POST", "/stop", "stopped"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := d.on(t)
			var job struct{ ID, State string }
			err := d.call("POST", "/queries", question{
				"kind": "top", "groupBy": []string{"srcAddr", "dstAddr", "srcPort", "dstPort", "proto"},
				"metrics": []string{"bytes", "uniq(exporter)", "p95(bytes)"}, "limit": 10000,
			}, &job, "Prefer", "wait=0")
			if err != nil || job.State != "running" {
				t.Fatalf("start a long query: %+v, %v", job, err)
			}
			if err := d.call(c.method, "/queries/"+job.ID+c.path, nil, nil); err != nil {
				t.Fatal(err)
			}
			d.wantIdle()
			if err := d.call("GET", "/queries/"+job.ID, nil, &job); err != nil || job.State != c.state {
				t.Errorf("the query is %q, want %s: %v", job.State, c.state, err)
			}
		})
	}
}

// wantRunning waits until every unit that holds flows is answering.
func (d *deployment) wantRunning() {
	d.t.Helper()
	d.await("answers to run", 10*time.Second, func() error { return d.answering(1) })
}

// wantIdle asserts that no unit answers anything any more, soon.
func (d *deployment) wantIdle() {
	d.t.Helper()
	d.promptly("answers to end", cancelWithin, func() error { return d.answering(0) })
}

// answering returns an error unless each unit works out so many answers.
func (d *deployment) answering(want int) error {
	for _, u := range d.demo.Units {
		if u.Role == "master" {
			continue
		}
		got, err := metric(u.Admin, "weir_query_answers_running")
		if err != nil {
			return err
		}
		if got != float64(want) {
			return fmt.Errorf("%s works out %v answers, want %d", u.Name, got, want)
		}
	}
	return nil
}

// metric reads one metric without labels from a unit's admin address.
func metric(admin, name string) (float64, error) {
	resp, err := http.Get("http://" + admin + "/metrics")
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			return strconv.ParseFloat(value, 64)
		}
	}
	return 0, fmt.Errorf("%s has no metric %s", admin, name)
}
