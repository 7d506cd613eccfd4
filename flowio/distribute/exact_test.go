package distribute

import (
	"encoding/binary"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"testing"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/netflow5"
	"example.com/weir/flowio/template"
)

// dealt counts the records of one template of one exporter by Slave.
type dealt map[string]map[streamName]int

type streamName struct {
	exporter netip.AddrPort
	template uint16
}

// countDealt counts the records in the packets that each Slave got.
func countDealt(t *testing.T, k *kept) dealt {
	t.Helper()
	counts := dealt{}
	for id, packets := range k.packets {
		counts[id] = map[streamName]int{}
		for _, p := range packets {
			if version(p.Payload) == netflow5.Version {
				h, err := netflow5.ParseHeader(p.Payload)
				if err != nil {
					t.Fatal(err)
				}
				counts[id][streamName{p.Exporter, 0}] += int(h.Count)
				continue
			}
			for s, err := range template.Sets(p.Payload, 16) {
				if err != nil {
					t.Fatal(err)
				}
				if s.ID >= template.MinID {
					counts[id][streamName{p.Exporter, s.ID}] += len(s.Body) / 8
				}
			}
		}
	}
	return counts
}

// sendCrowd sends records of five exporters: two templates of IPFIX each, and
// NetFlow v5 from another port. The numbers of records are odd on purpose. It
// returns how many there are of each stream.
func sendCrowd(d *Distributor, rounds int) map[streamName]int {
	sent := map[streamName]int{}
	one := template.New(300, 0, []template.Field{{Element: 8, Length: 4}, {Element: 12, Length: 4}})
	two := template.New(301, 0, []template.Field{{Element: 8, Length: 4}, {Element: 12, Length: 4}})
	n := uint32(0)
	records := func(count int) (all [][]byte) {
		for range count {
			n++
			all = append(all, binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, n), n*7919))
		}
		return all
	}
	for round := range rounds {
		for i := range 5 {
			address := netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})
			p := packet(nil)
			p.Exporter = netip.AddrPortFrom(address, 4739)
			a, b := 1+(round*3+i)%17, (round+i)%5
			sets := [][]byte{set(300, records(a)...), set(301, records(b)...)}
			if round == 0 {
				sets = append([][]byte{one.AppendSet(nil, template.IPFIX), two.AppendSet(nil, template.IPFIX)}, sets...)
			}
			p.Payload = export(template.IPFIX, 1_700_000_000, 0, 0, sets...)
			five := packet(packet5(netflow5.Header{UnixSecs: 1_700_000_000}, int(n), 1+(round+i)%30))
			five.Exporter = netip.AddrPortFrom(address, 2055)
			d.Take([]flow.Packet{p, five})
			sent[streamName{p.Exporter, 300}] += a
			sent[streamName{p.Exporter, 301}] += b
			sent[streamName{five.Exporter, 0}] += 1 + (round+i)%30
		}
	}
	return sent
}

// TestDealtExactly expects the records of every template of every exporter to
// be shared out by weight, with equal weights to the record.
func TestDealtExactly(t *testing.T) {
	for _, weights := range [][]int{{1, 1}, {1, 1, 1}, {5, 5, 5, 5, 5}, {1, 3}, {2, 3, 5}} {
		t.Run(fmt.Sprint(weights), func(t *testing.T) {
			d, k := newKept(t, Config{}, len(weights))
			set, total := slaves(len(weights)), 0
			for i, w := range weights {
				set[i].Weight = w
				total += w
			}
			d.SetSlaves(set)
			sent := sendCrowd(d, 97)
			d.Close()
			balance(t, d)
			counts := countDealt(t, k)
			for name, n := range sent {
				sum := 0
				for i, w := range weights {
					got := counts[set[i].ID][name]
					sum += got
					share, off := float64(n*w)/float64(total), 2.0 // of a window of turns that begins anywhere
					if slices.Max(weights) == slices.Min(weights) {
						off = 1
					}
					if float64(got) <= share-off || float64(got) >= share+off {
						t.Errorf("%v: %s has %d of %d records, want %.1f", name, set[i].ID, got, n, share)
					}
				}
				if sum != n {
					t.Errorf("%v: %d of %d records arrived", name, sum, n)
				}
			}
		})
	}
}

// TestWeightsChange changes weights while records wait in open packets:
// nothing is lost or doubled, and what comes after follows the new weights.
func TestWeightsChange(t *testing.T) {
	for _, model := range []string{RoundRobin, HostPair} {
		t.Run(model, func(t *testing.T) {
			d, k := newKept(t, Config{Model: model}, 3)
			sent, shares := map[streamName]int{}, [][]int{{1, 1, 1}, {1, 2, 3}, {0, 1, 9}, {4, 1, 0}, {1, 1, 1}}
			for _, weights := range shares {
				var set []Slave
				for i, s := range slaves(3) {
					if s.Weight = weights[i]; s.Weight > 0 {
						set = append(set, s)
					}
				}
				d.SetSlaves(set)
				for name, n := range sendCrowd(d, 13) {
					sent[name] += n
				}
			}
			d.Close()
			balance(t, d)
			counts := countDealt(t, k)
			for name, want := range sent {
				got := 0
				for _, id := range slices.Sorted(maps.Keys(counts)) {
					got += counts[id][name]
				}
				if got != want {
					t.Errorf("%v: %d of %d records arrived", name, got, want)
				}
			}
		})
	}
}
