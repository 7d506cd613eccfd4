package distribute

import (
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/netflow7"
)

// deal7 deals out a packet of NetFlow v1 or v7: whole, to each Slave in turn.
// These versions are too rare to take their packets apart.
func (sh *shard) deal7(p *flow.Packet, fresh bool) verdict {
	s, n, err := sh.session7(p)
	switch {
	case s == nil && err != nil:
		return refuse(ledger.Malformed)
	case s == nil:
		return refuse(ledger.NotAdmitted)
	}
	if fresh {
		s.account.Receive(uint64(n))
	} else {
		sh.redealt += n
	}
	switch turns := sh.table.turns; {
	case n == 0:
	case len(turns) == 0:
		s.account.Drop(ledger.NoSlave, uint64(n))
	default:
		st := s.streams[0]
		if st == nil {
			st = s.newStream(0)
		}
		sh.queue(datagram{
			to: sh.table.sinks[turns[st.turn%len(turns)]], from: p.Exporter, port: p.Port, received: p.Received,
			payload: p.Payload, cost: cost{account: s.account, records: n},
		})
		st.turn = (st.turn + 1) % len(turns)
	}
	if err != nil {
		return refuse(ledger.Malformed)
	}
	return verdict{}
}

// session7 returns the session of a packet of NetFlow v1 or v7 and the number
// of its whole records.
func (sh *shard) session7(p *flow.Packet) (s *session, records uint32, err error) {
	h, err := netflow7.ParseHeader(p.Payload)
	if err != nil {
		return nil, 0, err
	}
	whole, err := netflow7.Records(p.Payload)
	s = sh.session(sessionKey{exporter: p.Exporter, port: p.Port, version: h.Version})
	if s == nil {
		return nil, 0, nil
	}
	return s, uint32(len(whole) / netflow7.RecordLen), err
}
