package desired

import (
	"net/netip"

	"example.com/weir/actors/proto"
	"example.com/weir/flowio/distribute"
	"example.com/weir/flowio/source"
)

// Targets returns to whom the unit that gets a desired state copies what
// exporters send to it: other collectors, and twins. What this version cannot
// read is left out; the Master refuses it.
func Targets(d *proto.DesiredState) []distribute.Target {
	var targets []distribute.Target
	sg := d.GetSourceGroup()
	for _, w := range sg.GetTargets() {
		address, err := netip.ParseAddrPort(w.GetAddress())
		if err != nil {
			continue
		}
		t := distribute.Target{Name: string(w.GetName()), Address: address, IsOwn: w.GetOwn()}
		t.Exporters = prefixes(w.GetExporters())
		for _, port := range w.GetPorts() {
			t.Ports = append(t.Ports, uint16(port))
		}
		t.Domains = w.GetDomains()
		for _, v := range w.GetVersions() {
			t.Versions = append(t.Versions, int(v))
		}
		targets = append(targets, t)
	}
	for _, w := range d.GetTwins() {
		control, err := netip.ParseAddrPort(w.GetControl())
		if err != nil {
			continue
		}
		t := distribute.Target{Name: string(w.GetName()), Twin: string(w.GetUnitId()), Address: netip.AddrPortFrom(control.Addr(), 0)}
		t.Exporters = prefixes(sg.GetTwinExporters())
		targets = append(targets, t)
	}
	return targets
}

func prefixes(texts []string) []netip.Prefix {
	var all []netip.Prefix
	for _, text := range texts {
		if p, err := source.ParseExporters(text); err == nil && p.IsValid() {
			all = append(all, p)
		}
	}
	return all
}

// IsTwin reports whether a unit may send this one copies.
func IsTwin(d *proto.DesiredState, unit string) bool {
	for _, t := range d.GetTwins() {
		if string(t.GetUnitId()) == unit {
			return true
		}
	}
	return false
}
