package queryplane

import (
	"context"
	"net/netip"
	"time"

	"google.golang.org/grpc"

	"example.com/weir/actors/proto"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/sequence"
	"example.com/weir/flowio/source"
)

func (s *service) Sources(ctx context.Context, _ *proto.SourcesRequest) (*proto.SourcesReply, error) {
	return encodeSources(s.answerer.Sources(ctx)), nil
}

// maxSources bounds an answer with sources: a unit tells of 2,000 in less than
// 4 MiB, and a Proxy adds what each of its Slaves has dropped of them.
const maxSources = 64 << 20

// Sources returns what the unit and those below it know of the exporters.
func (c *Client) Sources(ctx context.Context) ([]source.Unit, error) {
	reply, err := c.queries.Sources(ctx, &proto.SourcesRequest{}, grpc.MaxCallRecvMsgSize(maxSources))
	if err != nil {
		return nil, fromStatus(ctx, err)
	}
	return decodeSources(reply), nil
}

// Sources returns what the unit and those below it know of the exporters.
func (p *Peer) Sources(ctx context.Context) ([]source.Unit, error) {
	ctx, release := p.whileUp(ctx)
	defer release()
	units, err := p.client.Sources(ctx)
	return units, p.explain(err)
}

func encodeSources(units []source.Unit) *proto.SourcesReply {
	reply := &proto.SourcesReply{}
	for _, u := range units {
		w := &proto.UnitSources{UnitId: []byte(u.ID), Name: []byte(u.Name), Omitted: uint32(u.Omitted), Error: []byte(u.Error)}
		for _, s := range u.Seen {
			w.Sources = append(w.Sources, encodeSource(s))
		}
		reply.Units = append(reply.Units, w)
	}
	return reply
}

func encodeSource(s source.Seen) *proto.Source {
	w := &proto.Source{
		Exporter: s.Exporter.AsSlice(), Port: uint32(s.Port), Domain: s.Domain,
		FirstUnixMs: unixMilli(s.First), LastUnixMs: unixMilli(s.Last),
		Packets: s.Packets, Records: s.Records, Octets: s.Octets,
		PacketsPerSecond: s.PacketsPerSecond, RecordsPerSecond: s.RecordsPerSecond,
		LostPerSecond: s.LostPerSecond, DroppedPerSecond: s.DroppedPerSecond,
		Sampling: &proto.SourceSampling{
			Rate: s.Sampling.Rate, Origin: string(s.Sampling.Origin), Rates: s.Sampling.Rates, Unscaled: s.Sampling.Unscaled,
		},
		Clock:     &proto.SourceClock{SkewMs: s.Clock.Skew, IsSkewed: s.Clock.IsSkewed, Skewed: s.Clock.Skewed},
		Templates: encodeTemplates(s.Templates), IsRemembered: s.IsRemembered,
	}
	for _, i := range s.Interfaces {
		w.Interfaces = append(w.Interfaces, encodeInterface(i))
	}
	for _, v := range s.Versions {
		w.Versions = append(w.Versions, uint32(v))
	}
	for _, p := range s.Ports {
		w.Ports = append(w.Ports, uint32(p))
	}
	for _, q := range s.Sequences {
		w.Sequences = append(w.Sequences, &proto.SourceSequence{
			Version: uint32(q.Version), Unit: string(q.Unit), Received: q.Received, Lost: q.Lost,
			Reordered: q.Reordered, Duplicates: q.Duplicates, Resets: q.Resets,
		})
	}
	for _, d := range s.Drops {
		w.Drops = append(w.Drops, &proto.SourceDrop{
			Unit: []byte(d.Unit), Hop: uint32(d.Hop), Kind: uint32(d.Kind), Reason: uint32(d.Reason), Count: d.Count,
		})
	}
	return w
}

func encodeTemplates(t source.Templates) *proto.SourceTemplates {
	w := &proto.SourceTemplates{Count: uint32(t.Count), IsFlapping: t.IsFlapping, Changes: t.Changes}
	for _, k := range t.Known {
		w.Known = append(w.Known, &proto.SourceTemplate{
			Version: uint32(k.Version), Id: uint32(k.ID), Fields: uint32(k.Fields), IsOptions: k.IsOptions,
		})
	}
	return w
}

