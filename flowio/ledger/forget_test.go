package ledger

import (
	"net/netip"
	"testing"
	"time"
)

// fill opens accounts of n invented exporters, each having sent some packets.
func fill(b *Book, n int, packets uint64) {
	addr := netip.MustParseAddr("10.0.0.0")
	for range n {
		a := b.Account(Key{Exporter: addr})
		a.Receive(packets)
		a.Keep(packets)
		addr = addr.Next()
	}
}

func (b *Book) sweep(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sweepLocked(now)
}

func TestAccountsAreBounded(t *testing.T) {
	b := NewBook()
	fill(b, maxAccounts+1000, 1)
	entries := b.Entries()
	if len(entries) > maxAccounts+1 {
		t.Errorf("%d accounts, want at most %d", len(entries), maxAccounts+1)
	}
	if got := Totals(entries)[0].Received; got != maxAccounts+1000 {
		t.Errorf("%d received in all, want %d", got, maxAccounts+1000)
	}
}

// TestQuietAccountsGiveWay fills a Book with invented exporters: those that sent
// next to nothing and are quiet are given up, a known one and one whose packets
// are under way stay, nothing is lost from the sums, and who comes back has an
// account again.
func TestQuietAccountsGiveWay(t *testing.T) {
	b, now := NewBook(), time.Now()
	known := b.Account(Key{Exporter: router})
	known.Receive(newcomer)
	known.Keep(newcomer)
	underWay := b.Account(Key{Exporter: other})
	underWay.Receive(1)
	back := b.Account(Key{Exporter: netip.MustParseAddr("192.0.2.9")})
	back.Receive(1)
	back.Keep(1)
	fill(b, maxAccounts, 1)
	version := b.Version()
	b.sweep(now.Add(sweepEvery))
	if len(b.accounts) < maxAccounts || b.Version() != version {
		t.Fatal("accounts are given up of which it is not known whether they are quiet")
	}
	b.sweep(now.Add(2 * sweepEvery))
	if len(b.accounts) != 3 || b.accounts[known.key] != known || b.accounts[underWay.key] != underWay || b.Version() == version {
		t.Fatalf("%d accounts are left, want the known one, the one under way and the shared one", len(b.accounts))
	}
	const received = newcomer + 2 + maxAccounts
	sum := func() Entry { return Totals(b.Entries())[0] }
	if e := sum(); e.Received != received || e.Missing() != 1 {
		t.Errorf("received %d, missing %d; want %d and 1", e.Received, e.Missing(), received)
	}

	back.Receive(1) // by somebody who has not looked at the version yet
	back.Drop(QueueFull, 1)
	again := b.Account(back.key)
	again.Receive(1)
	again.Keep(1)
	b.sweep(now.Add(3 * sweepEvery))
	if e := sum(); again == back || again.Entry().Received != 1 || e.Received != received+2 || e.Missing() != 1 {
		t.Errorf("it has %d in its account, received %d in all, missing %d; want 1, %d and 1", again.Entry().Received, e.Received, e.Missing(), received+2)
	}
}

// TestKnownAccountsGiveWayLast fills a Book with accounts that are no
// newcomers': they are given up when they have been quiet for an hour.
func TestKnownAccountsGiveWayLast(t *testing.T) {
	b, now := NewBook(), time.Now()
	fill(b, maxAccounts, newcomer)
	b.sweep(now.Add(sweepEvery))
	b.sweep(now.Add(longIdle))
	if len(b.accounts) != maxAccounts {
		t.Errorf("%d accounts are given up before an hour is over", maxAccounts-len(b.accounts))
	}
	b.sweep(now.Add(2 * longIdle))
	if len(b.accounts) != 1 {
		t.Errorf("%d accounts are left after an hour, want the shared one", len(b.accounts))
	}
}
