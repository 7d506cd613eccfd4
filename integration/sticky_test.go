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
	d := deploy(t, "--first", "127.0.38.11")
	d.patchSourceGroup("london", map[string]any{"model": "flow-source"})
	sent := d.export("london-proxy", d.listen("london"), "127.0.219.1", 500)
	d.awaitStored(sent)
	d.wantExportersWhole(sent)
	before := d.stored("london-slave-1", sent)
	time.Sleep(2 * time.Second) // the map is on disk

	victim := d.unit("london-proxy")
	d.kill(victim.Name)
	d.await("the Proxy's return", 60*time.Second, func() error {
		if d.unit(victim.Name).PID == victim.PID {
			return fmt.Errorf("%s is not back", victim.Name)
		}
		return d.ready(victim.Name)
	})
	again := d.export("london-proxy", d.listen("london"), "127.0.219.1", 500)
	d.await("every record", 20*time.Second, func() error {
		for exporter, n := range d.stored("london-slave-1", sent) {
			if n != 2*before[exporter] {
				return fmt.Errorf("london-slave-1 has %d records of %s, want %d", n, exporter, 2*before[exporter])
			}
		}
		return d.holds(sums{
			flows: sent.all().flows + again.all().flows, packets: sent.all().packets + again.all().packets, bytes: sent.all().bytes + again.all().bytes,
		})
	})
}
