package listen

import (
	"log/slog"
	"net/netip"
	"sync/atomic"
	"time"

	"example.com/weir/flowio/ledger"
)

const (
	// maxExporters bounds the exporters that one socket knows. An address costs
	// its sender nothing, an exporter about 150 octets here.
	maxExporters = 65536

	// defaultAdmitAtOnce is how many exporters a socket admits at once: after a
	// start all are new, and 8,192 are more than real places have.
	defaultAdmitAtOnce = 8192

	// defaultAdmitPerSecond is how many more it admits each second. Exporters
	// are added by people and scripts; whoever brings more invents addresses.
	defaultAdmitPerSecond = 256

	// forgetAfter is when an exporter that sends nothing has to be admitted
	// anew once there is no room for another; forgetBriefAfter is the same for
	// one that was heard for less than a minute, as invented addresses are:
	// those go first. SweepEvery is how often they are looked for at most.
	forgetAfter      = 10 * time.Minute
	forgetBriefAfter = 10 * time.Second
	briefly          = time.Minute
	sweepEvery       = 10 * time.Second

	// complainEvery is how often a socket logs that it admits no exporter.
	complainEvery = 30 * time.Second
)

// exporter is what one socket knows of a source address.
type exporter struct {
	queued atomic.Int32 // octets that it takes of the hand-over

	// Of the goroutine that reads.
	account     *ledger.Account // packets at hop Receive
	version     uint64          // of the Book that account is of
	since, seen time.Time       // its first and its last packet
}

// exporters are those that one socket has admitted. It is used by the
// goroutine that reads.
type exporters struct {
	cfg    Config
	known  map[netip.Addr]*exporter
	tokens float64 // exporters that may be admitted now
	filled time.Time
	swept  time.Time
	warned time.Time

	addr netip.Addr // of the last packet
	last *exporter
}

func newExporters(cfg Config) exporters {
	return exporters{cfg: cfg, known: map[netip.Addr]*exporter{}, tokens: float64(cfg.AdmitAtOnce)}
}

// of returns the exporter with an address, nil if it is new and not admitted.
func (e *exporters) of(addr netip.Addr, now time.Time) *exporter {
	x := e.last
	if x == nil || e.addr != addr {
		if x = e.known[addr]; x == nil {
			if x = e.admit(addr, now); x == nil {
				return nil
			}
		}
		e.addr, e.last = addr, x
	}
	x.seen = now
	if v := e.cfg.Book.Version(); v != x.version {
		x.account, x.version = e.cfg.account(addr), v
	}
	return x
}

func (e *exporters) admit(addr netip.Addr, now time.Time) *exporter {
	if !e.filled.IsZero() {
		e.tokens += now.Sub(e.filled).Seconds() * float64(e.cfg.AdmitPerSecond)
		e.tokens = min(e.tokens, float64(e.cfg.AdmitAtOnce))
	}
	e.filled = now
	if len(e.known) >= maxExporters {
		e.sweep(now)
	}
	if e.tokens < 1 || len(e.known) >= maxExporters {
		e.complain(addr, now)
		return nil
	}
	e.tokens--
	x := &exporter{version: e.cfg.Book.Version(), account: e.cfg.account(addr), since: now}
	e.known[addr] = x
	return x
}

// sweep forgets exporters that are silent: those that were heard briefly, and
// only if there are none the others.
func (e *exporters) sweep(now time.Time) {
	if now.Sub(e.swept) < sweepEvery {
		return
	}
	e.swept, e.last = now, nil
	before := len(e.known)
	e.forget(func(x *exporter) bool { return x.seen.Sub(x.since) < briefly && now.Sub(x.seen) > forgetBriefAfter })
	if len(e.known) == before {
		e.forget(func(x *exporter) bool { return now.Sub(x.seen) > forgetAfter })
	}
}

func (e *exporters) forget(isSilent func(*exporter) bool) {
	for addr, x := range e.known {
		if isSilent(x) {
			delete(e.known, addr)
		}
	}
}

func (e *exporters) complain(addr netip.Addr, now time.Time) {
	if now.Sub(e.warned) < complainEvery {
		return
	}
	e.warned = now
	e.cfg.Log.Warn("new exporters not admitted", slog.Any("exporter", addr), slog.Uint64("port", uint64(e.cfg.Port)),
		slog.Int("known", len(e.known)), slog.Int("per_second", e.cfg.AdmitPerSecond),
		slog.String("remedy", "find out who invents source addresses and filter it before the unit; exporters that are known go on"))
}
