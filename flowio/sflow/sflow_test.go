package sflow_test

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/flowtest"
	"example.com/weir/flowio/sflow"
)

func TestHeader(t *testing.T) {
	for _, agent := range []netip.Addr{
		{}, netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1"),
	} {
		want := sflow.Header{Agent: agent, SubAgent: 1, Sequence: 2, Uptime: 3, Count: 4}
		octets := want.AppendTo(nil)
		got, err := sflow.ParseHeader(octets)
		if err != nil || got != want || len(octets) != want.Len() {
			t.Errorf("agent %v: %+v of %d octets, %v; want %+v of %d", agent, got, len(octets), err, want, want.Len())
		}
		for n := range octets {
			if _, err := sflow.ParseHeader(octets[:n]); err == nil {
				t.Errorf("agent %v: a header cut off at %d octets is accepted", agent, n)
			}
		}
	}
}

func TestSamples(t *testing.T) {
	datagram := sflow.Header{Count: 3}.AppendTo(nil)
	for format := range uint32(3) {
		datagram = binary.BigEndian.AppendUint32(datagram, format+1)
		datagram = binary.BigEndian.AppendUint32(datagram, 4*format)
		datagram = append(datagram, make([]byte, 4*format)...)
	}
	type sample struct {
		Format uint32
		Octets int
		Flow   bool
	}
	var got []sample
	for s, err := range sflow.Samples(datagram) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, sample{s.Format, len(s.Body()), s.IsFlow()})
	}
	want := []sample{{1, 0, true}, {2, 4, false}, {3, 8, true}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestGateway(t *testing.T) {
	word := binary.BigEndian.AppendUint32
	path := func(ases ...uint32) []byte {
		b := word(nil, 1)
		b = append(b, 198, 51, 100, 1)
		for _, v := range []uint32{64500, 64501, 64502, 1, 2, uint32(len(ases))} {
			b = word(b, v)
		}
		for _, as := range ases {
			b = word(b, as)
		}
		return b
	}
	got, err := sflow.ParseGateway(path(64503, 64504))
	want := sflow.Gateway{NextHop: netip.MustParseAddr("198.51.100.1"), SrcAS: 64501, DstAS: 64504}
	if err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	whole := path(64503, 64504)
	if _, err := sflow.ParseGateway(whole[:len(whole)-4]); err == nil {
		t.Error("a path longer than its record is accepted")
	}
}

// FuzzSamples: samples and their records lie within the datagram, and there
// are no more of them than it has octets for.
func FuzzSamples(f *testing.F) {
	for _, datagrams := range flowtest.Seeds(f) {
		for _, datagram := range datagrams {
			f.Add(datagram)
		}
	}
	f.Fuzz(func(t *testing.T, datagram []byte) {
		octets, records := 0, 0
		for sample, err := range sflow.Samples(datagram) {
			if err != nil {
				break
			}
			octets += len(sample.Raw)
			sample.Taken()
			if sample.IsCounters() {
				for record, err := range sample.Counters() {
					if err != nil {
						break
					}
					records++
					sflow.ParseInterface(record.Body)
				}
			}
			if !sample.IsFlow() {
				continue
			}
			if one, err := sflow.ParseFlow(sample); err == nil {
				for record := range one.Records() {
					records++
					sflow.ParseRawHeader(record.Body)
					sflow.ParseRouter(record.Body)
					sflow.ParseGateway(record.Body)
				}
			}
		}
		if octets > len(datagram) || 8*records > len(datagram) {
			t.Fatalf("%d octets of samples, %d records out of %d octets", octets, records, len(datagram))
		}
	})
}
