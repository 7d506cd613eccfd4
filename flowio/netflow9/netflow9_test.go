package netflow9_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/flowtest"
	"example.com/weir/flowio/netflow9"
)

func TestHeader(t *testing.T) {
	want := netflow9.Header{Count: 1, SysUptime: 2, UnixSecs: 3, Sequence: 4, SourceID: 5}
	octets := want.AppendTo(nil)
	got, err := netflow9.ParseHeader(octets)
	if diff := cmp.Diff(want, got); err != nil || diff != "" || len(octets) != netflow9.HeaderLen {
		t.Errorf("%d octets, %v (-want +got):\n%s", len(octets), err, diff)
	}
	if _, err := netflow9.ParseHeader(octets[:netflow9.HeaderLen-1]); err == nil {
		t.Error("a header that is cut off is accepted")
	}
	octets[1] = 5
	if _, err := netflow9.ParseHeader(octets); err == nil {
		t.Error("another version is accepted")
	}
}

// FuzzSets: the sets lie one after the other within the packet.
func FuzzSets(f *testing.F) {
	for _, datagrams := range flowtest.Seeds(f) {
		for _, datagram := range datagrams {
			f.Add(datagram)
		}
	}
	f.Fuzz(func(t *testing.T, octets []byte) {
		at := netflow9.HeaderLen
		for set, err := range netflow9.Sets(octets) {
			if err != nil {
				continue
			}
			if set.Offset != at || len(set.Raw(octets)) != len(set.Body)+4 {
				t.Fatalf("set at %d, want %d", set.Offset, at)
			}
			at += len(set.Raw(octets))
		}
	})
}
