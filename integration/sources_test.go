package integration

import (
	"encoding/binary"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"example.com/weir/flowio/flowtest/synth"
	"example.com/weir/flowio/ie"
	"example.com/weir/flowio/ipfix"
	"example.com/weir/flowio/template"
)

const (
	router  = "127.0.232.1" // tells a rate of 100
	biflows = "127.0.232.2" // sends biflows, and stops
)

// seenSource is what GET /sources says of an exporter.
type seenSource struct {
	Exporter, Name string
	SamplingRate   *int
	IsRemembered   bool
	Sampling       struct{ Rate, Origin string }
	LastSeen       time.Time
}

func (d *deployment) sourcesOf(exporter string) ([]seenSource, error) {
	var page struct{ Items []seenSource }
	err := d.call("GET", "/sources?exporter="+exporter, nil, &page)
	return page.Items, err
}

// changeSource changes what is set for an exporter and waits until every unit
// concerned does so.
func (d *deployment) changeSource(method, id string, patch any) {
	d.t.Helper()
	var done struct{ Action string }
	if err := d.call(method, "/sources/"+id, patch, &done, "If-Match", "*"); err != nil {
		d.t.Fatal(err)
	}
	d.await("every unit to do as it is told", 15*time.Second, func() error {
		var action struct{ State string }
		if err := d.call("GET", "/actions/"+done.Action, nil, &action); err != nil {
			return err
		}
		if action.State != "done" {
			return fmt.Errorf("the action is %s", action.State)
		}
		return nil
	})
}

// scaled returns the packets of an exporter multiplied by its sampling rate.
func (d *deployment) scaled(exporter string) uint64 {
	d.t.Helper()
	a := d.ask(question{
		"kind": "total", "filter": "exporter ip " + exporter, "metrics": []string{"packets"}, "scaled": true, "sourceGroups": []string{"london"},
	})
	if len(a.Rows) != 1 || !a.Coverage.Complete {
		return 0
	}
	return number(d, a.Rows[0][0])
}

// sourceLedger is what GET /ledger/sources says of an exporter.
type sourceLedger struct {
	IsBalanced bool
	Underway   *string
	Accounts   []struct{ UnitName, Hop, Kind, Received, Kept, Split string }
	Sent       []struct{ SlaveName, Records string }
}

// booksOf waits until the account of an exporter balances from hop to hop,
// and returns it.
func (d *deployment) booksOf(exporter string) (l sourceLedger) {
	d.t.Helper()
	d.await("the books of "+exporter, 10*time.Second, func() error {
		var page struct{ Items []sourceLedger }
		if err := d.call("GET", "/ledger/sources?sourceGroup=london&exporter="+exporter, nil, &page); err != nil {
			return err
		}
		if len(page.Items) != 1 {
			return fmt.Errorf("%d accounts", len(page.Items))
		}
		l = page.Items[0]
		if !l.IsBalanced || l.Underway == nil || *l.Underway != "0" {
			return fmt.Errorf("they do not balance: %+v", l)
		}
		return nil
	})
	return l
}

// sum adds up what accounts of records at a hop say.
func (l sourceLedger) sum(hop string) (received, split int64) {
	for _, a := range l.Accounts {
		if a.Hop == hop && a.Kind == "records" {
			received, split = received+integer(a.Received), split+integer(a.Split)
		}
	}
	return received, split
}

// exportFrom returns a socket that sends to london from an address.
func exportFrom(d *deployment, from string) net.Conn {
	d.t.Helper()
	dialer := net.Dialer{LocalAddr: &net.UDPAddr{IP: net.ParseIP(from)}}
	conn, err := dialer.Dial("udp", d.listen("london"))
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { conn.Close() })
	return conn
}

// biflowPackets returns a packet with a template and n packets of one biflow
// each.
func biflowPackets(n int) (packets [][]byte) {
	fields := []template.Field{
		{Element: 8, Length: 4},
		{Element: 12, Length: 4},
		{Element: 1, Length: 4},
		{Element: 2, Length: 4},
		{Enterprise: ie.ReverseEnterprise, Element: 1, Length: 4},
		{Enterprise: ie.ReverseEnterprise, Element: 2, Length: 4},
	}
	packet := func(sequence int, set []byte) []byte {
		h := ipfix.Header{Length: uint16(ipfix.HeaderLen + len(set)), ExportTime: uint32(time.Now().Unix()), Sequence: uint32(sequence), Domain: 7}
		return append(h.AppendTo(nil), set...)
	}
	packets = append(packets, packet(0, template.New(300, 0, fields).AppendSet(nil, template.IPFIX)))
	for i := range n {
		set := binary.BigEndian.AppendUint16(nil, 300)
		set = binary.BigEndian.AppendUint16(set, uint16(4+4*len(fields)))
		for _, v := range []uint32{0x0a000001, 0x0a000002 + uint32(i), 1000, 10, 500, 5} {
			set = binary.BigEndian.AppendUint32(set, v)
		}
		packets = append(packets, packet(i, set))
	}
	return packets
}

