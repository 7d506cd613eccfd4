package rest

import (
	"cmp"
	"context"

	"example.com/weir/persistence/topology"
)

func (a *api) findProxyGroup(id string) (topology.ProxyGroup, error) {
	return lookUp(a.master.Topology().ProxyGroups, "proxy group", id)
}

// ListProxyGroups implements StrictServerInterface.
func (a *api) ListProxyGroups(_ context.Context, r ListProxyGroupsRequestObject) (ListProxyGroupsResponseObject, error) {
	all := viewAll(a.master.Topology().ProxyGroups, viewProxyGroup, func(g ProxyGroupView) string { return g.Name })
	items, next, link, err := page(all, func(g ProxyGroupView) string { return g.Name },
		paging{path: "/proxy-groups", limit: r.Params.Limit, cursor: r.Params.Cursor})
	if err != nil {
		return nil, err
	}
	return ListProxyGroups200JSONResponse{
		Body:    ProxyGroupPage{Items: items, Next: next},
		Headers: ListProxyGroups200ResponseHeaders{Link: link},
	}, nil
}

// CreateProxyGroup implements StrictServerInterface.
func (a *api) CreateProxyGroup(ctx context.Context, r CreateProxyGroupRequestObject) (CreateProxyGroupResponseObject, error) {
	repeat := repeat{"createProxyGroup", r.Params.IdempotencyKey}
	g := *r.Body
	g.ID = topology.GroupID(newID(ctx, repeat))
	g.Slaves = list(g.Slaves)
	out, err := a.apply(ctx, change{
		id: string(g.ID), command: topology.Command{CreateProxyGroup: &g},
		dryRun: r.Params.DryRun, repeat: repeat,
	})
	return answerTo[CreateProxyGroupResponseObject](out, err,
		CreateProxyGroup200JSONResponse{CheckedJSONResponse(out)}, CreateProxyGroup202JSONResponse{accepted(out)})
}

// GetProxyGroup implements StrictServerInterface.
func (a *api) GetProxyGroup(_ context.Context, r GetProxyGroupRequestObject) (GetProxyGroupResponseObject, error) {
	g, err := a.findProxyGroup(r.ID)
	if err != nil {
		return nil, err
	}
	return GetProxyGroup200JSONResponse{
		Body:    viewProxyGroup(g),
		Headers: GetProxyGroup200ResponseHeaders{ETag: etag(g.Revision)},
	}, nil
}

// UpdateProxyGroup implements StrictServerInterface.
func (a *api) UpdateProxyGroup(ctx context.Context, r UpdateProxyGroupRequestObject) (UpdateProxyGroupResponseObject, error) {
	based, err := basedOn(r.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	present, err := a.findProxyGroup(r.ID)
	if err != nil {
		return nil, err
	}
	g, err := mergePatch(present, *r.Body)
	if err != nil {
		return nil, err
	}
	out, err := a.apply(ctx, change{
		id: r.ID, command: topology.Command{UpdateProxyGroup: &g}, basedOn: cmp.Or(based, present.Revision), dryRun: r.Params.DryRun,
	})
	return answerTo[UpdateProxyGroupResponseObject](out, err,
		UpdateProxyGroup200JSONResponse{CheckedJSONResponse(out)}, UpdateProxyGroup202JSONResponse{accepted(out)})
}

// DeleteProxyGroup implements StrictServerInterface.
func (a *api) DeleteProxyGroup(ctx context.Context, r DeleteProxyGroupRequestObject) (DeleteProxyGroupResponseObject, error) {
	based, err := basedOn(r.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	if _, err := a.findProxyGroup(r.ID); err != nil {
		return nil, err
	}
	out, err := a.apply(ctx, change{
		id: r.ID, command: topology.Command{DeleteProxyGroup: topology.GroupID(r.ID)}, basedOn: based, dryRun: r.Params.DryRun,
	})
	return answerTo[DeleteProxyGroupResponseObject](out, err,
		DeleteProxyGroup200JSONResponse{CheckedJSONResponse(out)}, DeleteProxyGroup202JSONResponse{accepted(out)})
}
