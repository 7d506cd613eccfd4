package source

import (
	"cmp"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"example.com/weir/flowio/template"
)

const (
	// maxSources bounds a Registry, about 1 KiB each. Source addresses can be
	// invented: beyond it a source that has sent little is forgotten first.
	maxSources = 16384

	// maxSessions bounds the sessions of a source. A router has one per
	// exporting process; one that restarts often, or an address translator
	// in between, makes new ones again and again.
	maxSessions = 8

	// newcomer is the number of packets below which a source is forgotten
	// before others.
	newcomer = 16

	// candidates is how many sources are looked at to find one to forget.
	candidates = 64

	// maxRemembered bounds layouts, sampling sources and interfaces of all
	// sources together, about 100 octets each.
	maxRemembered = 1 << 17

	maxRates, maxListed, maxInterfaces, maxSamplers, maxLayouts = 4, 64, 512, 512, 1024

	// flapping is the number of changes within flapTime that are not an
	// operator's. Templates are announced every half hour by some exporters.
	flapping = 3
	flapTime = 2 * time.Hour
)

// Config says how a Registry tells exporters apart.
type Config struct {
	Policy Policy
}

// Registry holds the sources of a unit. It is safe for concurrent use.
type Registry struct {
	policy     atomic.Uint32 // Policy
	remembered atomic.Int64  // see maxRemembered
	changes    atomic.Uint64 // sources that came and went

	mu   sync.RWMutex // guards rows
	rows map[ID]*row
}

// NewRegistry returns an empty Registry.
func NewRegistry(cfg Config) *Registry {
	r := &Registry{rows: map[ID]*row{}}
	r.policy.Store(uint32(cfg.Policy))
	return r
}

// SessionKey names what has a sequence of its own.
type SessionKey struct {
	Exporter netip.AddrPort
	Version  uint16 // see flow.Version…
	Domain   uint32
	Agent    netip.Addr // of sFlow
}

// Session returns the session of k, which it opens if need be. Hot paths keep
// it until IsForgotten. A nil Registry gives a nil Session, which forgets all
// it is told.
func (r *Registry) Session(k SessionKey) *Session {
	if r == nil {
		return nil
	}
	id := r.Policy().id(k)
	for {
		if s := r.row(id).session(k); s != nil {
			return s
		}
	}
}

func (r *Registry) row(id ID) *row {
	r.mu.RLock()
	known := r.rows[id]
	r.mu.RUnlock()
	if known != nil {
		return known
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if known = r.rows[id]; known != nil {
		return known
	}
	if len(r.rows) >= maxSources {
		r.forgetOneLocked()
	}
	known = newRow(r, id)
	r.rows[id] = known
	r.changes.Add(1)
	return known
}

// forgetOneLocked forgets the least of a few sources: a newcomer if there is
// one among them, and of those the one that was silent for longest.
func (r *Registry) forgetOneLocked() {
	var least *row
	seen := 0
	for _, candidate := range r.rows {
		if least == nil || candidate.isLessThan(least) {
			least = candidate
		}
		if seen++; seen == candidates {
			break
		}
	}
	delete(r.rows, least.id)
	least.forget()
}

// Len returns the number of sources.
func (r *Registry) Len() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.rows)
}

// Snapshot returns all sources in the order of exporter, port and domain, with
// the templates that templates knows of them; it may be nil.
func (r *Registry) Snapshot(templates *template.Store) []Source {
	r.mu.RLock()
	rows := make([]*row, 0, len(r.rows))
	for _, known := range r.rows {
		rows = append(rows, known)
	}
	r.mu.RUnlock()
	known := r.templates(templates)
	all := make([]Source, 0, len(rows))
	for _, row := range rows {
		s := row.snapshot()
		s.Templates.Known, s.Templates.Count = listed(known[row.id])
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Source) int {
		return cmp.Or(a.Exporter.Compare(b.Exporter), cmp.Compare(a.Port, b.Port), cmp.Compare(a.Domain, b.Domain))
	})
	return all
}

// templates sorts what store knows by source.
func (r *Registry) templates(store *template.Store) map[ID][]Template {
	known := map[ID][]Template{}
	if store == nil {
		return known
	}
	for k, t := range store.All() {
		id := r.Policy().id(SessionKey{Exporter: k.Exporter, Domain: k.Domain})
		known[id] = append(known[id], Template{Version: uint16(k.Format), ID: k.ID, Fields: len(t.Fields), IsOptions: t.Options})
	}
	return known
}

// listed returns the first templates by ID, each once, and the number of all.
func listed(all []Template) ([]Template, int) {
	slices.SortFunc(all, func(a, b Template) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Version, b.Version))
	})
	all = slices.CompactFunc(all, func(a, b Template) bool { return a.ID == b.ID && a.Version == b.Version })
	return all[:min(len(all), maxListed)], len(all)
}

// remember takes room for one more thing if it is left.
func (r *Registry) remember() bool {
	if r.remembered.Add(1) > maxRemembered {
		r.remembered.Add(-1)
		return false
	}
	return true
}
