package distribute

import (
	"encoding/binary"

	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/sflow"
)

// otherKinds are the kinds of sFlow samples that hold no flow.
var otherKinds = [...]ledger.Kind{ledger.CounterSamples, ledger.DiscardNotices, ledger.UnknownSamples}

// others counts samples that hold no flow, by kind. A datagram has fewer than
// 65,536 octets and a sample at least eight.
type others [len(otherKinds)]uint16

// otherAccounts are the accounts of one session for them.
type otherAccounts [len(otherKinds)]*ledger.Account

// add counts a sample.
func (o *others) add(kind ledger.Kind) { o[kind-otherKinds[0]]++ }

// each calls f with the account and the number of each kind that there is.
func (o *others) each(of *otherAccounts, f func(*ledger.Account, uint64)) {
	for i, n := range o {
		if n > 0 {
			f(of[i], uint64(n))
		}
	}
}

// receive counts samples as received, drop as dropped.
func (o *others) receive(of *otherAccounts) {
	o.each(of, func(a *ledger.Account, n uint64) { a.Receive(n) })
}

func (o *others) drop(of *otherAccounts, r ledger.Reason) {
	o.each(of, func(a *ledger.Account, n uint64) { a.Drop(r, n) })
}

func (o *others) keep(of *otherAccounts) {
	o.each(of, func(a *ledger.Account, n uint64) { a.Keep(n) })
}

// openOthers opens the accounts of an sFlow session.
func (s *session) openOthers() {
	s.others = new(otherAccounts)
	for i, kind := range otherKinds {
		s.others[i] = s.sh.d.cfg.Book.Account(ledger.Key{
			Hop: ledger.Distribute, Kind: kind, Exporter: s.key.exporter.Addr(), Domain: s.key.domain,
		})
	}
}

// kindOf returns the kind of a sample that begins with its header.
func kindOf(sample []byte) ledger.Kind {
	return sflow.Sample{Format: binary.BigEndian.Uint32(sample)}.Kind()
}

// counted is what a packet holds that is on the ledger.
type counted struct {
	records uint32
	others  others
}

// countSamples counts the samples of an sFlow datagram as far as its lengths go.
func countSamples(datagram []byte) (n counted) {
	for sample, err := range sflow.Samples(datagram) {
		if err != nil {
			break
		}
		if sample.IsFlow() {
			n.records++
		} else {
			n.others.add(sample.Kind())
		}
	}
	return n
}
