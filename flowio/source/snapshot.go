package source

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"slices"
	"time"

	"example.com/weir/flowio/keep"
)

const (
	// snapshotKind names the form of a snapshot: a JSON list of kept.
	snapshotKind = "sources1"

	// maxKept bounds the sources in a snapshot, about 250 octets each: those
	// that sent more than a newcomer first, then those heard last. Addresses
	// can be invented.
	maxKept = 4096

	// keptFor is how long a source that sends no more is remembered.
	keptFor = 30 * 24 * time.Hour

	// freshness is how far behind the times in a snapshot may be.
	freshness = time.Minute
)

// kept is a source as a snapshot holds it. Counts are not kept: they are since
// the start of the unit.
type kept struct {
	Exporter netip.Addr `json:"exporter"`
	Port     uint16     `json:"port,omitempty"`
	Domain   uint32     `json:"domain,omitempty"`
	Versions []uint16   `json:"versions"`
	Ports    []uint16   `json:"ports"`
	First    time.Time  `json:"first"`
	Last     time.Time  `json:"last"`
	Rate     uint64     `json:"rate,omitempty"`
	Origin   Origin     `json:"origin,omitempty"`
	Rates    []uint64   `json:"rates,omitempty"`
}

// Changes counts up when a source comes or goes, and once in a while when some
// have sent. With Save it makes a Registry a keep.Thing.
func (r *Registry) Changes() uint64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	newest := int64(0)
	for _, k := range r.rows {
		newest = max(newest, k.last.Load())
	}
	return r.changes.Load() + uint64(newest)/uint64(freshness)
}

// Save writes the sources to a file, see package keep.
func (r *Registry) Save(path string) error {
	all := r.Snapshot(nil)
	slices.SortStableFunc(all, func(a, b Source) int {
		return cmp.Or(cmp.Compare(min(b.Packets, newcomer), min(a.Packets, newcomer)), b.Last.Compare(a.Last))
	})
	list := make([]kept, 0, min(len(all), maxKept))
	for _, s := range all[:min(len(all), maxKept)] {
		list = append(list, kept{
			Exporter: s.Exporter, Port: s.Port, Domain: s.Domain, Versions: s.Versions, Ports: s.Ports,
			First: s.First, Last: s.Last, Rate: s.Sampling.Rate, Origin: s.Sampling.Origin, Rates: s.Sampling.Rates,
		})
	}
	body, err := json.Marshal(list)
	if err != nil {
		return fmt.Errorf("write snapshot of sources: %w", err)
	}
	return keep.Write(path, snapshotKind, body)
}

// Load adds the sources that Save wrote and that are not known, except those
// that were silent for too long or would not fit the Policy. A file that is
// missing is no error. After an error the Registry is as it was; the file may
// be overwritten.
func (r *Registry) Load(path string) error {
	body, err := keep.Read(path, snapshotKind)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	list, err := parseSnapshot(body)
	if err != nil {
		return fmt.Errorf("%s: %w", path, errors.Join(err, keep.ErrDamaged))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range list {
		id := ID{Exporter: k.Exporter, Port: k.Port, Domain: k.Domain}
		fits := (k.Port != 0) == (r.Policy() == ByAddressPort)
		if fits && r.rows[id] == nil && len(r.rows) < maxSources && time.Since(k.Last) < keptFor {
			r.rows[id] = k.row(r, id)
		}
	}
	return nil
}

// parseSnapshot reads what Save wrote.
func parseSnapshot(body []byte) ([]kept, error) {
	var list []kept
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, fmt.Errorf("snapshot of sources: %w", err)
	}
	if len(list) > maxKept {
		return nil, fmt.Errorf("snapshot of sources: %d, want at most %d", len(list), maxKept)
	}
	for _, k := range list {
		if !k.Exporter.IsValid() || len(k.Versions) > maxSessions || len(k.Ports) > maxSessions || len(k.Rates) > maxRates {
			return nil, fmt.Errorf("snapshot of sources: %v is none", k)
		}
	}
	return list, nil
}

func (k kept) row(r *Registry, id ID) *row {
	made := newRow(r, id)
	made.isOld = true
	made.last.Store(k.Last.UnixNano())
	made.facts = Source{
		ID: id, Versions: k.Versions, Ports: k.Ports, First: k.First, IsRemembered: true,
		Sampling: Sampling{Rate: k.Rate, Origin: k.Origin, Rates: k.Rates},
	}
	return made
}
