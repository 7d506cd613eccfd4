package decode

import (
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
)

// maxAccounts bounds the accounts that are kept at hand; beyond it they start
// afresh. The Book bounds how many there are.
const maxAccounts = 16384

// Accounts books records of batches at one hop, each in the account of its
// exporter and domain. It is not safe for concurrent use.
type Accounts struct {
	book    *ledger.Book
	hop     ledger.Hop
	known   map[ledger.Key]*ledger.Account
	version uint64 // of the Book that they are of
}

// NewAccounts returns the accounts of book at hop.
func NewAccounts(book *ledger.Book, hop ledger.Hop) *Accounts {
	return &Accounts{book: book, hop: hop, known: map[ledger.Key]*ledger.Account{}}
}

// Keep counts the records of b as kept.
func (a *Accounts) Keep(b *flow.Batch) {
	a.each(b, 0, b.Len(), func(of *ledger.Account, n uint64) { of.Keep(n) })
}

// Drop counts the records of b as dropped.
func (a *Accounts) Drop(b *flow.Batch, reason ledger.Reason) {
	a.each(b, 0, b.Len(), func(of *ledger.Account, n uint64) { of.Drop(reason, n) })
}

// each calls count once for each run of the records [from, end) of b with one
// account.
func (a *Accounts) each(b *flow.Batch, from, end int, count func(*ledger.Account, uint64)) {
	exporters, domains := b.Addr(flow.Exporter), b.Num(flow.Domain)
	for from < end {
		to := from + 1
		for to < end && exporters[to] == exporters[from] && domains[to] == domains[from] {
			to++
		}
		count(a.of(exporters[from], uint32(domains[from])), uint64(to-from))
		from = to
	}
}

func (a *Accounts) of(exporter flow.Addr, domain uint32) *ledger.Account {
	if v := a.book.Version(); v != a.version || len(a.known) >= maxAccounts {
		clear(a.known)
		a.version = v
	}
	k := ledger.Key{Hop: a.hop, Kind: ledger.Records, Domain: domain}
	if exporter != (flow.Addr{}) {
		k.Exporter = exporter.Netip()
	}
	account := a.known[k]
	if account == nil {
		account = a.book.Account(k)
		a.known[k] = account
	}
	return account
}
