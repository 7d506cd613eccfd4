package distribute

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/netflow5"
	"example.com/weir/flowio/sflow"
	"example.com/weir/flowio/template"
)

// way is a real delivery to one Slave.
type way struct {
	d    *Distributor
	port uint16
	took func(t *testing.T) []flow.Packet // closes d and returns what arrived
}

func overTLS(t *testing.T, model string) way {
	ca, got := newAuthority(t), new(inbox)
	r := startReceiver(t, ReceiverConfig{TLS: ca.config("a")}, got.take)
	d := newTLS(t, Config{Model: model, TLS: ca.config("proxy"), MTU: minMTU}, slaveA)
	return way{d, r.Addr().Port() - portOffset, func(*testing.T) []flow.Packet {
		d.Close() // waits for acknowledgements
		return got.packets
	}}
}

func overUDP(t *testing.T, model string) way {
	privileged(t)
	conn, port := receiver(t, "127.0.0.1")
	if err := conn.SetReadBuffer(1 << 20); err != nil {
		t.Fatal(err)
	}
	d, err := New(Config{Model: model, Delivery: DeliverUDP, MTU: minMTU})
	if err != nil {
		t.Fatal(err)
	}
	d.SetSlaves([]Slave{slaveA})
	return way{d, port, func(t *testing.T) (all []flow.Packet) {
		d.Close()
		for range d.Sent()[0].Packets { // they wait in the receiver's buffer
			octets := make([]byte, 65536)
			n, from, err := conn.ReadFromUDPAddrPort(octets)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, flow.Packet{Exporter: from, Port: port, Payload: octets[:n]})
		}
		return all
	}}
}

// badInput is packets that exporters should not send, of exporters of their own,
// beside good ones: what is wrong in one leaves the others alone.
func badInput() (packets []flow.Packet) {
	from := func(n int, payloads ...[]byte) {
		at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(n)}), 40000)
		for _, payload := range payloads {
			packets = append(packets, flow.Packet{Exporter: at, Payload: payload})
		}
	}
	records := func(first, n int) (all [][]byte) {
		for i := range n {
			all = append(all, record256(uint32(first+i), 1, 2))
		}
		return all
	}
	names := template.New(300, 0, []template.Field{{Element: 8, Length: 4}, {Element: 12, Length: 4}, {Element: 82, Length: template.VarLen}})
	named := func(n byte, octets int) []byte {
		head := []byte{10, 0, 0, n, 10, 0, 1, n, 255, byte(octets >> 8), byte(octets)}
		return append(head, make([]byte, octets)...)
	}
	wide := template.New(256, 0, []template.Field{{Element: 8, Length: 4}, {Element: 12, Length: 4}, {Element: 1, Length: 8}})
	for i, f := range []template.Format{template.NetFlow9, template.IPFIX} {
		layout, other := flows256.AppendSet(nil, f), wide.AppendSet(nil, f)
		at := 10 * i
		// Jumbo packets.
		from(at+1, export(f, 100, 0, 1, layout, set(256, records(0, 600)...)), export(f, 100, 0, 1, set(256, records(600, 4600)...)))
		// A record larger than the MTU between two that are not.
		from(at+2, export(f, 100, 0, 1, names.AppendSet(nil, f), set(300, named(1, 20), named(2, 3000), named(3, 20))))
		// A layout that changes twice, the last time within a packet.
		from(at+3, export(f, 100, 0, 1, layout, set(256, records(0, 3)...)), export(f, 100, 0, 1, other, set(256, make([]byte, 32))),
			export(f, 100, 0, 1, set(256, make([]byte, 16)), layout), export(f, 100, 0, 1, set(256, records(3, 3)...)))
		// Lengths that lie: the header's, a set's.
		short := export(f, 100, 0, 1, layout, set(256, records(0, 2)...))
		short[3], short[len(short)-28] = 0xff, 0xff
		from(at+4, export(f, 100, 0, 1, layout), short[:len(short)-5], export(f, 100, 0, 1, set(256, records(7, 2)...)))
	}
	lie := packet5(netflow5.Header{}, 0, 5)
	lie[3] = 30
	from(21, lie, packet5(netflow5.Header{}, 5, 1))
	// Of unknown versions, and no packets at all.
	from(22, []byte{0, 8, 1, 2, 3, 4, 5}, []byte("GET / HTTP/1.1"), []byte{5}, []byte{}, []byte{0, 0, 0, 4, 0, 0, 0, 1})
	// sFlow: a count beyond the octets, a length beyond them, a vendor's sample.
	sample5 := slices.Concat(sflow.Header{SubAgent: 1, Count: 9}.AppendTo(nil), sample(sflow.FlowSample, 1, 120), sample(4413<<12|1, 1, 16), sample(sflow.CounterSample, 1, 88))
	cut := slices.Concat(sflow.Header{SubAgent: 1, Count: 2}.AppendTo(nil), sample(sflow.FlowSample, 2, 120), sample(sflow.FlowSample, 3, 4000)[:200])
	from(23, sample5, cut)
	return packets
}

// TestBadInputOverBothDeliveries sends bad packets under every model over real
// connections: what is decoded of them at the Slave is what is decoded of them
// as they came, except for records that do not fit the MTU of delivery udp, and
// the books balance.
func TestBadInputOverBothDeliveries(t *testing.T) {
	for name, open := range map[string]func(*testing.T, string) way{DeliverTLS: overTLS, DeliverUDP: overUDP} {
		for _, model := range []string{RoundRobin, HostPair, FlowSource} {
			t.Run(fmt.Sprintf("%s, %s", model, name), func(t *testing.T) {
				sent := badInput()
				w := open(t, model)
				for i := range sent {
					sent[i].Port = w.port
				}
				w.d.Take(sent)
				arrived := w.took(t)
				balance(t, w.d)
				for i := range arrived {
					arrived[i].Received = time.Time{} // so that times come from the packets alone
				}
				want, got := rows{}, rows{}
				want.decode(sent)
				got.decode(arrived)
				tooLarge := uint64(0)
				if name == DeliverUDP && model != FlowSource {
					tooLarge = 2 // of the two formats
					maps.DeleteFunc(want, func(row string, _ int) bool { return strings.Contains(row, "10.0.0.2 ") })
				}
				if e := total(w.d, ledger.Records); e.Dropped[ledger.TooLarge] != tooLarge {
					t.Errorf("%d records are too large, want %d", e.Dropped[ledger.TooLarge], tooLarge)
				}
				compare(t, want, got)
				if e := total(w.d, ledger.Packets); model == FlowSource && e.Kept != uint64(len(sent)) {
					t.Errorf("%d of %d packets went on", e.Kept, len(sent))
				} else if model != FlowSource && e.Dropped[ledger.UnknownVersion] != 3 {
					t.Errorf("dropped %v, want 3 of unknown versions", e.Dropped)
				}
			})
		}
	}
}
