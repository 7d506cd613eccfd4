package ipfix_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/flowtest"
	"example.com/weir/flowio/ipfix"
)

func TestHeader(t *testing.T) {
	want := ipfix.Header{Length: 16, ExportTime: 2, Sequence: 3, Domain: 4}
	octets := want.AppendTo(nil)
	got, err := ipfix.ParseHeader(octets)
	if diff := cmp.Diff(want, got); err != nil || diff != "" || len(octets) != ipfix.HeaderLen {
		t.Errorf("%d octets, %v (-want +got):\n%s", len(octets), err, diff)
	}
	if _, err := ipfix.ParseHeader(octets[:ipfix.HeaderLen-1]); err == nil {
		t.Error("a header that is cut off is accepted")
	}
	octets[1] = 5
	if _, err := ipfix.ParseHeader(octets); err == nil {
		t.Error("another version is accepted")
	}
}

// FuzzSets: the sets lie one after the other within the message.
func FuzzSets(f *testing.F) {
	for _, datagrams := range flowtest.Seeds(f) {
		for _, datagram := range datagrams {
			f.Add(datagram)
		}
	}
	f.Fuzz(func(t *testing.T, octets []byte) {
		at := ipfix.HeaderLen
		for set, err := range ipfix.Sets(octets) {
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

func TestSetsOfCutOffMessage(t *testing.T) {
	message := ipfix.Header{Length: 40}.AppendTo(nil)
	message = append(message, 1, 0, 0, 8, 1, 2, 3, 4)
	sets, wrong := 0, 0
	for _, err := range ipfix.Sets(message) {
		if err != nil {
			wrong++
		} else {
			sets++
		}
	}
	if sets != 1 || wrong != 1 {
		t.Errorf("%d sets and %d errors, want the whole set and one error", sets, wrong)
	}
}

func TestSetsEndWithMessage(t *testing.T) {
	message := ipfix.Header{Length: 24}.AppendTo(nil)
	message = append(message, 1, 0, 0, 8, 1, 2, 3, 4)
	sets := 0
	for _, err := range ipfix.Sets(append(message, message...)) {
		if err != nil {
			t.Error(err)
		}
		sets++
	}
	if sets != 1 {
		t.Errorf("%d sets, want those of the first message only", sets)
	}
}
