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
	s := sh.session(sessionKey{exporter: p.Exporter, port: p.Port, version: versionSFlow, domain: h.SubAgent, agent: h.Agent})
	if s == nil {
		return refuse(ledger.NotAdmitted)
	}
	s.rebase(base{secs: uint32(p.Received.Unix()), uptime: h.Uptime})
	for sample, err := range sflow.Samples(p.Payload) {
		if err != nil {
			return refuse(ledger.Malformed)
		}
		st := s.samples(sample.IsFlow())
		if fresh && st.counted {
			s.account.Receive(1)
		}
		switch {
		case len(sh.table.sinks) > 0:
			s.put(st, sample.Raw, 0, p.Received)
		case st.counted:
			s.account.Drop(ledger.NoSlave, 1)
		}
	}
	return verdict{}
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
		st.counted = ofFlows
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
