package listen

import (
	"net/netip"

	"example.com/weir/flowio/ledger"
)

// maxCached bounds the accounts that one goroutine remembers. A Book bounds
// its accounts as well, so beyond this only the look-up gets slower.
const maxCached = 65536

// accounts remembers a Book's packet accounts at hop Receive. It is used by
// one goroutine.
type accounts struct {
	book  *ledger.Book
	known map[netip.Addr]*ledger.Account
	addr  netip.Addr // of the last packet
	last  *ledger.Account
}

func newAccounts(book *ledger.Book) accounts {
	return accounts{book: book, known: map[netip.Addr]*ledger.Account{}}
}

// of returns the account of exporter.
func (a *accounts) of(exporter netip.Addr) *ledger.Account {
	if a.last != nil && a.addr == exporter {
		return a.last
	}
	account := a.known[exporter]
	if account == nil {
		if len(a.known) >= maxCached {
			clear(a.known)
		}
		account = a.book.Account(ledger.Key{Hop: ledger.Receive, Kind: ledger.Packets, Exporter: exporter})
		a.known[exporter] = account
	}
	a.addr, a.last = exporter, account
	return account
}
