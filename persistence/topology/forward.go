package topology

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"example.com/weir/flowio/source"
)

const (
	// maxTargets bounds the forwarding targets of a source group: each costs
	// every Proxy a copy of each packet, and up to 16 MiB.
	maxTargets = 8

	// maxChosen bounds each list of what a target gets: every packet is
	// compared with all of it.
	maxChosen = 64
)

// Target is another collector that gets copies of the export packets of a
// source group, octet by octet. An empty list means all. Lists choose whole
// packets, with the templates and options data that their records need, which
// a filter of flow records could not.
type Target struct {
	Name    string        `json:"name"`    // unique in the source group
	Address string        `json:"address"` // host:port, the host as an IP address
	Source  SourceAddress `json:"source"`  // empty in a command: FromExporter

	Exporters []string        `json:"exporters"` // addresses or prefixes
	Ports     []uint16        `json:"ports"`     // of the listening ports
	Domains   []uint32        `json:"domains"`   // observation domains
	Versions  []ExportVersion `json:"versions"`

	// ForwardedBy is ByAll if it is empty in a command. Several proxy groups
	// that get the same packets send each of them several times; ByFirst is for
	// those.
	ForwardedBy ForwardedBy `json:"forwardedBy,omitempty"`

	// ProxyGroup is the only one that forwards, whether it is up or not; empty:
	// ForwardedBy says it.
	ProxyGroup GroupID `json:"proxyGroup,omitempty"`
}

// SourceAddress says whose address a forwarded packet comes from.
type SourceAddress string

// The source addresses.
const (
	FromExporter SourceAddress = "exporter" // its own, as if it had sent there itself
	FromUnit     SourceAddress = "own"      // of the unit that forwards; each exporter has a port there
)

// ExportVersion is a protocol of export packets.
type ExportVersion string

// The versions of export packets.
const (
	NetFlow1 ExportVersion = "netflow1"
	NetFlow5 ExportVersion = "netflow5"
	NetFlow7 ExportVersion = "netflow7"
	NetFlow9 ExportVersion = "netflow9"
	IPFIX    ExportVersion = "ipfix"
	SFlow    ExportVersion = "sflow"
)

// exportVersions are the numbers that packets carry, of sFlow what records
// have instead (flow.VersionSFlow5).
var exportVersions = map[ExportVersion]int{NetFlow1: 1, NetFlow5: 5, NetFlow7: 7, NetFlow9: 9, IPFIX: 10, SFlow: 105}

// Number returns v as records have it, 0 if it is none.
func (v ExportVersion) Number() int { return exportVersions[v] }

// twins returns the heads of the other proxy groups of the source group that
// have joined, by identifier: to copy to, and to take copies from.
func (s State) twins(of ProxyGroup) []Unit {
	var twins []Unit
	for _, g := range s.GroupsOf(of.SourceGroup) {
		if u, ok := s.Units[g.Proxy]; ok && g.ID != of.ID && !u.Joined.IsZero() {
			twins = append(twins, plain(u))
		}
	}
	slices.SortFunc(twins, func(a, b Unit) int { return cmp.Compare(a.ID, b.ID) })
	return twins
}

// targetsOf returns the targets that a proxy group forwards to.
func (g SourceGroup) targetsOf(id GroupID) []Target {
	return slices.DeleteFunc(slices.Clone(g.Forward), func(t Target) bool {
		return t.ProxyGroup != "" && t.ProxyGroup != id || t.ForwardedBy == ByFirst && g.Forwarder != id
	})
}

// normalized is t as State holds it.
func (t Target) normalized() Target {
	t.Source = cmp.Or(t.Source, FromExporter)
	t.ForwardedBy = cmp.Or(t.ForwardedBy, ByAll)
	t.Exporters = append([]string{}, t.Exporters...)
	t.Ports = append([]uint16{}, t.Ports...)
	t.Domains = append([]uint32{}, t.Domains...)
	t.Versions = append([]ExportVersion{}, t.Versions...)
	return t
}

