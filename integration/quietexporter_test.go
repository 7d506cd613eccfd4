package integration

import (
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"example.com/weir/flowio/flowtest/synth"
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
