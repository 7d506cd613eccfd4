package distribute

import (
	"encoding/binary"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/sflow"
)

// Streams of an sFlow session. Counter samples take turns of their own, so
// that those of flow samples stay even.
const (
	flowSamples  = 0
	otherSamples = 1
)

// dealSFlow deals out the samples of an sFlow datagram. After a sample whose
// length lies nothing can be found; those before it are dealt out.
func (sh *shard) dealSFlow(p *flow.Packet, fresh bool) verdict {
	h, err := sflow.ParseHeader(p.Payload)
	if err != nil {
		return refuse(ledger.Malformed)
	}
	s := sh.session(keySFlow(p, h))
	if s == nil {
		return refuse(ledger.NotAdmitted)
	}
	s.rebase(base{secs: uint32(p.Received.Unix()), uptime: h.Uptime})
	n, slaves := countSamples(p.Payload), len(sh.table.sinks)
	if fresh {
		s.account.Receive(uint64(n.records))
		n.others.receive(s.others)
	} else {
		sh.redealt += n.records
	}
	if slaves == 0 {
		s.account.Drop(ledger.NoSlave, uint64(n.records))
		n.others.drop(s.others, ledger.NoSlave)
	}
	for sample, err := range sflow.Samples(p.Payload) {
		if err != nil {
			return refuse(ledger.Malformed)
		}
		if slaves > 0 {
			s.put(s.samples(sample.IsFlow()), sample.Raw, 0, p.Received)
		}
	}
	return verdict{}
}

func keySFlow(p *flow.Packet, h sflow.Header) sessionKey {
	return sessionKey{exporter: p.Exporter, port: p.Port, version: versionSFlow, domain: h.SubAgent, agent: h.Agent}
}

// samples returns the stream of flow samples or that of all others.
func (s *session) samples(ofFlows bool) *stream {
	id := uint16(otherSamples)
	if ofFlows {
		id = flowSamples
	}
	st := s.streams[id]
	if st == nil {
		st = s.newStream(id)
		st.counted, st.others = ofFlows, !ofFlows
		if ofFlows && s.sh.d.cfg.Model == HostPair {
			st.pair = pairSample
		}
	}
	return st
}

// dealSamples deals out samples that follow each other.
func (s *session) dealSamples(st *stream, samples []byte, received time.Time) {
	const headerLen = 8 // format and length
	for len(samples) >= headerLen {
		n := headerLen + int(binary.BigEndian.Uint32(samples[4:]))
		s.put(st, samples[:n], 0, received)
		samples = samples[n:]
	}
}
