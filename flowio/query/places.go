package query

import (
	"fmt"

	"example.com/weir/flowio/filter"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/group"
)

// Source groups are numbered by the Master for one query: a unit is told the
// number of its own, which is part of the keys of its groups (ByPlace). A
// channel of the live profile is a flow source: an exporter of a source group.
// Only the Master knows their names.

// The keys that stand for names of the Master.
const (
	keySourceGroup = "sourceGroup"
	keyChannel     = "channel"
)

// Places are the names of source groups and flow sources.
type Places struct {
	Groups  []string                                   // names of the source groups; their numbers are the positions
	Channel func(place int, exporter flow.Addr) string // name of a flow source
}

// label is a column of groups: a key, or a name that only the Master knows.
type label struct {
	name string
	key  int // of GroupBy
}

// SetPlaces names source groups and flow sources in the results of p, which the
// caller does not share yet.
func (p *Plan) SetPlaces(places Places) error {
	if len(places.Groups) > group.MaxPlaces {
		return fmt.Errorf("query over %d source groups: at most %d are possible: name some with sourceGroups", len(places.Groups), group.MaxPlaces)
	}
	p.places = places
	return nil
}

// Places returns the names that SetPlaces set.
func (p *Plan) Places() Places { return p.places }

// At returns p for the units of a source group, with what the filter says for
// their records.
func (p *Plan) At(place int, expr *filter.Expr) (*Plan, error) {
	at := *p
	at.Place = place
	if expr != nil {
		at.Filter = expr.String()
	}
	var problems problems
	at.prepare(&problems)
	return &at, problems.err()
}

// labels returns the columns of groups.
func (p *Plan) labels() []label {
	if p.named != nil {
		return p.named
	}
	var all []label
	for i, k := range p.GroupBy {
		all = append(all, label{k.String(), i})
	}
	return all
}

// kind returns the kind of column.
func (l label) kind(p *Plan) string {
	if l.name == keySourceGroup || l.name == keyChannel {
		return kindText
	}
	return kindOf(p.GroupBy[l.key].Field)
}

// value returns what a Result shows of a group.
func (l label) value(p *Plan, key []uint64) any {
	if l.name != keySourceGroup && l.name != keyChannel {
		return groupValue(p.groups, key, l.key)
	}
	place := p.groups.PlaceIn(key)
	if l.name == keySourceGroup {
		if place < len(p.places.Groups) {
			return p.places.Groups[place]
		}
		return nil
	}
	exporter, _ := p.GroupBy[l.key].AddrOf(key[p.groups.Slots[l.key].Word:])
	if p.places.Channel == nil {
		return exporter.Netip().String()
	}
	return p.places.Channel(place, exporter)
}
