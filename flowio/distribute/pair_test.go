package distribute

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"example.com/weir/flowio/decode"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/flowtest/synth"
	"example.com/weir/flowio/ie"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/netflow5"
	"example.com/weir/flowio/sflow"
	"example.com/weir/flowio/template"
)

// TestConversationsMeet deals synthetic traffic of every format out and
// expects both directions of each pair of addresses on one Slave.
func TestConversationsMeet(t *testing.T) {
	for _, protocol := range synth.Protocols {
		t.Run(string(protocol), func(t *testing.T) {
			d, k := newKept(t, Config{Model: HostPair}, 3)
			e, err := synth.New(synth.Config{Protocol: protocol, Seed: 1, IPv6Share: 0.3})
			if err != nil {
				t.Fatal(err)
			}
			for range 300 {
				payload, _ := e.Packet(packet(nil).Received)
				d.Take([]flow.Packet{packet(payload)})
			}
			d.Close()
			balance(t, d)
			home, total := map[[2]string]string{}, 0
			for id, packets := range k.packets {
				n := 0
				for _, pair := range pairsIn(packets) {
					n++
					if other := home[pair]; other != "" && other != id {
						t.Fatalf("%v is on %s and %s", pair, other, id)
					}
					home[pair] = id
				}
				if total += n; n < int(e.Sent().Records)/10 {
					t.Errorf("%s has %d of %d records", id, n, e.Sent().Records)
				}
			}
			if total != int(e.Sent().Records) {
				t.Errorf("%d records arrived, %d were sent", total, e.Sent().Records)
			}
		})
	}
}

// pairsIn decodes packets and returns the unordered pair of addresses of each
// record.
func pairsIn(packets []flow.Packet) (pairs [][2]string) {
	d := decode.New(decode.Config{Book: ledger.NewBook(), Hop: ledger.Store})
	b := flow.NewBatch(flow.AllFields)
	for _, p := range packets {
		b.Reset()
		_ = d.Decode(p, b)
		for i := range b.Len() {
			src, dst := b.Addr(flow.SrcAddr)[i].Netip(), b.Addr(flow.DstAddr)[i].Netip()
			if dst.Less(src) {
				src, dst = dst, src
			}
			pairs = append(pairs, [2]string{src.String(), dst.String()})
		}
	}
	return pairs
}

// TestPairOf lists where records have their addresses.
func TestPairOf(t *testing.T) {
	const varLen = template.VarLen
	a4, b4 := []byte{192, 0, 2, 1}, []byte{198, 51, 100, 7}
	a6, b6 := append([]byte{0x20, 1, 0xd, 0xb8}, make([]byte, 12)...), append([]byte{0x20, 1, 0xd, 0xb8, 1}, make([]byte, 11)...)
	zero4, zero6 := make([]byte, 4), make([]byte, 16)
	field := func(element, length uint16) template.Field { return template.Field{Element: element, Length: length} }
	src4, dst4 := field(ie.SourceIPv4Address, 4), field(ie.DestinationIPv4Address, 4)
	src6, dst6 := field(ie.SourceIPv6Address, 16), field(ie.DestinationIPv6Address, 16)
	for name, c := range map[string]struct {
		fields []template.Field
		record [][]byte
		want   int // -1: has no pair
	}{
		"IPv4":              {[]template.Field{field(1, 4), dst4, src4}, [][]byte{{0, 0, 0, 9}, b4, a4}, bucketOf(a4, b4)},
		"turned":            {[]template.Field{src4, dst4}, [][]byte{b4, a4}, bucketOf(a4, b4)},
		"IPv6":              {[]template.Field{src6, dst6}, [][]byte{a6, b6}, bucketOf(a6, b6)},
		"both, IPv4 used":   {[]template.Field{src6, src4, dst6, dst4}, [][]byte{zero6, a4, zero6, b4}, bucketOf(a4, b4)},
		"both, IPv6 used":   {[]template.Field{src4, dst4, src6, dst6}, [][]byte{zero4, zero4, a6, b6}, bucketOf(a6, b6)},
		"behind a string":   {[]template.Field{field(82, varLen), src4, field(83, varLen), dst4}, [][]byte{{2, 'e', 'n'}, a4, {0}, b4}, bucketOf(a4, b4)},
		"zero is an answer": {[]template.Field{src4, dst4}, [][]byte{zero4, b4}, bucketOf(zero4, b4)},
		"one address":       {[]template.Field{src4, field(7, 2)}, [][]byte{a4, {0, 80}}, -1},
		"odd length":        {[]template.Field{field(ie.SourceIPv4Address, 3), dst4}, [][]byte{{1, 2, 3}, b4}, -1},
		"of an enterprise":  {[]template.Field{{Enterprise: 29305, Element: 8, Length: 4}, dst4}, [][]byte{a4, b4}, -1},
	} {
		t.Run(name, func(t *testing.T) {
			var record []byte
			for _, value := range c.record {
				record = append(record, value...)
			}
			got := -1
			if pair := pairTemplate(template.New(300, 0, c.fields)); pair != nil {
				if bucket, ok := pair(record); ok {
					got = bucket
				}
			}
			if got != c.want {
				t.Errorf("bucket %d, want %d", got, c.want)
			}
		})
	}
}

