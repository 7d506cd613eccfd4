package queryplane

import (
	"example.com/weir/actors/proto"
	"example.com/weir/flowio/ledger"
)

func encodeForwarded(all []ledger.Forwarded) []*proto.Forwarded {
	var wire []*proto.Forwarded
	for _, f := range all {
		wire = append(wire, &proto.Forwarded{
			Target: []byte(f.Target), Twin: []byte(f.Twin), Received: f.Received, Kept: f.Kept, Dropped: f.Dropped[:],
		})
	}
	return wire
}

// decodeForwarded leaves out reasons that this version does not know.
func decodeForwarded(wire []*proto.Forwarded) []ledger.Forwarded {
	var all []ledger.Forwarded
	for _, w := range wire {
		f := ledger.Forwarded{Target: string(w.GetTarget()), Twin: string(w.GetTwin())}
		f.Received, f.Kept = w.GetReceived(), w.GetKept()
		copy(f.Dropped[:], w.GetDropped())
		all = append(all, f)
	}
	return all
}
