package queryplane

import (
	"context"
	"fmt"
	"net/netip"
	"testing"

	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/source"
	"example.com/weir/persistence/identity"
	"example.com/weir/persistence/topology"
)

// crowd is a Proxy of many Slaves, each of which has dropped something of each
// of many sources.
type crowd struct{ holder }

const crowdSources, crowdSlaves = 2000, 20

func (c *crowd) Sources(context.Context) []source.Unit {
	var seen []source.Seen
	for i := range crowdSources {
		s := source.Seen{Source: source.Source{ID: source.ID{Exporter: netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})}}}
		for slave := range crowdSlaves {
			for reason := range ledger.Reason(5) {
				s.Drops = append(s.Drops, source.Drop{
					Unit: fmt.Sprintf("slave-of-a-place-%d", slave), Hop: ledger.Store, Kind: ledger.Records, Reason: reason, Count: 1 << 40,
				})
			}
		}
		seen = append(seen, s)
	}
	return []source.Unit{{ID: "id", Name: "proxy", Seen: seen}}
}

// What many Slaves say of many sources is more than gRPC takes by default.
func TestSourcesOfManySlavesTravel(t *testing.T) {
	d := newDeployment(t, "c1")
	server, _ := serve(t, d.unit(topology.Proxy, "p"), identity.Peer{Role: topology.Master}.Fits, &crowd{})
	client, err := NewClient(server.Address().String(), d.unit(topology.Master, "m").ClientTLS(identity.Peer{Role: topology.Proxy}))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	units, err := client.Sources(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(units[0].Seen); n != crowdSources {
		t.Errorf("%d sources, want %d", n, crowdSources)
	}
}
