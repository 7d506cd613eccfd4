package distribute

import (
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ipfix"
	"example.com/weir/flowio/netflow5"
	"example.com/weir/flowio/netflow7"
	"example.com/weir/flowio/netflow9"
	"example.com/weir/flowio/sequence"
	"example.com/weir/flowio/sflow"
	"example.com/weir/flowio/source"
	"example.com/weir/flowio/template"
)

// observe tells the registry of a packet that has just been dealt out or
// forwarded: what its numbers say is lost was lost before this unit. Sampling
// rates are not looked at here, that is for the Slaves.
func (sh *shard) observe(p *flow.Packet) {
	if sh.d.cfg.Registry == nil {
		return
	}
	switch version(p.Payload) {
	case netflow5.Version:
		if h, err := netflow5.ParseHeader(p.Payload); err == nil {
			sh.observe5(p, h)
		}
	case netflow7.Version1, netflow7.Version7:
		sh.observe7(p)
	case netflow9.Version:
		if h, err := netflow9.ParseHeader(p.Payload); err == nil {
			export := int64(h.UnixSecs) * 1000
			sh.observeSets(p, p.Payload, sessionKey{version: netflow9.Version, domain: h.SourceID}, export,
				sequence.Packet{Number: h.Sequence, Boot: uint32(export) - h.SysUptime, HasBoot: true})
		}
	case ipfix.Version:
		if h, err := ipfix.ParseHeader(p.Payload); err == nil {
			sh.observeSets(p, p.Payload[:min(int(h.Length), len(p.Payload))],
				sessionKey{version: ipfix.Version, domain: h.Domain}, int64(h.ExportTime)*1000,
				sequence.Packet{Number: h.Sequence, Uncertain: int(h.Length) > len(p.Payload)})
		}
	case versionSFlow:
		if h, err := sflow.ParseHeader(p.Payload); err == nil {
			sh.observeSamples(p, h)
		}
	}
}

// known returns the session of key as the registry knows it, nil if the
// session was not admitted.
func (sh *shard) known(key sessionKey) *source.Session {
	s := sh.last
	if s == nil || s.key != key {
		s = sh.sessions[key]
	}
	if s == nil {
		return nil
	}
	if s.source == nil || s.source.IsForgotten() {
		s.source = sh.d.cfg.Registry.Session(source.SessionKey{
			Exporter: key.exporter, Version: key.version, Domain: key.domain, Agent: key.agent,
		})
	}
	return s.source
}

func (sh *shard) observe5(p *flow.Packet, h netflow5.Header) {
	export := int64(h.UnixSecs) * 1000
	whole, _ := netflow5.Records(p.Payload)
	sh.known(key5(p, h)).Packet(source.Packet{
		Received: p.Received, Export: export, IsSkewed: source.IsSkewed(export, p.Received),
		Octets: len(p.Payload), Records: len(whole) / netflow5.RecordLen,
		Sequence: sequence.Packet{
			Number: h.FlowSequence, Flows: uint32(h.Count),
			Boot: uint32(export) + h.UnixNsecs/1e6 - h.SysUptime, HasBoot: true,
		},
	})
}

func (sh *shard) observe7(p *flow.Packet) {
	s, n, _ := sh.session7(p)
	if s == nil {
		return
	}
	h, _ := netflow7.ParseHeader(p.Payload)
	export := int64(h.UnixSecs) * 1000
	sh.known(s.key).Packet(source.Packet{
		Received: p.Received, Export: export, IsSkewed: source.IsSkewed(export, p.Received),
		Octets: len(p.Payload), Records: int(n),
		Sequence: sequence.Packet{Number: h.FlowSequence, Flows: n, Uncertain: h.Version == netflow7.Version1},
	})
}

func (sh *shard) observeSets(p *flow.Packet, packet []byte, key sessionKey, export int64, n sequence.Packet) {
	key.exporter, key.port = p.Exporter, p.Port
	known := sh.known(key)
	if known == nil {
		return
	}
	sh.sessions[key].countSets(packet, &n)
	known.Packet(source.Packet{
		Received: p.Received, Export: export, IsSkewed: source.IsSkewed(export, p.Received),
		Octets: len(p.Payload), Records: int(n.Flows), Sequence: n,
	})
}

// countSets counts the data records of a packet as far as their templates are
// known.
func (s *session) countSets(packet []byte, n *sequence.Packet) {
	for at := s.headerLen(); ; {
		set, next, err := template.NextSet(packet, at)
		if err != nil {
			n.Uncertain = true
			return
		}
		if next < 0 {
			return
		}
		at = next
		st := s.streams[set.ID]
		switch {
		case set.ID < template.MinID:
		case st == nil:
			n.Uncertain = true
		case st.options != nil:
			n.Options += uint32(st.template.Count(set.Body))
		default:
			n.Flows += uint32(st.template.Count(set.Body))
		}
	}
}

func (sh *shard) observeSamples(p *flow.Packet, h sflow.Header) {
	known := sh.known(sessionKey{exporter: p.Exporter, port: p.Port, version: versionSFlow, domain: h.SubAgent, agent: h.Agent})
	if known == nil {
		return
	}
	flows := 0
	for sample, err := range sflow.Samples(p.Payload) {
		if err != nil {
			break
		}
		if number, from, ok := sample.Taken(); ok {
			known.SampleTaken(from, number)
		}
		if sample.IsFlow() {
			flows++
		}
	}
	known.Packet(source.Packet{
		Received: p.Received, Octets: len(p.Payload), Records: flows,
		Sequence: sequence.Packet{Number: h.Sequence, Boot: uint32(p.Received.UnixMilli()) - h.Uptime, HasBoot: true},
	})
}

// announced tells the registry of a template.
func (s *session) announced(t *template.Template) {
	if s.sh.d.cfg.Registry != nil {
		s.sh.known(s.key).Announced(t, s.sh.now)
	}
}
