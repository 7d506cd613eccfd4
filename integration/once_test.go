package integration

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"example.com/weir/flowio/flowtest/synth"
)

const (
	// onceFirst is where the deployment of TestTemplatesToldOnce begins.
	onceFirst = "127.0.80.11"

	// streamEvery is the pause between two packets of an exporter that sends on
	// and on.
	streamEvery = 5 * time.Millisecond

	// learntWithin is when what exporters announced is on disk at the latest,
	// on a busy machine.
	learntWithin = time.Second
)

// quietExporter announces its templates and options data in its first packet
// and never again.
type quietExporter struct {
	t      testing.TB
	synth  *synth.Exporter
	socket *net.UDPConn
	clock  time.Time // stands still: announcements are never due again
}

func newQuietExporter(t testing.TB, protocol synth.Protocol, address, to string) *quietExporter {
	t.Helper()
	addr := netip.MustParseAddr(address)
	made, err := synth.New(synth.Config{
		Name: address, Protocol: protocol, Addr: addr, Domain: 5, FlowsPerPacket: perPacket, IPv6Share: 0.3, SamplingRate: 100,
	})
	if err != nil {
		t.Fatal(err)
	}
	e := &quietExporter{t: t, synth: made, clock: time.Now()}
	e.socket, err = net.DialUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(addr, 0)),
		net.UDPAddrFromAddrPort(netip.MustParseAddrPort(to)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.socket.Close() })
	return e
}

// packet sends the next packet. While nobody listens the kernel refuses: such
// packets are lost on the way, as anywhere.
func (e *quietExporter) packet() {
	packet, _ := e.synth.Packet(e.clock)
	e.socket.Write(packet)
}

// packets sends n packets, slowly enough for every buffer.
func (e *quietExporter) packets(n int) {
	for i := range n {
		if e.packet(); i%20 == 19 {
			time.Sleep(time.Millisecond)
		}
	}
}

// TestTemplatesToldOnce kills units in the middle of what exporters send that
// announce their templates and sampling rates only once: after the return of
// the unit every record is decoded and scaled, none waited for a template in
// vain, and the books balance.
func TestTemplatesToldOnce(t *testing.T) {
	d := deploy(t, "--first", onceFirst)
	for i, c := range []struct{ group, model, victim string }{
		{"london", "round-robin", "london-slave-1"},
		{"london", "round-robin", "london-proxy"},
		{"london", "flow-source", "london-slave-2"},
		{"london", "flow-source", "london-proxy"},
		{"hq", "", "hq-slave"},
	} {
		t.Run(c.model+"/"+c.victim, func(t *testing.T) {
			d.t = t
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
			for _, e := range exporters {
				d.wantDecoded(e)
			}
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
	before := d.unit(victim)
	d.kill(victim)
	d.await("the return of "+victim, 60*time.Second, func() error {
		if d.unit(victim).PID == before.PID {
			return fmt.Errorf("%s is not back", victim)
		}
		return d.ready(victim)
	})
	time.Sleep(500 * time.Millisecond)
	close(stop)
	sending.Wait()
	d.await("coverage to be complete", 60*time.Second, func() error {
		if _, coverage := d.total(""); !coverage.Complete {
			return fmt.Errorf("missing is %+v", coverage.Missing)
		}
		return nil
	})
}

// wantDecoded sends more packets of an exporter and finds each record of them,
// scaled by the rate that was told at the start.
func (d *deployment) wantDecoded(e *quietExporter) {
	d.t.Helper()
	filter := "exporter ip " + e.synth.Config().Addr.String()
	settled, since := sums{}, time.Now()
	d.await("what was under way", 30*time.Second, func() error {
		got, _ := d.total(filter)
		if got != settled {
			settled, since = got, time.Now()
		}
		if quiet := time.Since(since); quiet < time.Second {
			return fmt.Errorf("quiet for %v", quiet)
		}
		return nil
	})
	sent := e.synth.Sent()
	e.packets(200)
	d.awaitRecords(e, settled, sent)
	rates := d.ask(question{"kind": "top", "groupBy": []string{"samplingRate"}, "filter": filter, "metrics": []string{"flows"}, "scaled": false})
	if len(rates.Rows) != 1 || text(rates.Rows[0][0]) != "100" {
		d.t.Errorf("sampling rates of %s: %s, want 100 for all", filter, rates.Rows)
	}
}

// awaitRecords waits until queries find what an exporter has sent since, on
// top of what they found before.
func (d *deployment) awaitRecords(e *quietExporter, before sums, since synth.Sent) {
	d.t.Helper()
	now := e.synth.Sent()
	want := sums{
		before.flows + now.Records - since.Records, before.packets + now.FlowPackets - since.FlowPackets,
		before.bytes + now.FlowBytes - since.FlowBytes,
	}
	address := e.synth.Config().Addr.String()
	d.await("the records of "+address, 20*time.Second, func() error {
		if got, _ := d.total("exporter ip " + address); got != want {
			return fmt.Errorf("%v, want %v", got, want)
		}
		return nil
	})
}

// wantAccounted waits until every unit accounts for everything it received.
func (d *deployment) wantAccounted() {
	d.t.Helper()
	d.await("every unit to account for everything", 10*time.Second, func() error {
		books, err := d.ledger()
		if err != nil {
			return err
		}
		for name, c := range books {
			for k, n := range c.missing {
				if n != 0 {
					return fmt.Errorf("%s misses %d at %s", name, n, k)
				}
			}
		}
		return nil
	})
}

// wantNoneUnknown asserts that no unit has dropped records for want of a
// template or as malformed, and that each accounts for everything.
func (d *deployment) wantNoneUnknown() {
	d.t.Helper()
	d.wantAccounted()
	books, err := d.ledger()
	if err != nil {
		d.t.Fatal(err)
	}
	for name, c := range books {
		for _, reason := range []string{"unknown_template", "refused_template", "malformed"} {
			if n := c.dropped[reason]; n != 0 {
				d.t.Errorf("%s dropped %d as %s", name, n, reason)
			}
		}
	}
}
