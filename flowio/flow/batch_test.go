package flow

import (
	"math/rand/v2"
	"net/netip"
	"testing"
)

// random returns a batch of n records with random values in every column of
// fields.
func random(r *rand.Rand, fields FieldSet, n int) *Batch {
	b := NewBatch(fields)
	b.Extend(n)
	for f := range fields.All {
		for i := range n {
			if f.IsAddr() {
				b.Addr(f)[i] = AddrFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(r.Uint32())}))
			} else {
				b.Num(f)[i] = r.Uint64() >> r.IntN(64)
			}
		}
	}
	return b
}

func equal(a, b *Batch) bool {
	if a.Fields() != b.Fields() || a.Len() != b.Len() {
		return false
	}
	for f := range a.Fields().All {
		for i := range a.Len() {
			if f.IsAddr() && a.Addr(f)[i] != b.Addr(f)[i] || !f.IsAddr() && a.Num(f)[i] != b.Num(f)[i] {
				return false
			}
		}
	}
	return true
}

func TestBinaryRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	reused := NewBatch(Fields(Time))
	for range 200 {
		want := random(r, FieldSet(r.Uint64())&AllFields, r.IntN(50))
		octets, err := want.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := reused.UnmarshalBinary(octets); err != nil {
			t.Fatal(err)
		}
		if want.Fields() != 0 && !equal(want, reused) {
			t.Fatalf("%d records of %d fields changed on their way", want.Len(), want.Fields().Len())
		}
	}
}

func TestAppendSelectedKeepsOrderAndZeroesMissingColumns(t *testing.T) {
	src := NewBatch(Fields(Bytes, SrcAddr))
	src.Extend(4)
	for i := range 4 {
		src.Num(Bytes)[i] = uint64(10 + i)
	}
	dst := NewBatch(Fields(Bytes, Packets))
	dst.AppendSelected(src, []int{3, 0})
	if got := dst.Num(Bytes); got[0] != 13 || got[1] != 10 {
		t.Errorf("bytes = %v, want [13 10]", got)
	}
	if got := dst.Num(Packets); len(got) != 2 || got[0] != 0 {
		t.Errorf("packets = %v, want two zeros", got)
	}
	if dst.Addr(SrcAddr) != nil {
		t.Error("a column that the batch lacks is not nil")
	}
}

func TestExtendClearsReusedMemory(t *testing.T) {
	b := NewBatch(Fields(Bytes))
	b.Extend(3)
	b.Num(Bytes)[2] = 7
	b.Reset()
	b.Extend(3)
	if got := b.Num(Bytes)[2]; got != 0 {
		t.Errorf("a new record starts with %d, want 0", got)
	}
}

func TestAddr(t *testing.T) {
	for _, text := range []string{"192.0.2.1", "2001:db8::1"} {
		a := netip.MustParseAddr(text)
		if got := AddrFrom(a).Netip(); got != a {
			t.Errorf("%v became %v", a, got)
		}
		if AddrFrom(a).Is4() != a.Is4() {
			t.Errorf("Is4 of %v is wrong", a)
		}
	}
	if (Addr{}).Netip().IsValid() {
		t.Error("the zero Addr is an address")
	}
}

func TestFieldNamesAreUnique(t *testing.T) {
	for f := range AllFields.All {
		if got, ok := FieldByName(f.String()); !ok || got != f {
			t.Errorf("field %d is called %q, which names field %d", f, f, got)
		}
	}
}

// FuzzUnmarshalBinary feeds hostile octets: they may be refused, but must not
// panic, nor make a batch larger than they can hold.
func FuzzUnmarshalBinary(f *testing.F) {
	octets, _ := random(rand.New(rand.NewPCG(1, 2)), AllFields, 3).AppendBinary(nil)
	f.Add(octets)
	f.Add([]byte{0xff, 0xff, 0x3f, 1})
	f.Fuzz(func(t *testing.T, octets []byte) {
		b := NewBatch(AllFields)
		if b.UnmarshalBinary(octets) != nil {
			return
		}
		if b.Fields() != 0 && b.Len() > len(octets) {
			t.Fatalf("%d records out of %d octets", b.Len(), len(octets))
		}
		again, err := b.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		other := NewBatch(0)
		if err := other.UnmarshalBinary(again); err != nil || !equal(b, other) {
			t.Fatalf("round trip: %v", err)
		}
	})
}
