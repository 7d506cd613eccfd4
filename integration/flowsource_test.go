package integration

import (
	"fmt"
	"testing"
	"time"
)

// TestStickySources restarts a Proxy of model flow-source without warning and
// stops a Slave: each exporter stays with its Slave through the restart, and
// through the failure those of the other Slave do.
func TestStickySources(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.patchSourceGroup("london", map[string]any{"model": "flow-source"})
	sent := d.export("london-proxy", d.listen("london"), "127.0.219.1", 500)
	d.awaitStored(sent)
	d.wantExportersWhole(sent)
	before := d.stored("london-slave-1", sent)
	time.Sleep(2 * time.Second) // the map is on disk

	d.killAndAwait("london-proxy")
	again := d.export("london-proxy", d.listen("london"), "127.0.219.1", 500)
	d.await("every record", 20*time.Second, func() error {
		for exporter, n := range d.stored("london-slave-1", sent) {
			if n != 2*before[exporter] {
				return fmt.Errorf("london-slave-1 has %d records of %s, want %d", n, exporter, 2*before[exporter])
			}
		}
		return d.holds(sent.all().plus(again.all()))
	})
}
