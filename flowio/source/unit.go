package source

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
)

// Unit is what one unit knows of the exporters that send to it, as other units
// and the APIs see it.
type Unit struct {
	ID, Name string

	// SourceGroup and SourceGroupName are of the group that the unit serves;
	// empty if it serves none.
	SourceGroup, SourceGroupName string

	Seen    []Seen
	Omitted int    // sources beyond the bound of an answer
	Error   string // why sources are missing; empty when they are there
}

// Seen is a source with what happened to it at the unit that receives from it
// and at the units below.
type Seen struct {
	Source
	PacketsPerSecond, RecordsPerSecond float64 // lately
	LostPerSecond                      float64 // of the last minutes: what the sequences show, in their units
	DroppedPerSecond                   float64 // of the last minutes: packets and records, as Drops
	Drops                              []Drop
}

// Drop is what a unit dropped of a source: records of its domain, packets of
// all domains of its exporter.
type Drop struct {
	Unit   string // name
	Hop    ledger.Hop
	Kind   ledger.Kind
	Reason ledger.Reason
	Count  uint64
}

// Row is a source in the list of a deployment.
type Row struct {
	Key  string // unique, and what rows are ordered by
	Unit *Unit  // that receives
	Seen
}

// Select returns the sources of units in the order of exporter, domain and
// unit: those of a source group, given by ID or name, and of exporters, given
// by address or prefix; an empty text selects all.
func Select(units []Unit, sourceGroup, exporter string) ([]Row, error) {
	within, err := ParseExporters(exporter)
	if err != nil {
		return nil, err
	}
	var rows []Row
	for i := range units {
		u := &units[i]
		if sourceGroup != "" && u.SourceGroup != sourceGroup && u.SourceGroupName != sourceGroup {
			continue
		}
		for _, s := range u.Seen {
			if !within.IsValid() || within.Contains(s.Exporter) {
				rows = append(rows, Row{Key: keyOf(u.ID, s.ID), Unit: u, Seen: s})
			}
		}
	}
	slices.SortFunc(rows, func(a, b Row) int { return cmp.Compare(a.Key, b.Key) })
	return rows, nil
}

// ParseExporters reads an address or a prefix; an empty text is the invalid
// prefix, which means all.
func ParseExporters(text string) (netip.Prefix, error) {
	if text == "" {
		return netip.Prefix{}, nil
	}
	if a, err := netip.ParseAddr(text); err == nil {
		a = a.Unmap().WithZone("")
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return p, fmt.Errorf("exporter %q: want an address or a prefix such as 192.0.2.0/24", text)
	}
	return p, nil
}

func keyOf(unit string, id ID) string {
	a := id.Exporter.As16()
	return fmt.Sprintf("%s-%04x-%08x-%s", hex.EncodeToString(a[:]), id.Port, id.Domain, unit)
}

// ParseKey returns the unit and the exporter that the Key of a Row names.
func ParseKey(key string) (unit string, exporter netip.Addr, err error) {
	parts := strings.SplitN(key, "-", 4)
	octets, hexErr := hex.DecodeString(parts[0])
	exporter, ok := netip.AddrFromSlice(octets)
	if len(parts) < 4 || hexErr != nil || !ok {
		return "", netip.Addr{}, fmt.Errorf("%q is not the ID of a source", key)
	}
	return parts[3], exporter.Unmap(), nil
}

// Protocol returns the name of an export format in APIs, see flow.Version….
func Protocol(version uint16) string {
	switch version {
	case flow.VersionNetFlow1:
		return "netflow1"
	case flow.VersionNetFlow7:
		return "netflow7"
	case flow.VersionNetFlow5:
		return "netflow5"
	case flow.VersionNetFlow9:
		return "netflow9"
	case flow.VersionIPFIX:
		return "ipfix"
	case flow.VersionSFlow5:
		return "sflow5"
	default:
		return fmt.Sprintf("version_%d", version)
	}
}

// Gap says why u does not show all of its sources; empty if it does.
func (u Unit) Gap() string {
	switch {
	case u.Error != "":
		return u.Error
	case u.Omitted > 0:
		return fmt.Sprintf("%d sources with the fewest packets are not shown", u.Omitted)
	default:
		return ""
	}
}
