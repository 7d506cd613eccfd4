package integration

import (
	"fmt"
	"net"
	"net/netip"
	"time"

	"example.com/weir/flowio/flowtest/synth"
)

// load is what exporters have sent, by their address.
type load map[netip.Addr]synth.Sent

// all returns the sums over every exporter.
func (l load) all() sums {
	var s sums
	for _, sent := range l {
		s = s.plus(sumsOf(sent))
	}
	return s
}

// packets returns how many export packets were sent.
func (l load) packets() int64 {
	var n uint64
	for _, sent := range l {
		n += sent.Packets
	}
	return int64(n)
}

const (
	// perPacket flow records fit an export packet of every format.
	perPacket = 10

	// window is how many export packets are on their way at most: they fit the
	// smallest receive buffer.
	window = 2000
)

// export lets eight exporters, two of each format, send each records in
// packets of perPacket to a unit's address. Their addresses follow first. It
// waits for the unit now and then, so that no buffer overflows.
func (d *deployment) export(unit, to, first string, each int) load {
	d.t.Helper()
	sent, address := load{}, netip.MustParseAddr(first)
	remote := net.UDPAddrFromAddrPort(netip.MustParseAddrPort(to))
	for i := range 2 * len(synth.Protocols) {
		exporter, err := synth.New(synth.Config{
			Name: address.String(), Protocol: synth.Protocols[i%len(synth.Protocols)], Addr: address,
			Domain: uint32(i), Seed: 7, FlowsPerPacket: perPacket, IPv6Share: 0.3,
		})
		if err != nil {
			d.t.Fatal(err)
		}
		socket, err := net.DialUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(address, 0)), remote)
		if err != nil {
			d.t.Fatal(err)
		}
		defer socket.Close()
		for exporter.Sent().Records < uint64(each) {
			packet, _ := exporter.Packet(time.Now())
			if _, err := socket.Write(packet); err != nil {
				d.t.Fatal(err)
			}
			sent[address] = exporter.Sent()
			if exporter.Sent().Packets%window == 0 {
				d.awaitPackets(unit, sent)
			}
		}
		d.awaitPackets(unit, sent)
		address = address.Next()
	}
	return sent
}

// exportToAll lets an exporter of each format send every one of its packets to
// all units, whose addresses to gives by name, at the same time, and returns
// how many flow records it has sent to each. Their addresses follow first.
func (d *deployment) exportToAll(to map[string]string, first string, each int) (flows uint64) {
	d.t.Helper()
	sent, address := load{}, netip.MustParseAddr(first)
	for i, protocol := range synth.Protocols {
		exporter, err := synth.New(synth.Config{
			Name: address.String(), Protocol: protocol, Addr: address, Domain: uint32(i), Seed: 7, FlowsPerPacket: perPacket,
		})
		if err != nil {
			d.t.Fatal(err)
		}
		var sockets []net.Conn
		for _, at := range to {
			remote := net.UDPAddrFromAddrPort(netip.MustParseAddrPort(at))
			socket, err := net.DialUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(address, 0)), remote)
			if err != nil {
				d.t.Fatal(err)
			}
			defer socket.Close()
			sockets = append(sockets, socket)
		}
		for exporter.Sent().Records < uint64(each) {
			packet, _ := exporter.Packet(time.Now())
			for _, socket := range sockets {
				if _, err := socket.Write(packet); err != nil {
					d.t.Fatal(err)
				}
			}
		}
		sent[address] = exporter.Sent()
		flows += exporter.Sent().Records
		address = address.Next()
	}
	for unit := range to {
		d.awaitPackets(unit, sent)
	}
	return flows
}

// awaitPackets waits until a unit has taken every packet of the exporters.
func (d *deployment) awaitPackets(unit string, sent load) {
	d.t.Helper()
	d.await("packets to arrive at "+unit, 20*time.Second, func() error {
		books, err := d.books()
		if err != nil {
			return err
		}
		var got int64
		for exporter := range sent {
			got += books[unit].of("receive packets", exporter).received
		}
		if want := sent.packets(); got != want {
			return fmt.Errorf("%d of %d", got, want)
		}
		return nil
	})
}

// awaitStored waits until a query finds exactly what each exporter has sent,
// under its own address.
func (d *deployment) awaitStored(sent load) {
	d.t.Helper()
	for exporter, s := range sent {
		want := sumsOf(s)
		d.await("the records of "+exporter.String(), 20*time.Second, func() error {
			got, coverage := d.total("exporter ip " + exporter.String())
			if got != want || !coverage.Complete {
				return fmt.Errorf("%v, want %v; coverage %+v", got, want, coverage)
			}
			return nil
		})
	}
}