func decodeSources(reply *proto.SourcesReply) []source.Unit {
	units := make([]source.Unit, 0, len(reply.GetUnits()))
	for _, w := range reply.GetUnits() {
		u := source.Unit{ID: string(w.GetUnitId()), Name: string(w.GetName()), Omitted: int(w.GetOmitted()), Error: string(w.GetError())}
		for _, s := range w.GetSources() {
			u.Seen = append(u.Seen, decodeSource(s))
		}
		units = append(units, u)
	}
	return units
}

func decodeSource(w *proto.Source) source.Seen {
	s := source.Seen{
		PacketsPerSecond: w.GetPacketsPerSecond(), RecordsPerSecond: w.GetRecordsPerSecond(),
		LostPerSecond: w.GetLostPerSecond(), DroppedPerSecond: w.GetDroppedPerSecond(),
	}
	s.Exporter, _ = netip.AddrFromSlice(w.GetExporter())
	s.Port, s.Domain = uint16(w.GetPort()), w.GetDomain()
	s.First, s.Last = timeOf(w.GetFirstUnixMs()), timeOf(w.GetLastUnixMs())
	s.Packets, s.Records, s.Octets = w.GetPackets(), w.GetRecords(), w.GetOctets()
	p, c := w.GetSampling(), w.GetClock()
	s.Sampling = source.Sampling{Rate: p.GetRate(), Origin: source.Origin(p.GetOrigin()), Rates: p.GetRates(), Unscaled: p.GetUnscaled()}
	s.Clock = source.Clock{Skew: c.GetSkewMs(), IsSkewed: c.GetIsSkewed(), Skewed: c.GetSkewed()}
	s.Templates, s.IsRemembered = decodeTemplates(w.GetTemplates()), w.GetIsRemembered()
	for _, i := range w.GetInterfaces() {
		s.Interfaces = append(s.Interfaces, decodeInterface(i))
	}
	for _, v := range w.GetVersions() {
		s.Versions = append(s.Versions, uint16(v))
	}
	for _, p := range w.GetPorts() {
		s.Ports = append(s.Ports, uint16(p))
	}
	for _, q := range w.GetSequences() {
		s.Sequences = append(s.Sequences, source.Sequence{
			Version: uint16(q.GetVersion()), Unit: sequence.Unit(q.GetUnit()),
			Counts: sequence.Counts{
				Received: q.GetReceived(), Lost: q.GetLost(),
				Reordered: q.GetReordered(), Duplicates: q.GetDuplicates(), Resets: q.GetResets(),
			},
		})
	}
	for _, d := range w.GetDrops() {
		s.Drops = append(s.Drops, source.Drop{
			Unit: string(d.GetUnit()), Hop: ledger.Hop(d.GetHop()), Kind: ledger.Kind(d.GetKind()),
			Reason: ledger.Reason(d.GetReason()), Count: d.GetCount(),
		})
	}
	return s
}

func decodeTemplates(w *proto.SourceTemplates) source.Templates {
	t := source.Templates{Count: int(w.GetCount()), IsFlapping: w.GetIsFlapping(), Changes: w.GetChanges()}
	for _, k := range w.GetKnown() {
		t.Known = append(t.Known, source.Template{
			Version: uint16(k.GetVersion()), ID: uint16(k.GetId()), Fields: int(k.GetFields()), IsOptions: k.GetIsOptions(),
		})
	}
	return t
}

func encodeInterface(i source.Interface) *proto.SourceInterface {
	return &proto.SourceInterface{
		Index: i.Index, Type: i.Type, Speed: i.Speed, IsUp: i.IsUp,
		InOctets: i.InOctets, OutOctets: i.OutOctets, InPackets: i.InPackets, OutPackets: i.OutPackets,
		InDropped: i.InDropped, OutDropped: i.OutDropped, SeenUnixMs: unixMilli(i.Seen),
	}
}

func decodeInterface(w *proto.SourceInterface) source.Interface {
	return source.Interface{
		Index: w.GetIndex(), Type: w.GetType(), Speed: w.GetSpeed(), IsUp: w.GetIsUp(),
		InOctets: w.GetInOctets(), OutOctets: w.GetOutOctets(), InPackets: w.GetInPackets(), OutPackets: w.GetOutPackets(),
		InDropped: w.GetInDropped(), OutDropped: w.GetOutDropped(), Seen: timeOf(w.GetSeenUnixMs()),
	}
}

// unixMilli is the Unix time of t, 0 if there is none.
func unixMilli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func timeOf(unixMilli int64) time.Time {
	if unixMilli == 0 {
		return time.Time{}
	}
	return time.UnixMilli(unixMilli).UTC()
}
