package rest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"example.com/weir/persistence/topology"
)

// GetTopology implements StrictServerInterface.
func (a *api) GetTopology(context.Context, GetTopologyRequestObject) (GetTopologyResponseObject, error) {
	v := a.master.Topology()
	return GetTopology200JSONResponse{
		Body:    viewTopology(v),
		Headers: GetTopology200ResponseHeaders{ETag: etag(v.Revision)},
	}, nil
}

// ListActions implements StrictServerInterface.
func (a *api) ListActions(_ context.Context, r ListActionsRequestObject) (ListActionsResponseObject, error) {
	key := func(x ActionView) string { return newestFirst(uint64(x.Action.Revision), x.ID) }
	var all []ActionView
	for _, one := range a.master.Actions() {
		all = append(all, viewAction(one))
	}
	slices.SortFunc(all, func(x, y ActionView) int { return strings.Compare(key(x), key(y)) })
	items, next, link, err := page(all, key, paging{path: "/actions", limit: r.Params.Limit, cursor: r.Params.Cursor})
	if err != nil {
		return nil, err
	}
	return ListActions200JSONResponse{
		Body:    ActionPage{Items: items, Next: next},
		Headers: ListActions200ResponseHeaders{Link: link},
	}, nil
}

// GetAction implements StrictServerInterface.
func (a *api) GetAction(_ context.Context, r GetActionRequestObject) (GetActionResponseObject, error) {
	all := a.master.Actions()
	i := slices.IndexFunc(all, func(x topology.Action) bool { return x.ID == r.ID })
	if i < 0 {
		return nil, &refusal{status: http.StatusNotFound, code: codeNotFound, detail: fmt.Sprintf("there is no action %s", r.ID)}
	}
	return GetAction200JSONResponse(viewAction(all[i])), nil
}
