package integration

import (
	"fmt"
	"testing"
)

// TestModelsAndDeliveries sends the records of eight exporters, in all four
// formats, through a Proxy with two Slaves by each model and delivery, which
// are changed while the deployment runs.
func TestModelsAndDeliveries(t *testing.T) {
	t.Parallel()
	const exporters = 8
	d := deploy(t)
	for i, c := range []struct{ model, delivery string }{
		{"round-robin", "tls"}, {"round-robin", "udp"}, {"flow-source", "udp"}, {"flow-source", "tls"},
	} {
		t.Run(c.model+"/"+c.delivery, func(t *testing.T) {
			d := d.on(t)
			if c.delivery == "udp" {
				needRoot(t)
			}
			d.patchSourceGroup("london", map[string]any{"model": c.model, "delivery": c.delivery})
			var sent load
			each := 25000
			wire := func() { sent = d.export("london-proxy", d.listen("london"), fmt.Sprintf("127.0.21%d.1", i), each) }
			if c.model == "flow-source" && c.delivery == "udp" {
				each = 2500 // as many as tcpdump can follow
				d.wantUnchanged(wire)
			} else {
				wire()
			}
			d.awaitStored(sent)
			if got := sent.all().flows; got != uint64(exporters*each) {
				t.Fatalf("sent %d records, not %d", got, exporters*each)
			}
			if c.model == "round-robin" {
				d.wantEvenShares(sent)
			} else {
				d.wantExportersWhole(sent)
			}
		})
	}
	d.booksBalance()
}

// wantEvenShares asserts that both Slaves hold half of all records, give or
// take one in a hundred.
func (d *deployment) wantEvenShares(sent load) {
	d.t.Helper()
	half := float64(sent.all().flows) / 2
	for _, unit := range []string{"london-slave-1", "london-slave-2"} {
		var n int64
		for _, m := range d.stored(unit, sent) {
			n += m
		}
		if off := float64(n)/half - 1; off < -0.01 || off > 0.01 {
			d.t.Errorf("%s has %d records, want %.0f ± 1 %%", unit, n, half)
		}
	}
}

// wantExportersWhole asserts that no exporter's records are on both Slaves,
// and that both have some.
func (d *deployment) wantExportersWhole(sent load) {
	d.t.Helper()
	one, two := d.stored("london-slave-1", sent), d.stored("london-slave-2", sent)
	with := [2]int{}
	for exporter, s := range sent {
		a, b := one[exporter.String()], two[exporter.String()]
		switch {
		case a == int64(s.Records) && b == 0:
			with[0]++
		case b == int64(s.Records) && a == 0:
			with[1]++
		default:
			d.t.Errorf("the records of %s are split: %d and %d", exporter, a, b)
		}
	}
	if with[0] == 0 || with[1] == 0 {
		d.t.Errorf("%d exporters on one Slave, %d on the other", with[0], with[1])
	}
}