// forwarding checks where a source group sends copies.
func (k *checker) forwarding(g SourceGroup) {
	k.prefixes("/twinExporters", g.TwinExporters)
	if len(g.Forward) > maxTargets {
		k.invalid("/forward", "%d targets; use at most %d", len(g.Forward), maxTargets)
		return
	}
	for i, t := range g.Forward {
		pointer := fmt.Sprintf("/forward/%d", i)
		if !namePattern.MatchString(t.Name) {
			k.invalid(pointer+"/name", "%q is not a name; use 1 to 63 letters, digits, '.', '_' or '-', beginning with a letter or digit", t.Name)
		}
		if slices.ContainsFunc(g.Forward[:i], func(o Target) bool { return o.Name == t.Name }) {
			k.invalid(pointer+"/name", "two targets have the name %s", t.Name)
		}
		if t.Source != "" && t.Source != FromExporter && t.Source != FromUnit {
			k.invalid(pointer+"/source", "%q is not a source address; use %s or %s", t.Source, FromExporter, FromUnit)
		}
		k.targetAddress(pointer+"/address", t.Address)
		k.chosen(pointer, g, t)
		k.forwardedBy(pointer, g, t)
	}
}

// forwardedBy checks who forwards to a target.
func (k *checker) forwardedBy(pointer string, g SourceGroup, t Target) {
	switch {
	case t.ForwardedBy != "" && t.ForwardedBy != ByAll && t.ForwardedBy != ByFirst:
		k.invalid(pointer+"/forwardedBy", "%q does not say who forwards; use %s or %s", t.ForwardedBy, ByAll, ByFirst)
	case t.ForwardedBy == ByFirst && t.ProxyGroup != "":
		k.invalid(pointer+"/forwardedBy", "%s leaves the choice to the Master; name no proxyGroup with it", ByFirst)
	}
	if pg, ok := k.state.ProxyGroups[t.ProxyGroup]; t.ProxyGroup != "" && (!ok || pg.SourceGroup != g.ID) {
		k.missing(pointer+"/proxyGroup", "proxy group %s is none of this source group", t.ProxyGroup)
	}
}

// targetAddress refuses what is no collector, and ports where this deployment
// takes flows: they would come back, or be counted twice.
func (k *checker) targetAddress(pointer, address string) {
	at, err := netip.ParseAddrPort(address)
	a := at.Addr().Unmap()
	if err != nil || at.Port() == 0 || a.IsUnspecified() || a.IsMulticast() || a.Zone() != "" || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		k.invalid(pointer, "%q is not the address of a collector; use an IP address and a UDP port, such as 192.0.2.9:2055", address)
		return
	}
	for _, g := range k.state.ProxyGroups {
		u := k.state.Units[g.Proxy]
		control, err := netip.ParseAddrPort(u.Control)
		if err == nil && control.Addr().Unmap() == a && slices.Contains(k.state.SourceGroups[g.SourceGroup].Listen, at.Port()) {
			k.conflict(pointer, "unit %s of this deployment takes flows at %s; use twinCopy for proxy groups of one source group", u.Name, address)
		}
	}
}

// chosen checks the lists of a target.
func (k *checker) chosen(pointer string, g SourceGroup, t Target) {
	k.prefixes(pointer+"/exporters", t.Exporters)
	for i, port := range t.Ports {
		if !slices.Contains(g.Listen, port) {
			k.invalid(fmt.Sprintf("%s/ports/%d", pointer, i), "port %d is not one of the listening ports", port)
		}
	}
	if len(t.Domains) > maxChosen {
		k.invalid(pointer+"/domains", "%d observation domains; use at most %d", len(t.Domains), maxChosen)
	}
	for i, v := range t.Versions {
		if v.Number() == 0 {
			k.invalid(fmt.Sprintf("%s/versions/%d", pointer, i), "%q is not a version; use netflow1, netflow5, netflow7, netflow9, ipfix or sflow", v)
		}
	}
}

// prefixes checks a list of exporters.
func (k *checker) prefixes(pointer string, exporters []string) {
	if len(exporters) > maxChosen {
		k.invalid(pointer, "%d exporters; use at most %d, or prefixes", len(exporters), maxChosen)
	}
	for i, text := range exporters {
		if p, err := source.ParseExporters(text); err != nil || !p.IsValid() {
			k.invalid(fmt.Sprintf("%s/%d", pointer, i), "%q is neither an address nor a prefix such as 192.0.2.0/24", text)
		}
	}
}
