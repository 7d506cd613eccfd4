package source

import (
	"net/netip"
	"slices"
	"time"

	"example.com/weir/flowio/template"
)

// Policy returns what tells exporters apart now.
func (r *Registry) Policy() Policy { return Policy(r.policy.Load()) }

// SetPolicy changes what tells exporters apart. Sources that are no longer
// told apart, or are now, are forgotten. Nobody may open a session meanwhile.
func (r *Registry) SetPolicy(p Policy) {
	r.policy.Store(uint32(p))
	r.forgetIf(func(k *row) bool { return (k.id.Port != 0) != (p == ByAddressPort) })
}

// Forget forgets what is known of exporters that have sent nothing after a
// time. If one sends again it is new.
func (r *Registry) Forget(until map[netip.Addr]time.Time) {
	if len(until) == 0 {
		return
	}
	r.forgetIf(func(k *row) bool {
		at, named := until[k.id.Exporter]
		last := k.last.Load() // 0: its first packet is being noted
		return named && last != 0 && last <= at.UnixNano()
	})
}

func (r *Registry) forgetIf(doomed func(*row) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, k := range r.rows {
		if doomed(k) {
			delete(r.rows, id)
			k.forget()
			r.changes.Add(1)
		}
	}
}

// Refiling is the change from one Policy to another, for whoever has filed
// something under the first.
type Refiling struct {
	from, to Policy
	ports    map[netip.Addr][]uint16 // that exporters send from lately
	domains  map[netip.Addr][]uint32 // likewise
}

// Refiling returns the change to a Policy. Ask for it before SetPolicy.
func (r *Registry) Refiling(to Policy) Refiling {
	f := Refiling{from: r.Policy(), to: to, ports: map[netip.Addr][]uint16{}, domains: map[netip.Addr][]uint32{}}
	for _, s := range r.Snapshot(nil) {
		f.ports[s.Exporter] = append(f.ports[s.Exporter], s.Ports...)
		if !slices.Contains(f.domains[s.Exporter], s.Domain) {
			f.domains[s.Exporter] = append(f.domains[s.Exporter], s.Domain)
		}
	}
	return f
}

// Sessions returns whose the templates of a session are from now on: of every
// port of the exporter if they were shared by all and are no longer.
func (f Refiling) Sessions(filed netip.AddrPort) []netip.AddrPort {
	ports := f.ports[filed.Addr().Unmap().WithZone("")]
	if f.to.SharesTemplates() || !f.from.SharesTemplates() || len(ports) == 0 {
		return []netip.AddrPort{f.to.Session(filed)}
	}
	all := make([]netip.AddrPort, 0, len(ports))
	for _, port := range ports {
		all = append(all, netip.AddrPortFrom(filed.Addr(), port))
	}
	return all
}

// Keys returns how the template of a key is filed from now on.
func (f Refiling) Keys(k template.Key) []template.Key {
	var keys []template.Key
	for _, session := range f.Sessions(k.Exporter) {
		k.Exporter = session
		keys = append(keys, k)
	}
	return keys
}

// Domains returns which domains of an exporter the sampling rates of one hold
// for from now on.
func (f Refiling) Domains(exporter netip.Addr, filed uint32) []uint32 {
	domains := f.domains[exporter.Unmap().WithZone("")]
	if f.to == ByAddress || f.from != ByAddress || len(domains) == 0 {
		return []uint32{f.to.Sampling(filed)}
	}
	return domains
}
