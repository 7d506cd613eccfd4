package decode_test

import (
	"encoding/binary"
	"testing"
	"time"

	"example.com/weir/flowio/decode"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/netflow7"
	"example.com/weir/flowio/source"
)

// packet7 makes a packet of NetFlow v1 or v7 with one record.
func packet7(version uint16) flow.Packet {
	b := binary.BigEndian.AppendUint16(nil, version)
	b = binary.BigEndian.AppendUint16(b, 1)
	for _, v := range []uint32{100_000, exported / 1000, 0} {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	if version == netflow7.Version7 {
		b = append(b, 0, 0, 0, 9, 0, 0, 0, 0)
	}
	b = append(b, 10, 0, 0, 1, 10, 0, 0, 2, 10, 0, 0, 3, 0, 4, 0, 5)
	for _, v := range []uint32{6, 700, 98_000, 99_000} {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	b = append(b, 0xc3, 0x50, 0, 80)
	if version == netflow7.Version1 {
		b = append(b, 0, 0, 6, 8, 0x1b)
	} else {
		b = append(b, 0, 0x1b, 6, 8, 0xfd, 0xe8, 0xfd, 0xe9, 24, 16)
	}
	headerLen := netflow7.HeaderLen1
	if version == netflow7.Version7 {
		headerLen = netflow7.HeaderLen7
	}
	b = append(b, make([]byte, headerLen+netflow7.RecordLen-len(b))...)
	return flow.Packet{Exporter: exporter, Received: time.UnixMilli(exported), Payload: b}
}

func TestNetFlow1And7(t *testing.T) {
	for version, as := range map[uint16]uint64{netflow7.Version1: 0, netflow7.Version7: 65000} {
		book := ledger.NewBook()
		registry := source.NewRegistry(source.Config{})
		d := decode.New(decode.Config{Book: book, Sources: registry})
		out := flow.NewBatch(flow.AllFields)
		for range 3 {
			out.Reset()
			if err := d.Decode(packet7(version), out); err != nil {
				t.Fatal(err)
			}
			decode.NewAccounts(book, ledger.Receive).Keep(out)
		}
		checkBooks(t, book, 3)
		columns := []flow.Field{
			flow.Version, flow.SrcPort, flow.DstPort, flow.InIf, flow.OutIf, flow.Packets, flow.Bytes,
			flow.First, flow.Last, flow.Proto, flow.TOS, flow.TCPFlags, flow.SrcAS,
		}
		want := []uint64{uint64(version), 50000, 80, 4, 5, 6, 700, exported - 2000, exported - 1000, 6, 8, 0x1b, as}
		for i, got := range numbers(out, 0, columns...) {
			if got != want[i] {
				t.Errorf("version %d: %s = %d, want %d", version, columns[i], got, want[i])
			}
		}
		if a := out.Addr(flow.NextHop)[0].Netip().String(); a != "10.0.0.3" {
			t.Errorf("version %d: next hop %s", version, a)
		}
		if s := registry.Snapshot(nil)[0]; s.Records != 3 || s.Sequences[0].Lost != 0 {
			t.Errorf("version %d: %+v", version, s)
		}
	}
}
