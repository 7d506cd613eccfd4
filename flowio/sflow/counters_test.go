package sflow_test

import (
	"encoding/binary"
	"errors"
	"testing"

	"example.com/weir/flowio/sflow"
)

// counterSample makes a counter sample with one interface record of n octets.
func counterSample(format uint32, n int) sflow.Sample {
	body := binary.BigEndian.AppendUint32(nil, 77) // number
	if format == sflow.ExpandedCounterSample {
		body = binary.BigEndian.AppendUint32(body, 0)
	}
	body = binary.BigEndian.AppendUint32(body, 5) // source
	body = binary.BigEndian.AppendUint32(body, 1) // records
	body = binary.BigEndian.AppendUint32(body, sflow.InterfaceCounters)
	body = binary.BigEndian.AppendUint32(body, uint32(n))
	for i := range n {
		octet := byte(0)
		if i%4 == 3 {
			octet = byte(i / 4) // each word holds its index
		}
		body = append(body, octet)
	}
	return sflow.Sample{Format: format, Raw: append(make([]byte, 8), body...)}
}

func TestInterfaceCounters(t *testing.T) {
	for _, format := range []uint32{sflow.CounterSample, sflow.ExpandedCounterSample} {
		s := counterSample(format, 88)
		if number, _, ok := s.Taken(); !ok || number != 77 {
			t.Errorf("format %d: number %d, %v, want 77", format, number, ok)
		}
		for record, err := range s.Counters() {
			if err != nil {
				t.Fatal(err)
			}
			i, err := sflow.ParseInterface(record.Body)
			if err != nil {
				t.Fatal(err)
			}
			if i.Type != 1 || i.Status != 5 || uint32(i.In.Octets) != 7 || i.In.Unicast != 8 || i.In.Errors != 12 ||
				uint32(i.Out.Octets) != 15 || i.Out.Packets() != 16+17+18 || i.Out.Discards != 19 {
				t.Errorf("format %d: %+v", format, i)
			}
		}
	}
}

func TestCountersThatLie(t *testing.T) {
	short := counterSample(sflow.CounterSample, 40)
	for record, err := range short.Counters() {
		if _, parse := sflow.ParseInterface(record.Body); err != nil || !errors.Is(parse, sflow.ErrMalformed) {
			t.Errorf("a record of 40 octets: %v, %v, want %v", err, parse, sflow.ErrMalformed)
		}
	}
	cut := counterSample(sflow.CounterSample, 88)
	cut.Raw = cut.Raw[:len(cut.Raw)-1]
	for _, err := range cut.Counters() {
		if !errors.Is(err, sflow.ErrMalformed) {
			t.Errorf("a record beyond its sample: %v, want %v", err, sflow.ErrMalformed)
		}
	}
	if _, _, ok := (sflow.Sample{Format: sflow.FlowSample, Raw: make([]byte, 12)}).Taken(); ok {
		t.Error("a sample of 4 octets has a number")
	}
}
