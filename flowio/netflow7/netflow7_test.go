package netflow7

import (
	"errors"
	"testing"
)

func TestLayouts(t *testing.T) {
	for _, version := range []uint16{Version1, Version7} {
		if l := Layout(version); l.MinLen != RecordLen || !l.Fixed {
			t.Errorf("records of version %d have %d octets, want %d", version, l.MinLen, RecordLen)
		}
	}
}

func TestRecords(t *testing.T) {
	for version, headerLen := range map[byte]int{Version1: HeaderLen1, Version7: HeaderLen7} {
		packet := make([]byte, headerLen+2*RecordLen+7)
		packet[1], packet[3] = version, 2
		if records, err := Records(packet); err != nil || len(records) != 2*RecordLen {
			t.Errorf("version %d: %d octets, %v", version, len(records), err)
		}
		packet[3] = 9
		if records, err := Records(packet); !errors.Is(err, ErrMalformed) || len(records) != 2*RecordLen {
			t.Errorf("version %d with a count that lies: %d octets, %v", version, len(records), err)
		}
		if _, err := Records(packet[:headerLen-1]); !errors.Is(err, ErrMalformed) {
			t.Errorf("version %d cut within its header: %v", version, err)
		}
	}
}

func FuzzRecords(f *testing.F) {
	f.Add([]byte{0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{0, 7, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, packet []byte) {
		if records, _ := Records(packet); len(records)%RecordLen != 0 || len(records) > len(packet) {
			t.Fatalf("%d octets of records out of %d", len(records), len(packet))
		}
	})
}
