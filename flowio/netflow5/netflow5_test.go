package netflow5_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/flowtest"
	"example.com/weir/flowio/netflow5"
)

func packet(count uint16, records int, tail ...byte) []byte {
	b := netflow5.Header{Count: count}.AppendTo(nil)
	return append(append(b, make([]byte, records*netflow5.RecordLen)...), tail...)
}

func TestRecords(t *testing.T) {
	tests := []struct {
		name    string
		packet  []byte
		records int
		wrong   bool
	}{
		{"two", packet(2, 2), 2, false},
		{"none", packet(0, 0), 0, false},
		{"octets after the records", packet(1, 1, 1, 2, 3), 1, false},
		{"record beyond the count", packet(1, 2), 1, false},
		{"count lies", packet(31, 3, 9), 3, true},
		{"short header", packet(0, 0)[:23], 0, true},
		{"other version", append([]byte{0, 7}, packet(1, 1)[2:]...), 0, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := netflow5.Records(test.packet)
			if len(got) != test.records*netflow5.RecordLen || (err != nil) != test.wrong {
				t.Errorf("%d octets, %v; want %d records, error %v", len(got), err, test.records, test.wrong)
			}
			if err != nil && !errors.Is(err, netflow5.ErrMalformed) {
				t.Errorf("error %v is not ErrMalformed", err)
			}
		})
	}
}

func TestHeader(t *testing.T) {
	want := netflow5.Header{
		Count: 1, SysUptime: 2, UnixSecs: 3, UnixNsecs: 4, FlowSequence: 5,
		EngineType: 6, EngineID: 7, Sampling: 1<<14 | 100,
	}
	octets := want.AppendTo(nil)
	got, err := netflow5.ParseHeader(octets)
	if diff := cmp.Diff(want, got); err != nil || diff != "" || len(octets) != netflow5.HeaderLen {
		t.Errorf("%d octets, %v (-want +got):\n%s", len(octets), err, diff)
	}
	if got.Interval() != 100 {
		t.Errorf("interval %d, want 100", got.Interval())
	}
}

func TestLayoutHasRecordLen(t *testing.T) {
	if n := netflow5.Layout().MinLen; n != netflow5.RecordLen {
		t.Errorf("layout of %d octets", n)
	}
}

func FuzzRecords(f *testing.F) {
	for _, datagrams := range flowtest.Seeds(f) {
		f.Add(datagrams[0])
	}
	f.Fuzz(func(t *testing.T, octets []byte) {
		records, _ := netflow5.Records(octets)
		if len(records)%netflow5.RecordLen != 0 || len(records) > len(octets) {
			t.Fatalf("%d octets of records out of %d", len(records), len(octets))
		}
	})
}
