package template

import (
	"container/list"
	"maps"
	"net/netip"
	"time"
)

// exporter holds what one exporter has.
type exporter struct {
	byAge list.List // of *entry, announced longest ago first

	spent int       // new layouts beyond what newPerSecond has given back
	at    time.Time // of the newest
}

// admits reports whether the exporter may announce another new layout.
func (x *exporter) admits(now time.Time) bool {
	if back := int(now.Sub(x.at).Seconds() * newPerSecond); back > 0 {
		x.spent, x.at = max(x.spent-back, 0), now
	}
	if x.spent >= maxPerExporter {
		return false
	}
	x.spent++
	return true
}

// evictLocked forgets one of the templates of list. Behind a Proxy that is the
// one announced longest ago, since the Proxy goes on announcing what it uses.
func (s *Store) evictLocked(list *list.List) {
	e := list.Front().Value.(*entry)
	if !s.cfg.Admitted {
		e = s.leastUsedLocked(list)
	}
	s.removeLocked(e)
	if s.exporters[e.key.Exporter].byAge.Len() == 0 {
		delete(s.exporters, e.key.Exporter)
	}
}

// leastUsedLocked returns, of those of list that were announced longest ago, the
// template that the fewest data used lately. Those that exporters use stay
// however many are invented beside them, even with some data.
func (s *Store) leastUsedLocked(list *list.List) (least *entry) {
	fewest := uint32(maxUses + 1)
	for range min(candidates, list.Len()) {
		e := list.Front().Value.(*entry)
		n := e.uses.Load()
		if n < fewest {
			least, fewest = e, n
		}
		if n == 0 {
			break
		}
		e.uses.Store(n / 2)
		s.touchLocked(e, e.announced)
	}
	return least
}

// sweepLocked forgets expired templates and returns the keys of expired sets.
func (s *Store) sweepLocked(now time.Time) (dropped []Key) {
	for at := s.byAge.Front(); at != nil; at = s.byAge.Front() {
		e := at.Value.(*entry)
		if now.Sub(e.announced) < lifetime {
			break
		}
		if e.uses.Swap(0) > 0 {
			s.touchLocked(e, now)
			continue
		}
		s.removeLocked(e)
	}
	if now.Sub(s.swept) >= sweepEvery || s.empty >= maxEmpty {
		s.swept, s.empty = now, 0
		maps.DeleteFunc(s.exporters, func(_ netip.AddrPort, x *exporter) bool { return x.byAge.Len() == 0 })
	}
	return s.parking.expire(now)
}
