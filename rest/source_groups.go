package rest

import (
	"cmp"
	"context"

	"example.com/weir/persistence/topology"
)

func (a *api) findSourceGroup(id string) (topology.SourceGroup, error) {
	return lookUp(a.master.Topology().SourceGroups, "source group", id)
}

// ListSourceGroups implements StrictServerInterface.
func (a *api) ListSourceGroups(_ context.Context, r ListSourceGroupsRequestObject) (ListSourceGroupsResponseObject, error) {
	all := viewAll(a.master.Topology().SourceGroups, viewSourceGroup, func(g SourceGroupView) string { return g.Name })
	items, next, link, err := page(all, func(g SourceGroupView) string { return g.Name },
		paging{path: "/source-groups", limit: r.Params.Limit, cursor: r.Params.Cursor})
	if err != nil {
		return nil, err
	}
	return ListSourceGroups200JSONResponse{
		Body:    SourceGroupPage{Items: items, Next: next},
		Headers: ListSourceGroups200ResponseHeaders{Link: link},
	}, nil
}

// CreateSourceGroup implements StrictServerInterface.
func (a *api) CreateSourceGroup(ctx context.Context, r CreateSourceGroupRequestObject) (CreateSourceGroupResponseObject, error) {
	repeat := repeat{"createSourceGroup", r.Params.IdempotencyKey}
	g := *r.Body
	g.ID = topology.GroupID(newID(ctx, repeat))
	g.Model = cmp.Or(g.Model, topology.RoundRobin)
	g.Delivery = cmp.Or(g.Delivery, topology.DeliverUDP)
	out, err := a.apply(ctx, change{
		id: string(g.ID), command: topology.Command{CreateSourceGroup: &g},
		dryRun: r.Params.DryRun, repeat: repeat,
	})
	return answerTo[CreateSourceGroupResponseObject](out, err,
		CreateSourceGroup200JSONResponse{CheckedJSONResponse(out)}, CreateSourceGroup202JSONResponse{accepted(out)})
}

// GetSourceGroup implements StrictServerInterface.
func (a *api) GetSourceGroup(_ context.Context, r GetSourceGroupRequestObject) (GetSourceGroupResponseObject, error) {
	g, err := a.findSourceGroup(r.ID)
	if err != nil {
		return nil, err
	}
	return GetSourceGroup200JSONResponse{
		Body:    viewSourceGroup(g),
		Headers: GetSourceGroup200ResponseHeaders{ETag: etag(g.Revision)},
	}, nil
}

// UpdateSourceGroup implements StrictServerInterface.
func (a *api) UpdateSourceGroup(ctx context.Context, r UpdateSourceGroupRequestObject) (UpdateSourceGroupResponseObject, error) {
	based, err := basedOn(r.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	present, err := a.findSourceGroup(r.ID)
	if err != nil {
		return nil, err
	}
	g, err := mergePatch(present, *r.Body)
	if err != nil {
		return nil, err
	}
	out, err := a.apply(ctx, change{
		id: r.ID, command: topology.Command{UpdateSourceGroup: &g}, basedOn: cmp.Or(based, present.Revision), dryRun: r.Params.DryRun,
	})
	return answerTo[UpdateSourceGroupResponseObject](out, err,
		UpdateSourceGroup200JSONResponse{CheckedJSONResponse(out)}, UpdateSourceGroup202JSONResponse{accepted(out)})
}

// DeleteSourceGroup implements StrictServerInterface.
func (a *api) DeleteSourceGroup(ctx context.Context, r DeleteSourceGroupRequestObject) (DeleteSourceGroupResponseObject, error) {
	based, err := basedOn(r.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	if _, err := a.findSourceGroup(r.ID); err != nil {
		return nil, err
	}
	out, err := a.apply(ctx, change{
		id: r.ID, command: topology.Command{DeleteSourceGroup: topology.GroupID(r.ID)}, basedOn: based, dryRun: r.Params.DryRun,
	})
	return answerTo[DeleteSourceGroupResponseObject](out, err,
		DeleteSourceGroup200JSONResponse{CheckedJSONResponse(out)}, DeleteSourceGroup202JSONResponse{accepted(out)})
}
