package unit

import (
	"testing"

	"github.com/asynkron/protoactor-go/remote"
	protobuf "google.golang.org/protobuf/proto"

	"example.com/weir/actors/proto"
	"example.com/weir/persistence/identity"
	"example.com/weir/persistence/topology"
)

// FuzzBatch feeds hostile batches. The guard must not panic, and what it lets
// through must be what the remote can take: known type, own actor, indices in
// range, in the sender's own name.
func FuzzBatch(f *testing.F) {
	from := identity.Peer{Cluster: "c1", Role: topology.Proxy, UnitID: "p1"}
	g := &guard{own: identity.Peer{Cluster: "c1", Role: topology.Master, UnitID: "m1"}, address: "192.0.2.1:2210"}
	good := batch(g.address, linkActor, &proto.UnitMessage{
		Protocol: 1, Cluster: []byte("c1"), UnitId: []byte("p1"), BootId: make([]byte, bootLen),
	}, nil)
	if err := g.checkBatch(good.GetMessageBatch(), from, below); err != nil {
		f.Fatal(err)
	}
	seed, err := protobuf.Marshal(good.GetMessageBatch())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, octets []byte) {
		var b remote.MessageBatch
		if protobuf.Unmarshal(octets, &b) != nil || g.checkBatch(&b, from, below) != nil {
			return
		}
		for _, e := range b.Envelopes {
			target := b.Targets[e.Target]
			if b.TypeNames[e.TypeId] != messageType || target.Address != g.address || target.Id != linkActor || e.Sender != 0 {
				t.Fatalf("let through: %v", e)
			}
			var m proto.UnitMessage
			if err := protobuf.Unmarshal(e.MessageData, &m); err != nil || string(m.UnitId) != "p1" {
				t.Fatalf("let through: %v, %v", &m, err)
			}
		}
	})
}
