package rest

import (
	"cmp"
	"context"

	"example.com/weir/persistence/topology"
)

func (a *api) findUnit(id string) (topology.Unit, error) {
	return lookUp(a.master.Topology().Units, "unit", id)
}

// ListUnits implements StrictServerInterface.
func (a *api) ListUnits(_ context.Context, r ListUnitsRequestObject) (ListUnitsResponseObject, error) {
	all := viewUnits(a.master.Topology())
	items, next, link, err := page(all, func(u UnitView) string { return u.Name },
		paging{path: "/units", limit: r.Params.Limit, cursor: r.Params.Cursor})
	if err != nil {
		return nil, err
	}
	return ListUnits200JSONResponse{
		Body:    UnitPage{Items: items, Next: next},
		Headers: ListUnits200ResponseHeaders{Link: link},
	}, nil
}

// CreateUnit implements StrictServerInterface.
func (a *api) CreateUnit(ctx context.Context, r CreateUnitRequestObject) (CreateUnitResponseObject, error) {
	repeat := repeat{"createUnit", r.Params.IdempotencyKey}
	u := *r.Body
	u.ID = topology.UnitID(newID(ctx, repeat))
	out, err := a.apply(ctx, change{
		id: string(u.ID), command: topology.Command{CreateUnit: &u},
		dryRun: r.Params.DryRun, repeat: repeat,
	})
	return answerTo[CreateUnitResponseObject](out, err,
		CreateUnit200JSONResponse{CheckedJSONResponse(out)}, CreateUnit202JSONResponse{accepted(out)})
}

// GetUnit implements StrictServerInterface.
func (a *api) GetUnit(_ context.Context, r GetUnitRequestObject) (GetUnitResponseObject, error) {
	u, err := a.findUnit(r.ID)
	if err != nil {
		return nil, err
	}
	return GetUnit200JSONResponse{
		Body:    viewUnit(a.master.Topology(), u),
		Headers: GetUnit200ResponseHeaders{ETag: etag(u.Revision)},
	}, nil
}

// UpdateUnit implements StrictServerInterface.
func (a *api) UpdateUnit(ctx context.Context, r UpdateUnitRequestObject) (UpdateUnitResponseObject, error) {
	based, err := basedOn(r.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	present, err := a.findUnit(r.ID)
	if err != nil {
		return nil, err
	}
	u, err := mergePatch(present, *r.Body)
	if err != nil {
		return nil, err
	}
	out, err := a.apply(ctx, change{
		id: r.ID, command: topology.Command{UpdateUnit: &u}, basedOn: cmp.Or(based, present.Revision), dryRun: r.Params.DryRun,
	})
	return answerTo[UpdateUnitResponseObject](out, err,
		UpdateUnit200JSONResponse{CheckedJSONResponse(out)}, UpdateUnit202JSONResponse{accepted(out)})
}

// DeleteUnit implements StrictServerInterface.
func (a *api) DeleteUnit(ctx context.Context, r DeleteUnitRequestObject) (DeleteUnitResponseObject, error) {
	based, err := basedOn(r.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	if _, err := a.findUnit(r.ID); err != nil {
		return nil, err
	}
	out, err := a.apply(ctx, change{
		id: r.ID, command: topology.Command{DeleteUnit: topology.UnitID(r.ID)}, basedOn: based, dryRun: r.Params.DryRun,
	})
	return answerTo[DeleteUnitResponseObject](out, err,
		DeleteUnit200JSONResponse{CheckedJSONResponse(out)}, DeleteUnit202JSONResponse{accepted(out)})
}
