package integration

import (
	"fmt"
	"testing"
	"time"
)

// TestChangesUnderLoad changes models, deliveries and weights one after the
// other while exporters send: every record is stored, once.
func TestChangesUnderLoad(t *testing.T) {
	t.Parallel()
	needRoot(t)
	d := deploy(t)
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
