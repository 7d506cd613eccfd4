package listen

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"
)

// TestRing puts packets of all lengths in and takes them out in portions, and
// expects them whole and in order however they lie in the memory.
func TestRing(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	r := newRing(make([]byte, handOver))
	var waiting [][]byte
	put := func() {
		payload := make([]byte, random.IntN(9000))
		if random.IntN(50) == 0 {
			payload = make([]byte, longest-1)
		}
		for i := 0; i < len(payload); i += 100 {
			payload[i] = byte(random.Uint32())
		}
		if !r.fits(len(payload)) {
			if r.free() > handOver/8 {
				t.Fatalf("%d octets do not fit in %d", len(payload), r.free())
			}
			return
		}
		r.put(&exporter{}, netip.AddrPort{}, time.Time{}, payload)
		waiting = append(waiting, payload)
	}
	take := func(n int) {
		slots := r.next(n)
		for i := range slots {
			if !bytes.Equal(slots[i].payload, waiting[i]) {
				t.Fatal("a packet is not what was put in")
			}
		}
		waiting = waiting[len(slots):]
		r.release(slots)
	}
	for round := range 400 {
		for range random.IntN(400) {
			put()
		}
		r.publish()
		for n := random.IntN(400); n > 0 && len(waiting) > 0; n -= 40 {
			take(40)
		}
		if round%50 == 49 {
			for len(waiting) > 0 {
				take(1000)
			}
			if r.free() != handOver {
				t.Fatalf("%d octets are free when nothing waits, want %d", r.free(), handOver)
			}
		}
	}
}

// TestRingIsBounded fills the hand-over with the shortest and with the longest
// packets.
func TestRingIsBounded(t *testing.T) {
	for _, octets := range []int{0, leastPacket, leastPacket + 1, longest - 1} {
		r := newRing(make([]byte, handOver))
		n := 0
		for ; r.fits(octets); n++ {
			r.put(&exporter{}, netip.AddrPort{}, time.Time{}, make([]byte, octets))
		}
		if want := handOver / taken(octets); n != want {
			t.Errorf("%d packets of %d octets fit, want %d", n, octets, want)
		}
	}
}

// TestSmallLoadKeepsToItsMemory puts one packet after the other: all use the
// same octets.
func TestSmallLoadKeepsToItsMemory(t *testing.T) {
	r := newRing(make([]byte, handOver))
	for range 10 {
		r.put(&exporter{}, netip.AddrPort{}, time.Time{}, []byte("packet"))
		r.publish()
		slots := r.next(1)
		if &slots[0].payload[0] != &r.memory[0] {
			t.Fatal("a packet does not begin at the start of the memory")
		}
		r.release(slots)
	}
}
