package slave

import (
	"context"
	"errors"
	"time"

	"example.com/weir/flowio/group"
	"example.com/weir/flowio/query"
	"example.com/weir/flowio/scan"
	"example.com/weir/persistence/flowstore"
	"example.com/weir/persistence/seriesstore"
)

// seriesFolder holds the series store in the data directory, apart from the
// flows: it outlives them.
const seriesFolder = "series"

// seriesSums answers from the series and from the flows that are not in it
// yet. The partial is nil if flows must answer; the error says why, if the
// plan is not the reason.
func (s *Slave) seriesSums(ctx context.Context, plan *query.Plan, view *flowstore.View, o scan.Options) (*group.Partial, query.Stats, error) {
	kept, ok := plan.Kept()
	if !ok || s.series == nil {
		return nil, query.Stats{}, nil
	}
	before, ok := s.store.SeriesBefore(view)
	if !ok {
		return nil, query.Stats{}, nil
	}
	begin := time.Now()
	partial, cost, err := scan.Scan(ctx, plan.Scan(), sourcesOf(view.Open()), o)
	stats := query.Scanned(cost)
	if err != nil {
		return nil, stats, err
	}
	isWanted := wantedClasses(kept)
	var sums []group.KeptSums
	add := func(points []seriesstore.Point) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		sums = sums[:0]
		for i := range points {
			if isWanted[points[i].Class] {
				sums = append(sums, keptSums(kept, &points[i]))
			}
		}
		stats.SeriesPoints += uint64(len(points))
		return partial.AddKept(sums)
	}
	for _, span := range plan.Spans() {
		err = errors.Join(err, s.series.Read(seriesstore.Request{
			From: span.From, To: span.To, Step: kept.Step, Before: before,
			Channels: kept.Exporters, Total: !kept.ByExporter && len(kept.Exporters) == 0,
		}, add))
	}
	if errors.Is(err, group.ErrBudget) || ctx.Err() != nil {
		return nil, stats, err
	}
	if err != nil {
		return nil, query.Stats{}, err
	}
	stats.ElapsedMs = time.Since(begin).Milliseconds()
	return partial, stats, nil
}

// wantedClasses are the classes of the protocols that are asked for.
func wantedClasses(k query.Kept) (wanted [seriesstore.NumClasses]bool) {
	for c := range wanted {
		wanted[c] = k.Protocols == nil
	}
	for _, proto := range k.Protocols {
		wanted[seriesstore.ClassOf(proto)] = true
	}
	return wanted
}

func keptSums(k query.Kept, p *seriesstore.Point) group.KeptSums {
	sums := group.KeptSums{Time: p.Time, Exporter: p.Channel, Flows: p.Flows, Packets: p.Packets, Bytes: p.Bytes}
	if k.Scaled {
		sums.Packets, sums.Bytes = p.ScaledPackets, p.ScaledBytes
	}
	return sums
}
