package sequence

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// packets makes packets of the given units that follow each other from number
// on.
func packets(number uint32, units ...uint32) (all []Packet) {
	for _, n := range units {
		all = append(all, Packet{Number: number, Flows: n})
		number += n
	}
	return all
}

func run(n int, units uint32) (all []uint32) {
	for range n {
		all = append(all, units)
	}
	return all
}

func booted(ps []Packet, at uint32) []Packet {
	for i := range ps {
		ps[i].Boot, ps[i].HasBoot = at, true
	}
	return ps
}

func join(parts ...[]Packet) (all []Packet) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func TestCounter(t *testing.T) {
	ten := packets(1000, run(10, 30)...)
	for _, c := range []struct {
		name    string
		packets []Packet
		want    Counts
	}{
		{"in order", ten, Counts{Received: 300}},
		{"first number is no loss", packets(1<<31, 1), Counts{Received: 1}},
		{"one lost", join(ten[:4], ten[5:]), Counts{Received: 270, Lost: 30}},
		{"two late", join(ten[:2], ten[4:6], ten[2:3], ten[6:8], ten[3:4], ten[8:]), Counts{Received: 300, Reordered: 2}},
		{"late in reverse", join(ten[:2], ten[4:5], ten[3:4], ten[2:3], ten[5:]), Counts{Received: 300, Reordered: 2}},
		{"duplicate", join(ten[:5], ten[4:5], ten[5:]), Counts{Received: 300, Duplicates: 1}},
		{"every packet twice", join(ten[:2], ten[:2], ten[2:4], ten[2:4], ten[4:], ten[4:]), Counts{Received: 300, Duplicates: 10}},
		{"wrap", packets(-60&0xffffffff, run(4, 30)...), Counts{Received: 120}},
		{"loss across the wrap", join(packets(-60&0xffffffff, 30), packets(30, 30)), Counts{Received: 60, Lost: 60}},
		{"restart from zero", join(packets(5_000_000, run(4, 30)...), packets(0, run(4, 30)...)), Counts{Received: 240, Resets: 1}},
		{"restart soon after start", join(packets(0, run(9, 30)...), packets(0, run(9, 30)...)), Counts{Received: 540, Resets: 1}},
		{"restart with uptime", join(booted(packets(600, run(3, 30)...), 1_000), booted(packets(0, run(3, 30)...), 61_000)), Counts{Received: 180, Resets: 1}},
		{"restart with a number ahead", join(booted(packets(600, 30), 1_000), booted(packets(900, 30), 61_000)), Counts{Received: 60, Resets: 1}},
		{"uptime of whole seconds", join(booted(packets(600, 30), 1_000), booted(packets(660, 30), 1_999)), Counts{Received: 60, Lost: 30}},
		{"jump ahead too far", join(packets(0, 1, 1), packets(1<<25, 1, 1)), Counts{Received: 4, Resets: 1}},
		{"one wrong number", join(ten[:5], packets(1<<30, 30), ten[5:]), Counts{Received: 300, Duplicates: 1}},
		{"two exporters on one port", join(ten[:1], packets(1<<30, 30), ten[1:2], packets(1<<30+30, 30), ten[2:3]), Counts{Received: 90, Duplicates: 2}},
		{"unknown units", []Packet{{Number: 10, Flows: 5}, {Number: 15, Uncertain: true}, {Number: 40, Flows: 5}, {Number: 50, Flows: 5}}, Counts{Received: 15, Lost: 5}},
	} {
		t.Run(c.name, func(t *testing.T) {
			counter := New(Flows)
			for _, p := range c.packets {
				counter.Observe(p)
			}
			if diff := cmp.Diff(c.want, counter.Counts()); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
		})
	}
}

// TestOtherUnits numbers packets as exporters do that do not keep to their
// format: once that is clear, nothing is lost.
func TestOtherUnits(t *testing.T) {
	sizes := []Packet{{Flows: 15, Options: 1}, {Flows: 23}, {Flows: 11}, {Flows: 11}, {Flows: 30, Options: 2}, {Flows: 4}, {Flows: 9}}
	for own, format := range map[Unit]string{Flows: "NetFlow v5", Packets: "NetFlow v9", Records: "IPFIX"} {
		for _, s := range styles[:numGuessed] {
			t.Run(format+" counting "+string(s.unit), func(t *testing.T) {
				c := New(own)
				number, want := uint32(1<<32-20), uint64(0)
				for _, p := range sizes {
					n := s.units(p)
					p.Number = number
					if s.after {
						p.Number += n
					}
					number += n
					want += uint64(n)
					c.Observe(p)
				}
				got := c.Counts()
				if got.Lost != 0 || got.Duplicates != 0 || got.Resets != 0 || c.Unit() != s.unit {
					t.Errorf("%+v counting %s, want nothing lost of %d %s", got, c.Unit(), want, s.unit)
				}
			})
		}
	}
}

// TestLossAmongReordering loses and reorders packets at random: what was
// received and lost must add up to what was sent.
func TestLossAmongReordering(t *testing.T) {
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 1))
		var sent, lost uint64
		var way []Packet
		number := random.Uint32()
		for i := range 5000 {
			p := Packet{Number: number, Flows: 1 + random.Uint32N(30)}
			number += p.Flows
			sent += uint64(p.Flows)
			if i > 0 && i < 4999 && random.IntN(100) == 0 {
				lost += uint64(p.Flows)
				continue
			}
			way = append(way, p)
		}
		for i := 1; i+1 < len(way)-1; i += 1 + random.IntN(40) { // neighbours swap
			way[i], way[i+1] = way[i+1], way[i]
		}
		c := New(Flows)
		for _, p := range way {
			c.Observe(p)
		}
		if got := c.Counts(); got.Lost != lost || got.Expected() != sent || got.Resets != 0 {
			t.Errorf("seed %d: %+v, want %d lost of %d", seed, got, lost, sent)
		}
	}
}

func FuzzCounter(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 5, 0, 0, 0, 6, 2})
	f.Fuzz(func(t *testing.T, octets []byte) {
		c := New(Flows)
		var packets uint64
		for ; len(octets) >= 5; octets = octets[5:] {
			c.Observe(Packet{
				Number: uint32(octets[0])<<24 | uint32(octets[1])<<16 | uint32(octets[2])<<8 | uint32(octets[3]),
				Flows:  uint32(octets[4] & 31), Uncertain: octets[4]>>7 == 1,
			})
			packets++
		}
		got := c.Counts()
		if got.Received > 31*packets || got.Duplicates > packets || got.Reordered > packets || got.Lost > maxGap*packets {
			t.Fatalf("%d packets gave %+v", packets, got)
		}
	})
}

func BenchmarkObserve(b *testing.B) {
	c := New(Flows)
	p := Packet{Flows: 30}
	b.ReportAllocs()
	for b.Loop() {
		c.Observe(p)
		p.Number += p.Flows
	}
}