// TestSourcesAreSteered names an exporter and sets its sampling rate while it
// sends, kills units, and deletes an exporter: what was said holds on every
// Slave, and the books of each exporter balance from hop to hop.
func TestSourcesAreSteered(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	exporter, err := synth.New(synth.Config{Name: "router", Protocol: synth.IPFIX, Domain: 1, FlowsPerPacket: perPacket, SamplingRate: 100})
	if err != nil {
		t.Fatal(err)
	}
	conn := exportFrom(d, router)
	// export sends 400 records more and returns the packets that they count.
	export := func() uint64 {
		before := exporter.Sent()
		for exporter.Sent().Records < before.Records+400 {
			packet, _ := exporter.Packet(time.Now())
			if _, err := conn.Write(packet); err != nil {
				t.Fatal(err)
			}
		}
		return exporter.Sent().FlowPackets - before.FlowPackets
	}
	scales := func(want uint64) {
		t.Helper()
		d.await("scaled answers", 20*time.Second, func() error {
			if got := d.scaled(router); got != want {
				return fmt.Errorf("%d packets, want %d", got, want)
			}
			return nil
		})
	}
	want := 100 * export()
	scales(want)

	d.changeSource("PATCH", router+"@london", map[string]any{"name": "edge", "samplingRate": 7})
	want += 7 * export()
	scales(want)
	seen, err := d.sourcesOf(router)
	if err != nil || len(seen) != 1 || seen[0].Name != "edge" || seen[0].SamplingRate == nil || seen[0].Sampling.Rate != "7" || seen[0].Sampling.Origin != "manual" {
		t.Errorf("sources %+v, %v; want edge with a manual rate of 7", seen, err)
	}
	wantBothSlaves(t, d.booksOf(router), exporter.Sent().Records)

	out := exportFrom(d, biflows)
	for _, packet := range biflowPackets(50) {
		if _, err := out.Write(packet); err != nil {
			t.Fatal(err)
		}
	}
	d.await("biflows in both directions", 10*time.Second, func() error {
		if got, _ := d.total("exporter ip "+biflows, "london"); got.flows != 100 {
			return fmt.Errorf("%v, want 100 flows", got)
		}
		return nil
	})
	l := d.booksOf(biflows)
	sent, _ := l.sum("distribute")
	if stored, split := l.sum("store"); sent != 50 || stored != 100 || split != 50 {
		t.Errorf("biflows: %d sent, %d stored, %d of them split", sent, stored, split)
	}

	killAll(d, "london-slave-1", "london-proxy")
	want += 7 * export()
	scales(want)
	seen, err = d.sourcesOf(biflows)
	if err != nil || len(seen) != 1 || !seen[0].IsRemembered || seen[0].LastSeen.IsZero() {
		t.Errorf("the exporter that sends no more, after a restart: %+v, %v", seen, err)
	}

	d.changeSource("DELETE", biflows+"@london", nil)
	if seen, err = d.sourcesOf(biflows); err != nil || len(seen) != 0 {
		t.Errorf("the exporter that was deleted: %+v, %v", seen, err)
	}
	if out, errs, code := d.run("sources", "set", router+"@london", "--rate", "exported", "--dry-run"); code != 0 || !strings.Contains(out, "would be accepted") {
		t.Errorf("weir sources set: exit code %d: %s%s", code, out, errs)
	}
	d.changeSource("PATCH", router+"@london", map[string]any{"samplingRate": nil})
	want += 100 * export()
	scales(want)
}

// wantBothSlaves wants the records of an exporter to have gone to both Slaves.
func wantBothSlaves(t *testing.T, l sourceLedger, records uint64) {
	t.Helper()
	sent := uint64(0)
	for _, s := range l.Sent {
		sent += uint64(integer(s.Records))
	}
	if len(l.Sent) != 2 || sent != records {
		t.Errorf("sent %+v, want %d records to two Slaves", l.Sent, records)
	}
}

// killAll ends units without warning and waits until they are back.
func killAll(d *deployment, names ...string) {
	d.t.Helper()
	for _, name := range names {
		was := d.unit(name)
		d.kill(name)
		defer d.awaitBack(was)
	}
}
