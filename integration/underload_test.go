package integration

import (
	"fmt"
	"testing"
	"time"
)

// TestChangesUnderLoad changes models, deliveries and weights one after the
// other while exporters send: every record is stored, once.
func TestChangesUnderLoad(t *testing.T) {
	needRoot(t)
	d := deploy(t, "--first", "127.0.38.11")
	ways := []map[string]any{
		{"model": "host-pair"},
		{"model": "flow-source", "delivery": "udp"},
		{"model": "round-robin"},
		{"model": "host-pair", "delivery": "tls"},
		{"model": "round-robin"},
		{"delivery": "udp"},
		{"delivery": "tls"},
	}
	load := d.background("--to", d.listen("london"), "--rate", "10000", "--exporters", "12", "--for", fmt.Sprintf("%ds", 8+2*len(ways)))
	for i, way := range ways {
		d.patchSourceGroup("london", way)
		weighted := fmt.Sprintf("london-slave-1:%d,london-slave-2:%d", 1+i%3, 1+(i+1)%2)
		if _, errs, code := d.run("topology", "update-proxy-group", "london-1", "--slaves", weighted); code != 0 {
			t.Fatalf("weights %s: exit code %d: %s", weighted, code, errs)
		}
		d.converged()
	}
	sent := load()
	d.await("every record", 20*time.Second, func() error { return d.holds(sent) })
	d.booksBalance()
	books, err := d.ledger()
	if err != nil {
		t.Fatal(err)
	}
	for reason, n := range books["london-proxy"].dropped {
		if n != 0 {
			t.Errorf("the proxy dropped %d as %s", n, reason)
		}
	}
}

// background starts generate and returns what waits for its end and says what
// was sent.
func (d *deployment) background(args ...string) (wait func() sums) {
	type said struct {
		out, errs string
		code      int
	}
	ended := make(chan said, 1)
	go func() {
		out, errs, code := d.run(append([]string{"generate", "--output", "json"}, args...)...)
		ended <- said{out, errs, code}
	}()
	return func() sums {
		s := <-ended
		if s.code != 0 {
			d.t.Fatalf("generate: exit code %d: %s", s.code, s.errs)
		}
		return parseSent(d, s.out)
	}
}
