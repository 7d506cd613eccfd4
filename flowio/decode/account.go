package decode

import (
	"net/netip"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
)

// Keep counts the records of b as kept at hop, each in the account of its
// exporter and domain.
func Keep(book *ledger.Book, hop ledger.Hop, b *flow.Batch) {
	perAccount(book, hop, b, 0, b.Len(), func(a *ledger.Account, n uint64) { a.Keep(n) })
}

// perAccount calls count once for each run of the records [from, end) of b
// with one account.
func perAccount(book *ledger.Book, hop ledger.Hop, b *flow.Batch, from, end int, count func(*ledger.Account, uint64)) {
	exporters, domains := b.Addr(flow.Exporter), b.Num(flow.Domain)
	for from < end {
		to := from + 1
		for to < end && exporters[to] == exporters[from] && domains[to] == domains[from] {
			to++
		}
		exporter := exporters[from].Netip()
		if exporters[from] == (flow.Addr{}) {
			exporter = netip.Addr{}
		}
		count(book.Account(ledger.Key{
			Hop: hop, Kind: ledger.Records, Exporter: exporter, Domain: uint32(domains[from]),
		}), uint64(to-from))
		from = to
	}
}
