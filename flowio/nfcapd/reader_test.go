package nfcapd

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"example.com/weir/flowio/flow"
)

// The files in testdata are 33 flows that nfcapd 1.7.1 has received and nfdump
// has written with each compression.

func file(t testing.TB, name string) []byte {
	t.Helper()
	octets, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return octets
}

func readAllOf(t testing.TB, octets []byte) (*flow.Batch, Counts) {
	t.Helper()
	all, counts, err := tryRead(octets)
	if err != nil {
		t.Fatal(err)
	}
	return all, counts
}

func tryRead(octets []byte) (*flow.Batch, Counts, error) {
	r, err := NewReader(bytes.NewReader(octets))
	if err != nil {
		return nil, Counts{}, err
	}
	all, b := flow.NewBatch(flow.AllFields), flow.NewBatch(flow.AllFields)
	for {
		err := r.Next(b)
		all.AppendRows(b, 0, b.Len())
		if errors.Is(err, io.EOF) {
			return all, r.Counts(), nil
		}
		if err != nil {
			return all, r.Counts(), err
		}
	}
}

// inZSTD is an uncompressed file with its blocks compressed as newer nfdumps
// do it.
func inZSTD(t testing.TB, plain []byte) []byte {
	t.Helper()
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	out := slices.Clone(plain[:headerOctets])
	out[16] = byte(withZSTD)
	size := binary.LittleEndian.Uint32(plain[headerOctets+4:])
	header := slices.Clone(plain[headerOctets : headerOctets+blockHeader])
	body := enc.EncodeAll(plain[headerOctets+blockHeader:][:size], nil)
	binary.LittleEndian.PutUint32(header[4:], uint32(len(body)))
	return append(append(out, header...), body...)
}

func TestEveryCompressionGivesTheSame(t *testing.T) {
	plain := file(t, "small.none")
	want, counts := readAllOf(t, plain)
	if counts.Read != 33 || counts.Kept != 33 {
		t.Errorf("counts %+v, nfdump has 33 flows", counts)
	}
	packets, octets := uint64(0), uint64(0)
	for i := range want.Len() {
		packets += want.Num(flow.Packets)[i]
		octets += want.Num(flow.Bytes)[i]
	}
	if packets != 25565 || octets != 27053720 {
		t.Errorf("%d packets and %d octets, nfdump has 25565 and 27053720", packets, octets)
	}
	for name, octets := range map[string][]byte{
		"lzo": file(t, "small.lzo"), "lz4": file(t, "small.lz4"), "bz2": file(t, "small.bz2"), "zstd": inZSTD(t, plain),
	} {
		got, _ := readAllOf(t, octets)
		for f := range flow.AllFields.All {
			if f.IsAddr() && !slices.Equal(got.Addr(f), want.Addr(f)) || !f.IsAddr() && !slices.Equal(got.Num(f), want.Num(f)) {
				t.Errorf("%s: field %s differs", name, f)
			}
		}
	}
}

