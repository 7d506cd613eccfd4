package integration

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"example.com/weir/flowio/flowtest/synth"
)

const (
	// streamEvery is the pause between two packets of an exporter that sends on
	// and on.
	streamEvery = 5 * time.Millisecond

	// learntWithin is when what exporters announced is on disk at the latest,
	// on a busy machine.
	learntWithin = time.Second
)

// TestTemplatesToldOnce kills units in the middle of what exporters send that
// announce their templates and sampling rates only once: after the return of
// the unit every record is decoded and scaled, none waited for a template in
// vain, and the books balance.
func TestTemplatesToldOnce(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	for i, c := range []struct{ group, model, victim string }{
		{"london", "round-robin", "london-slave-1"},
		{"london", "round-robin", "london-proxy"},
		{"london", "flow-source", "london-slave-2"},
		{"london", "flow-source", "london-proxy"},
		{"hq", "", "hq-slave"},
	} {
		t.Run(c.model+"/"+c.victim, func(t *testing.T) {
			d := d.on(t)
			if c.model != "" {
				d.patchSourceGroup(c.group, map[string]any{"model": c.model})
			}
			var exporters []*quietExporter
			for j := range 4 {
				protocol := []synth.Protocol{synth.NetFlow9, synth.IPFIX}[j%2]
				exporters = append(exporters, newQuietExporter(t, protocol, fmt.Sprintf("127.36.%d.%d", i, j+1), d.listen(c.group)))
			}
			for _, e := range exporters {
				e.packets(50)
				d.awaitRecords(e, sums{}, synth.Sent{})
			}
			d.killUnderLoad(c.victim, exporters)
			d.wantDecoded(exporters)
			d.wantNoneUnknown()
		})
	}
}

// killUnderLoad kills a unit while the exporters send, and lets them send until
// it is back.
func (d *deployment) killUnderLoad(victim string, exporters []*quietExporter) {
	d.t.Helper()
	stop := make(chan struct{})
	var sending sync.WaitGroup
	for _, e := range exporters {
		sending.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(streamEvery):
					e.packet()
				}
			}
		})
	}
	time.Sleep(learntWithin)
	d.killAndAwait(victim)
	time.Sleep(100 * streamEvery) // some of what it decodes by what others have kept
	close(stop)
	sending.Wait()
	d.awaitComplete()
}

// wantDecoded sends more packets of exporters and finds each record of them,
// scaled by the rate that was told at the start.
func (d *deployment) wantDecoded(exporters []*quietExporter) {
	d.t.Helper()
	d.rested()
	for _, e := range exporters {
		filter := "exporter ip " + e.synth.Config().Addr.String()
		settled, _ := d.total(filter)
		sent := e.synth.Sent()
		e.packets(200)
		d.awaitRecords(e, settled, sent)
		rates := d.ask(question{"kind": "top", "groupBy": []string{"samplingRate"}, "filter": filter, "metrics": []string{"flows"}, "scaled": false})
		if len(rates.Rows) != 1 || text(rates.Rows[0][0]) != "100" {
			d.t.Errorf("sampling rates of %s: %s, want 100 for all", filter, rates.Rows)
		}
	}
}

// wantNoneUnknown asserts that no unit has dropped records for want of a
// template or as malformed, and that each accounts for everything.
func (d *deployment) wantNoneUnknown() {
	d.t.Helper()
	for name, c := range d.wantAccounted() {
		for _, reason := range []string{"unknown_template", "refused_template", "malformed"} {
			if n := c.dropped[reason]; n != 0 {
				d.t.Errorf("%s dropped %d as %s", name, n, reason)
			}
		}
	}
}
