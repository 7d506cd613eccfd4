package topology

import (
	"slices"
	"time"

	"github.com/dustin/go-humanize"
)

const (
	// MinQuota holds the open segment and the one before, full: what a store
	// needs to answer about the last minutes at the highest rate.
	MinQuota = 64 << 20

	// minMaxAge is the longest life of an open segment: what is younger is not
	// in a segment yet, so nothing could be removed.
	minMaxAge = 300

	// maxMaxAge, fifty years, keeps seconds within 32 bits, as GraphQL has them.
	maxMaxAge = 50 * 365 * 24 * 3600
)

// Retention is how much each Slave of a source group keeps. What is 0 each
// Slave takes from its own configuration.
type Retention struct {
	MaxAge int    `json:"maxAgeSeconds,omitempty"`     // flows whose segment is older are removed
	Quota  uint64 `json:"quotaBytes,string,omitempty"` // of flows per Slave, in octets; the oldest beyond are removed
}

// Age returns MaxAge as a duration.
func (r Retention) Age() time.Duration { return time.Duration(r.MaxAge) * time.Second }

// retention checks what holds for any disk; CheckRoom looks at disks.
func (k *checker) retention(r Retention) {
	if r.Quota != 0 && r.Quota < MinQuota {
		k.invalid("/retention/quotaBytes", "%s, want at least %s for what is open and the newest segment, or none to leave it to each Slave",
			humanize.IBytes(r.Quota), humanize.IBytes(MinQuota))
	}
	if r.MaxAge != 0 && (r.MaxAge < minMaxAge || r.MaxAge > maxMaxAge) {
		k.invalid("/retention/maxAgeSeconds", "%d, want %d to %d, or none to leave it to each Slave", r.MaxAge, minMaxAge, maxMaxAge)
	}
}

// CheckRoom says whether the Slaves that v knows the state of can hold what c
// wants them to: a new quota must neither be above what a Slave has used and
// free, nor below what it may not remove. It returns nil or a *CheckError.
func (v View) CheckRoom(c Command) error {
	g := c.UpdateSourceGroup
	if g == nil || g.Retention.Quota == 0 || g.Retention.Quota == v.SourceGroups[g.ID].Retention.Quota {
		return nil
	}
	k := &checker{state: v.State}
	for _, id := range v.storesOf(g.ID) {
		k.room(v.Units[id].Name, v.Status[id], g.Retention.Quota)
	}
	return k.err()
}

// room checks the quota of one Slave. A Slave that was not heard has no
// StoreMinimum; its own store makes room when its disk is full.
func (k *checker) room(name string, s Status, quota uint64) {
	const pointer = "/retention/quotaBytes"
	switch {
	case s.StoreMinimum == 0:
	case quota > s.StoreBytes+s.StoreFree:
		k.conflict(pointer, "%s, but Slave %s has room for %s at most: %s used, %s free beside its reserve; lower the quota or free space on its disk",
			humanize.IBytes(quota), name, humanize.IBytes(s.StoreBytes+s.StoreFree), humanize.IBytes(s.StoreBytes), humanize.IBytes(s.StoreFree))
	case quota < s.StoreMinimum:
		k.conflict(pointer, "%s, but Slave %s must keep %s: its newest segment and what is open are never removed; use at least that",
			humanize.IBytes(quota), name, humanize.IBytes(s.StoreMinimum))
	}
}

// storesOf returns the units that hold the flows of a source group, sorted.
func (s State) storesOf(group GroupID) []UnitID {
	var ids []UnitID
	for _, g := range s.GroupsOf(group) {
		if s.Units[g.Proxy].Role == Standalone {
			ids = append(ids, g.Proxy)
		}
		for _, m := range g.Slaves {
			ids = append(ids, m.Unit)
		}
	}
	slices.Sort(ids)
	return ids
}
