package model

import (
	"fmt"
	"math"

	"example.com/weir/flowio/ledger"
	"example.com/weir/persistence/topology"
)

// targets shows where a source group forwards to.
func targets(all []topology.Target) []ForwardTarget {
	shown := make([]ForwardTarget, 0, len(all))
	for _, t := range all {
		s := ForwardTarget{Name: t.Name, Address: t.Address, Source: t.Source, Exporters: t.Exporters, Versions: t.Versions, ForwardedBy: t.ForwardedBy}
		for _, port := range t.Ports {
			s.Ports = append(s.Ports, int(port))
		}
		for _, domain := range t.Domains {
			s.Domains = append(s.Domains, uint64(domain))
		}
		if t.ProxyGroup != "" {
			id := string(t.ProxyGroup)
			s.ProxyGroup = &id
		}
		shown = append(shown, s)
	}
	return shown
}

// Target returns what i says. The error names the field that holds no port or
// no observation domain.
func (i ForwardTargetInput) Target() (t topology.Target, field string, err error) {
	t = topology.Target{Name: i.Name, Address: i.Address, Source: i.Source, Exporters: i.Exporters, Versions: i.Versions, ForwardedBy: i.ForwardedBy}
	for n, port := range i.Ports {
		if port < 0 || port > math.MaxUint16 {
			return t, fmt.Sprintf("ports/%d", n), fmt.Errorf("%d is not a port", port)
		}
		t.Ports = append(t.Ports, uint16(port))
	}
	for n, domain := range i.Domains {
		if domain > math.MaxUint32 {
			return t, fmt.Sprintf("domains/%d", n), fmt.Errorf("%d is not an observation domain", domain)
		}
		t.Domains = append(t.Domains, uint32(domain))
	}
	if id := i.ProxyGroup.Value(); id != nil {
		t.ProxyGroup = topology.GroupID(*id)
	}
	return t, "", nil
}

func newForwarded(f ledger.Forwarded) LedgerForwarded {
	shown := LedgerForwarded{Target: f.Target, Received: f.Received, Kept: f.Kept, Dropped: newEntry(f.Entry).Dropped}
	if f.Twin != "" {
		shown.Twin = &f.Twin
	}
	return shown
}
