package ledger

import (
	"cmp"
	"encoding/hex"
	"net/netip"
	"slices"
)

// Source is the account of one exporter at one source group over all hops.
type Source struct {
	Exporter                     netip.Addr // invalid for what cannot be attributed
	SourceGroup, SourceGroupName string     // empty: of units that serve none
	Accounts                     []SourceAccount
	Sent                         []SourceSent
	Dropped                      []Loss

	// Underway counts the records that Proxies sent and Slaves have not
	// received, a biflow once. IsUnderwayKnown is false if a unit is silent or
	// nothing is sent on.
	Underway        int64
	IsUnderwayKnown bool
}

// SourceAccount is the account of an exporter at one hop of one unit, all
// observation domains and ports together: those of its Key are 0.
type SourceAccount struct {
	Unit *Unit
	Entry
}

// SourceSent is what a Proxy handed to one Slave.
type SourceSent struct {
	Unit *Unit
	SentOfSource
}

// Loss is what was dropped for one reason.
type Loss struct {
	Kind   Kind
	Reason Reason
	Count  uint64
}

// Key is unique among what BySource returns, and what it is ordered by.
func (s Source) Key() string {
	if !s.Exporter.IsValid() {
		return "-" + s.SourceGroupName + "/" + s.SourceGroup
	}
	a := s.Exporter.As16()
	return hex.EncodeToString(a[:]) + "-" + s.SourceGroupName + "/" + s.SourceGroup
}

// IsBalanced reports whether every account explains what it received.
func (s Source) IsBalanced() bool {
	return !slices.ContainsFunc(s.Accounts, func(a SourceAccount) bool { return a.Missing() != 0 })
}

// Selection says which accounts BySource returns; the zero Selection means
// all.
type Selection struct {
	SourceGroup string       // ID or name
	Unit        string       // ID or name; only its accounts
	Exporter    netip.Prefix // invalid: all
}

func (s Selection) unit(u *Unit) bool {
	return (s.Unit == "" || s.Unit == u.ID || s.Unit == u.Name) &&
		(s.SourceGroup == "" || s.SourceGroup == u.SourceGroup || s.SourceGroup == u.SourceGroupName)
}

// Select returns the units with the accounts that sel is about.
func Select(units []Unit, sel Selection) []Unit {
	var chosen []Unit
	for i := range units {
		u := units[i]
		if !sel.unit(&u) {
			continue
		}
		if sel.Exporter.IsValid() {
			outside := func(e Entry) bool { return !sel.Exporter.Contains(e.Exporter) }
			u.Entries, u.Sent = slices.DeleteFunc(slices.Clone(u.Entries), outside), nil
		}
		chosen = append(chosen, u)
	}
	return chosen
}

// sourceKey names a Source.
type sourceKey struct {
	exporter netip.Addr
	group    string
}

// BySource returns the accounts of units by exporter and source group, ordered
// by exporter and name of the group. Units without accounts make what is
// underway unknown.
func BySource(units []Unit, sel Selection) []Source {
	sources := map[sourceKey]*Source{}
	silent := map[string]bool{} // source groups
	for i := range units {
		u := &units[i]
		if u.Error != "" {
			silent[u.SourceGroup] = true
		}
		if sel.unit(u) {
			addUnit(sources, u, sel.Exporter)
		}
	}
	all := make([]Source, 0, len(sources))
	for k, s := range sources {
		s.finish(sel.Unit != "" || silent[k.group])
		all = append(all, *s)
	}
	slices.SortFunc(all, func(a, b Source) int { return cmp.Compare(a.Key(), b.Key()) })
	return all
}

func addUnit(sources map[sourceKey]*Source, u *Unit, within netip.Prefix) {
	of := func(exporter netip.Addr) *Source {
		if within.IsValid() && !within.Contains(exporter) {
			return nil
		}
		k := sourceKey{exporter, u.SourceGroup}
		if sources[k] == nil {
			sources[k] = &Source{Exporter: exporter, SourceGroup: u.SourceGroup, SourceGroupName: u.SourceGroupName}
		}
		return sources[k]
	}
	for _, e := range u.Entries {
		if s := of(e.Exporter); s != nil {
			s.add(u, e)
		}
	}
	for _, sent := range u.SentOf {
		if s := of(sent.Exporter); s != nil {
			s.Sent = append(s.Sent, SourceSent{u, sent})
		}
	}
}

// add adds an account to that of the same unit, hop and kind.
func (s *Source) add(u *Unit, e Entry) {
	i := slices.IndexFunc(s.Accounts, func(a SourceAccount) bool { return a.Unit == u && a.Hop == e.Hop && a.Kind == e.Kind })
	if i < 0 {
		e.Domain, e.Port = 0, 0
		s.Accounts = append(s.Accounts, SourceAccount{u, e})
		return
	}
	s.Accounts[i].Add(e)
}

// finish orders the accounts and draws the balance.
func (s *Source) finish(isPart bool) {
	slices.SortFunc(s.Accounts, func(a, b SourceAccount) int {
		return cmp.Or(-compareBool(isProxy(a.Unit), isProxy(b.Unit)), cmp.Compare(a.Unit.Name, b.Unit.Name),
			cmp.Compare(a.Hop, b.Hop), cmp.Compare(a.Kind, b.Kind))
	})
	for _, a := range s.Accounts {
		s.addDropped(a.Entry)
		if a.Kind != Records {
			continue
		}
		switch a.Hop {
		case Distribute:
			s.Underway += int64(a.Kept)
			s.IsUnderwayKnown = !isPart
		case Store:
			s.Underway -= int64(a.Received) - int64(a.Split)
		case Receive, Twin:
		}
	}
	if !s.IsUnderwayKnown {
		s.Underway = 0
	}
	slices.SortFunc(s.Dropped, func(a, b Loss) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Reason, b.Reason)) })
}

// addDropped adds what an account dropped to that of the same kind and reason.
func (s *Source) addDropped(e Entry) {
	for reason, n := range e.Dropped {
		if n == 0 {
			continue
		}
		i := slices.IndexFunc(s.Dropped, func(l Loss) bool { return l.Kind == e.Kind && l.Reason == Reason(reason) })
		if i < 0 {
			s.Dropped = append(s.Dropped, Loss{Kind: e.Kind, Reason: Reason(reason)})
			i = len(s.Dropped) - 1
		}
		s.Dropped[i].Count += n
	}
}

// isProxy reports whether u hands records on.
func isProxy(u *Unit) bool {
	return slices.ContainsFunc(u.Entries, func(e Entry) bool { return e.Hop == Distribute })
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}
