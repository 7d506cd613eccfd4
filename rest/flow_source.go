package rest

import (
	"cmp"
	"context"

	"example.com/weir/flowio/source"
	"example.com/weir/persistence/topology"
)

// sourceSettings is what a merge patch of an exporter changes.
type sourceSettings struct {
	Name         string  `json:"name,omitempty"`
	SamplingRate *uint64 `json:"samplingRate,omitempty"`
}

// GetSource implements StrictServerInterface.
func (a *api) GetSource(ctx context.Context, r GetSourceRequestObject) (GetSourceResponseObject, error) {
	v := a.master.Topology()
	f, err := v.ParseSource(r.ID)
	if err != nil {
		return nil, err
	}
	units, err := a.master.Sources(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := source.Select(units, string(f.SourceGroup), f.Exporter.String())
	if err != nil {
		return nil, err
	}
	return GetSource200JSONResponse{
		Body:    viewFlowSource(v, f, rows),
		Headers: GetSource200ResponseHeaders{ETag: etag(f.Revision)},
	}, nil
}

// UpdateSource implements StrictServerInterface.
func (a *api) UpdateSource(ctx context.Context, r UpdateSourceRequestObject) (UpdateSourceResponseObject, error) {
	based, err := basedOn(r.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	f, err := a.master.Topology().ParseSource(r.ID)
	if err != nil {
		return nil, err
	}
	set, err := mergePatch(sourceSettings{Name: f.Name, SamplingRate: rateOf(f)}, *r.Body)
	if err != nil {
		return nil, err
	}
	present := f.Revision
	f.Name, f.Sampling = set.Name, deref(set.SamplingRate)
	out, err := a.apply(ctx, change{
		id: string(f.ID()), command: topology.Command{SetSource: &f}, basedOn: cmp.Or(based, present), dryRun: r.Params.DryRun,
	})
	return answerTo[UpdateSourceResponseObject](out, err,
		UpdateSource200JSONResponse{CheckedJSONResponse(out)}, UpdateSource202JSONResponse{accepted(out)})
}

// DeleteSource implements StrictServerInterface.
func (a *api) DeleteSource(ctx context.Context, r DeleteSourceRequestObject) (DeleteSourceResponseObject, error) {
	based, err := basedOn(r.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	f, err := a.master.Topology().ParseSource(r.ID)
	if err != nil {
		return nil, err
	}
	out, err := a.apply(ctx, change{
		id: string(f.ID()), command: topology.Command{DeleteSource: f.ID()}, basedOn: based, dryRun: r.Params.DryRun,
	})
	return answerTo[DeleteSourceResponseObject](out, err,
		DeleteSource200JSONResponse{CheckedJSONResponse(out)}, DeleteSource202JSONResponse{accepted(out)})
}

func viewFlowSource(v topology.View, f topology.Source, rows []source.Row) FlowSource {
	view := FlowSource{
		ID: string(f.ID()), Exporter: f.Exporter.String(),
		SourceGroup: string(f.SourceGroup), SourceGroupName: v.SourceGroups[f.SourceGroup].Name,
		Name: f.Name, SamplingRate: rateOf(f), Revision: decimal(f.Revision), Sources: []Source{},
	}
	for _, row := range rows {
		view.Sources = append(view.Sources, viewSource(v, row))
	}
	return view
}

// rateOf returns the rate that an operator has set, nil for none.
func rateOf(f topology.Source) *uint64 {
	if f.Sampling == 0 {
		return nil
	}
	return &f.Sampling
}