// TestNoPairInTurn expects records without two addresses to take turns.
func TestNoPairInTurn(t *testing.T) {
	d, _ := newKept(t, Config{Model: HostPair}, 3)
	layer2 := template.New(300, 0, []template.Field{{Element: 56, Length: 6}, {Element: 80, Length: 6}, {Element: 1, Length: 4}})
	d.Take([]flow.Packet{packet(export(template.IPFIX, 1, 0, 0, layer2.AppendSet(nil, template.IPFIX)))})
	for range 31 {
		d.Take([]flow.Packet{packet(export(template.IPFIX, 1, 0, 0, set(300, make([]byte, 16))))})
	}
	d.Close()
	for _, s := range d.Sent() {
		if s.Records < 10 || s.Records > 11 {
			t.Errorf("%s was sent %d of 31 records", s.Slave, s.Records)
		}
	}
	balance(t, d)
}

// TestBucketsMoveLittle expects shares by weight, and that a Slave that leaves
// or comes moves its own share only.
func TestBucketsMoveLittle(t *testing.T) {
	sinks := func(weights ...int) (all []*sink) {
		for i, w := range weights {
			if w > 0 {
				all = append(all, &sink{Slave: Slave{ID: fmt.Sprintf("slave-%d", i), Weight: w}})
			}
		}
		return all
	}
	owners := func(weights ...int) (ids []string) {
		set := sinks(weights...)
		for _, i := range buckets(set) {
			ids = append(ids, set[i].ID)
		}
		return ids
	}
	share := func(ids []string, id string) float64 {
		n := 0
		for _, owner := range ids {
			if owner == id {
				n++
			}
		}
		return float64(n) / numBuckets
	}
	all := owners(1, 1, 2, 4)
	for i, want := range []float64{1. / 8, 1. / 8, 2. / 8, 4. / 8} {
		if got := share(all, fmt.Sprintf("slave-%d", i)); math.Abs(got-want) > 0.02 {
			t.Errorf("slave-%d has %.3f of the buckets, want %.3f", i, got, want)
		}
	}
	for i, id := range owners(1, 1, 0, 4) {
		if all[i] != "slave-2" && all[i] != id {
			t.Fatalf("bucket %d moved from %s to %s, and slave-2 left", i, all[i], id)
		}
	}
	for i, id := range owners(1, 1, 2, 4, 3) {
		if id != "slave-4" && all[i] != id {
			t.Fatalf("bucket %d moved from %s to %s, and slave-4 came", i, all[i], id)
		}
	}
	for i, id := range owners(1, 1, 3, 4) {
		if id != "slave-2" && all[i] != id {
			t.Fatalf("bucket %d moved from %s to %s, and slave-2 got more weight", i, all[i], id)
		}
	}
	if buckets(nil) != nil {
		t.Error("buckets without Slaves")
	}
}

// TestBucketsAreForEver holds the function itself: a release that dealt
// conversations out otherwise would split those that are under way, and twin
// Proxies of two releases would not agree.
func TestBucketsAreForEver(t *testing.T) {
	if got := bucketOf([]byte{192, 0, 2, 1}, []byte{198, 51, 100, 7}); got != 3603 {
		t.Errorf("bucket %d, want 3603", got)
	}
	owners := buckets([]*sink{{Slave: Slave{ID: "a", Weight: 1}}, {Slave: Slave{ID: "b", Weight: 2}}})
	sum := 0
	for i, o := range owners {
		sum += int(o) * i
	}
	if sum != 22628657 {
		t.Errorf("sum %d, want 22628657", sum)
	}
}

// FuzzPairSample feeds hostile samples: none may panic, and the answer must
// not depend on anything but the octets.
func FuzzPairSample(f *testing.F) {
	e, err := synth.New(synth.Config{Protocol: synth.SFlow, IPv6Share: 0.5})
	if err != nil {
		f.Fatal(err)
	}
	payload, _ := e.Packet(packet(nil).Received)
	for s, err := range sflow.Samples(payload) {
		if err == nil {
			f.Add(s.Raw)
		}
	}
	f.Fuzz(func(t *testing.T, sample []byte) {
		if len(sample) < 8 {
			return
		}
		one, ok := pairSample(sample)
		two, again := pairSample(sample)
		if one != two || ok != again || one < 0 || one >= numBuckets {
			t.Errorf("buckets %d and %d", one, two)
		}
	})
}

func BenchmarkHostPair(b *testing.B) {
	d := newDiscard(b, HostPair, 4)
	random := rand.New(rand.NewPCG(1, 1))
	payload := packet5(netflow5.Header{UnixSecs: 1}, 0, 30)
	for at := netflow5.HeaderLen; at < len(payload); at += netflow5.RecordLen {
		binary.BigEndian.PutUint64(payload[at:], random.Uint64())
	}
	run := make([]flow.Packet, 64)
	for i := range run {
		run[i] = packet(payload)
	}
	b.ReportAllocs()
	for b.Loop() {
		d.Take(run)
	}
	b.ReportMetric(float64(b.N*64*30)/b.Elapsed().Seconds(), "records/s")
}
