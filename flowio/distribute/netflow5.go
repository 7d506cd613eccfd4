package distribute

import (
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/netflow5"
)

// firstOffset5 and lastOffset5 are where a NetFlow v5 record has the uptimes
// at the start and the end of the flow.
const firstOffset5, lastOffset5 = 24, 28

// deal5 deals out the records of a NetFlow v5 packet. If it is shorter than
// its count says, the whole records that are there are dealt out.
func (sh *shard) deal5(p *flow.Packet, fresh bool) verdict {
	h, err := netflow5.ParseHeader(p.Payload)
	if err != nil {
		return refuse(ledger.Malformed)
	}
	records, err := netflow5.Records(p.Payload)
	s := sh.session(key5(p, h))
	if s == nil {
		return refuse(ledger.NotAdmitted)
	}
	n := uint64(len(records) / netflow5.RecordLen)
	if fresh {
		s.account.Receive(n)
	} else {
		sh.redealt += uint32(n)
	}
	switch {
	case n == 0:
	case len(sh.table.sinks) == 0:
		s.account.Drop(ledger.NoSlave, n)
	default:
		s.dealFixed(s.stream5(), records, s.rebase(base5(h)), p.Received)
	}
	if err != nil {
		return refuse(ledger.Malformed)
	}
	return verdict{}
}

func key5(p *flow.Packet, h netflow5.Header) sessionKey {
	return sessionKey{
		exporter: p.Exporter, port: p.Port, version: netflow5.Version,
		domain: uint32(h.EngineType)<<8 | uint32(h.EngineID),
	}
}

func base5(h netflow5.Header) base {
	return base{secs: h.UnixSecs, millis: h.UnixNsecs / 1e6, nanos: h.UnixNsecs, uptime: h.SysUptime, sampling: h.Sampling}
}

// stream5 returns the stream of NetFlow v5 records.
func (s *session) stream5() *stream {
	st := s.streams[0]
	if st == nil {
		st = s.newStream(0)
		st.size, st.shortest = netflow5.RecordLen, netflow5.RecordLen
		st.first, st.last = firstOffset5, lastOffset5
		if s.sh.d.cfg.Model == HostPair {
			st.pair = pair5
		}
	}
	return st
}