// The first two flows, as nfdump shows them.
func TestFields(t *testing.T) {
	type record struct {
		Time, First, Last                                         string
		Exporter, Src, Dst, NextHop                               string
		Domain, Version, SrcPort, DstPort, Proto, Flags           uint64
		TOS, Packets, Bytes, In, Out, SrcAS, DstAS, SrcMask, Mask uint64
		Direction, Rate                                           uint64
	}
	at := func(ms uint64) string { return time.UnixMilli(int64(ms)).UTC().Format("15:04:05.000") }
	b, _ := readAllOf(t, file(t, "small.none"))
	var got []record
	for i := range 2 {
		n := func(f flow.Field) uint64 { return b.Num(f)[i] }
		a := func(f flow.Field) string { return b.Addr(f)[i].Netip().String() }
		got = append(got, record{
			at(n(flow.Time)), at(n(flow.First)), at(n(flow.Last)),
			a(flow.Exporter), a(flow.SrcAddr), a(flow.DstAddr), a(flow.NextHop),
			n(flow.Domain), n(flow.Version), n(flow.SrcPort), n(flow.DstPort), n(flow.Proto), n(flow.TCPFlags),
			n(flow.TOS), n(flow.Packets), n(flow.Bytes), n(flow.InIf), n(flow.OutIf), n(flow.SrcAS), n(flow.DstAS), n(flow.SrcMask), n(flow.DstMask),
			n(flow.Direction), n(flow.SamplingRate),
		})
	}
	want := []record{
		{
			"21:19:33.933", "21:19:29.036", "21:19:31.429", "127.0.60.2", "198.18.192.41", "10.4.18.165", "198.51.100.1",
			1, 9, 0, 0, 50, 0, 0, 540, 352620, 12, 1, 64508, 64544, 20, 16, 0, 0,
		},
		{
			"21:19:34.053", "21:19:31.946", "21:19:33.173", "127.0.60.3", "2001:db8:1000::26", "2001:db8:1::637", "2001:db8:ffff::6",
			2, 10, 80, 59696, 6, 0x1b, 0, 104, 111384, 12, 6, 64496, 64544, 48, 64, 0, 1,
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("flows (-nfdump +got):\n%s", diff)
	}
}

func TestRefusals(t *testing.T) {
	plain := file(t, "small.none")
	change := func(at int, v ...byte) []byte {
		out := slices.Clone(plain)
		copy(out[at:], v)
		return out
	}
	for _, c := range []struct {
		name   string
		octets []byte
		want   error
	}{
		{"empty", nil, ErrFormat},
		{"text", []byte("ts,te,td,sa,da"), ErrFormat},
		{"header cut off", plain[:20], ErrFormat},
		{"layout 1", change(2, 1, 0), ErrLayout},
		{"layout 3", change(2, 3, 0), ErrLayout},
		{"big endian", change(0, 0xa5, 0x0c), ErrLayout},
		{"encrypted", change(17, 1), ErrLayout},
		{"unknown compression", change(16, 9), ErrLayout},
		{"huge blocks", change(32, 0xff, 0xff, 0xff, 0xff), ErrFormat},
		{"cut off", plain[:3000], ErrFormat},
		{"huge block", change(44, 0xff, 0xff, 0xff, 0xff), ErrFormat},
		{"record of nothing", change(headerOctets+blockHeader+2, 0, 0), ErrFormat},
	} {
		if _, _, err := tryRead(c.octets); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// element is an element of a flow record.
func elementOf(kind uint16, body ...byte) []byte {
	out := binary.LittleEndian.AppendUint16(nil, kind)
	out = binary.LittleEndian.AppendUint16(out, uint16(elementHeader+len(body)))
	return append(out, body...)
}

func recordOf(kind uint16, flags byte, elements ...[]byte) []byte {
	body := slices.Concat(elements...)
	out := binary.LittleEndian.AppendUint16(nil, kind)
	out = binary.LittleEndian.AppendUint16(out, uint16(recordHeader+len(body)))
	out = binary.LittleEndian.AppendUint16(out, uint16(len(elements)))
	return append(append(out, 0, 0, 1, 0, flags, 9), body...)
}

// fileOf is an uncompressed file with one block.
func fileOf(records ...[]byte) []byte {
	out := make([]byte, headerOctets)
	binary.LittleEndian.PutUint16(out, fileMagic)
	binary.LittleEndian.PutUint16(out[2:], fileLayout)
	binary.LittleEndian.PutUint32(out[32:], 1<<20)
	binary.LittleEndian.PutUint32(out[36:], 1)
	body := slices.Concat(records...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(records)))
	out = binary.LittleEndian.AppendUint32(out, uint32(len(body)))
	return append(append(out, flowBlock, 0, 0, 0), body...)
}

// What is left out is counted by reason, and the counts balance.
func TestSkipped(t *testing.T) {
	generic := elementOf(genericElement, make([]byte, 48)...)
	macs := make([]byte, 32)
	macs[0], macs[16] = 5, 7
	b, counts := readAllOf(t, fileOf(
		recordOf(flowRecord, 0, generic, elementOf(99, 1, 2, 3), elementOf(15, macs...), elementOf(6, 3, 0, 0, 0, 4, 0, 0, 0)),
		recordOf(flowRecord, isEvent, generic),
		recordOf(flowRecord, 0, elementOf(2, make([]byte, 8)...)),
		recordOf(oldFlow, 0),
		recordOf(15, 0),
		recordOf(flowRecord, 0, generic, elementOf(2, 1, 2)), // too short for its kind
	))
	want := Counts{Read: 5, Kept: 2}
	want.Skipped[Event], want.Skipped[NoFlow], want.Skipped[OldRecord] = 1, 1, 1
	if diff := cmp.Diff(want, counts); diff != "" || b.Len() != 2 {
		t.Errorf("%d records, counts (-want +got):\n%s", b.Len(), diff)
	}
	if b.Num(flow.SrcMAC)[0] != 5 || b.Num(flow.DstMAC)[0] != 7 || b.Num(flow.SrcVLAN)[0] != 3 || b.Num(flow.DstVLAN)[0] != 4 {
		t.Errorf("MAC %d %d, VLAN %d %d", b.Num(flow.SrcMAC)[0], b.Num(flow.DstMAC)[0], b.Num(flow.SrcVLAN)[0], b.Num(flow.DstVLAN)[0])
	}
	if a := b.Addr(flow.SrcAddr)[1]; a != (flow.Addr{}) || a.Netip() != (netip.Addr{}) {
		t.Errorf("address %v of half an element", a)
	}
}

// Of a damaged record nothing is there: half of one would be a flow that never
// was.
func TestDamagedRecord(t *testing.T) {
	generic := elementOf(genericElement, make([]byte, 48)...)
	half := recordOf(flowRecord, 0, generic, elementOf(2, make([]byte, 8)...))
	binary.LittleEndian.PutUint16(half[len(half)-10:], 99) // longer than what is left
	b, counts, err := tryRead(fileOf(recordOf(flowRecord, 0, generic), half))
	if want := (Counts{Read: 1, Kept: 1}); !errors.Is(err, ErrFormat) || b.Len() != 1 || counts != want {
		t.Errorf("%d records, %+v, %v, want 1, %+v, %v", b.Len(), counts, err, want, ErrFormat)
	}
}

// FuzzReader feeds hostile files: they may be refused, but must not panic, and
// the counts of what was read balance.
func FuzzReader(f *testing.F) {
	for _, name := range []string{"small.none", "small.lzo", "small.lz4", "small.bz2"} {
		f.Add(file(f, name))
	}
	f.Add(inZSTD(f, file(f, "small.none")))
	f.Add(fileOf(recordOf(flowRecord, 0, elementOf(genericElement, make([]byte, 48)...))))
	f.Fuzz(func(t *testing.T, octets []byte) {
		all, counts, err := tryRead(octets)
		if err != nil && !errors.Is(err, ErrFormat) && !errors.Is(err, ErrLayout) {
			t.Fatalf("unexpected error: %v", err)
		}
		sum := counts.Kept
		for _, n := range counts.Skipped {
			sum += n
		}
		if sum != counts.Read || uint64(all.Len()) != counts.Kept {
			t.Fatalf("%d records, counts %+v", all.Len(), counts)
		}
	})
}
