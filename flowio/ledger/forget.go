package ledger

import (
	"net/netip"
	"time"
)

// Who gives way in a Book that is full.
const (
	// maxAccounts bounds a Book: a source address costs its sender nothing, an
	// account costs about 250 octets. While it is full new exporters share the
	// account with the invalid address.
	maxAccounts = 65536

	// newcomer is the number of things received below which an account gives
	// way before others, as soon as it is quiet. Others give way when they have
	// been quiet for an hour.
	newcomer = 64
	longIdle = time.Hour

	// sweepEvery is how often a Book that is full looks for quiet accounts at
	// most. An account of which nothing has been heard between two looks is
	// quiet.
	sweepEvery = 10 * time.Second
)

// sweepLocked makes room: accounts that are quiet and balance are given up, of
// newcomers if there are any, and count under the invalid address from then on.
func (b *Book) sweepLocked(now time.Time) {
	if now.Sub(b.swept) < sweepEvery {
		return
	}
	b.swept = now
	b.settleLocked()
	var newcomers, idle []*Account
	for _, a := range b.accounts {
		switch received := a.received.Load(); {
		case a.key == a.key.shared():
		case received != a.before || a.Entry().Missing() != 0:
			a.before, a.quiet = received, now
		case received < newcomer:
			newcomers = append(newcomers, a)
		case now.Sub(a.quiet) >= longIdle:
			idle = append(idle, a)
		}
	}
	if len(newcomers) == 0 {
		newcomers = idle
	}
	for _, a := range newcomers {
		a.shared.Store(b.openLocked(a.key.shared()))
		delete(b.accounts, a.key)
		b.leaving = append(b.leaving, a)
	}
	if len(newcomers) > 0 {
		b.version.Add(1)
	}
}

// settleLocked moves the counts of accounts that were given up. That was a while
// ago, so that nobody is counting there any more.
func (b *Book) settleLocked() {
	for _, a := range b.leaving {
		a.shared.Load().add(a.Entry())
	}
	b.leaving = nil
}

// shared is the account of exporters that have none of their own.
func (k Key) shared() Key {
	k.Exporter, k.Domain = netip.Addr{}, 0
	return k
}

// Version counts up when accounts were given up. Whoever keeps accounts looks at
// it before counting something received, and asks for them anew when it has
// changed: theirs may have been given up, or may get a place now that there is
// room.
func (b *Book) Version() uint64 { return b.version.Load() }
