package rest

import (
	"net/http"
	"strings"
	"testing"

	"example.com/weir/persistence/topology"
)

func TestForwardingThroughREST(t *testing.T) {
	s := serve(t)
	w := s.ask("operator", "POST", "/api/v1/source-groups", `{"name":"london","listen":[2055],"twinCopy":true,"forward":[{"name":"siem","address":"192.0.2.9:2055","domains":[7]},{"name":"spare","address":"192.0.2.9:2056","forwardedBy":"first"}]}`)
	path := "/api/v1/source-groups/" + decode[Outcome](t, w.Code, w.Body.Bytes()).ID
	get := func() SourceGroup {
		w := s.ask("viewer", "GET", path, "")
		return decode[SourceGroup](t, w.Code, w.Body.Bytes())
	}
	if g := get(); !g.TwinCopy || len(g.Forward) != 2 || g.Forward[0].Source != topology.FromExporter || g.Forward[0].Domains[0] != 7 || g.Forward[0].ForwardedBy != topology.ByAll || g.Forward[1].ForwardedBy != topology.ByFirst {
		t.Errorf("as created: %+v", g)
	}
	if w = s.ask("operator", "PATCH", path, `{"forward":[],"twinExporters":["10.0.0.0/8"]}`, "If-Match: *"); w.Code != http.StatusAccepted {
		t.Errorf("change: %d %s", w.Code, w.Body)
	}
	if g := get(); !g.TwinCopy || len(g.Forward) != 0 || len(g.TwinExporters) != 1 {
		t.Errorf("after the change: %+v", g)
	}
	for body, want := range map[string]string{
		`{"forward":[{"name":"siem","address":"siem:2055"}]}`:                              "/forward/0/address",
		`{"forward":[{"name":"siem","address":"192.0.2.9:2055","versions":["netflow8"]}]}`: "/forward/0/versions/0",
		`{"forward":[{"name":"siem","address":"192.0.2.9:2055","ports":[9]}]}`:             "/forward/0/ports/0",
		`{"forward":[{"name":"siem","address":"192.0.2.9:2055","forwardedBy":"nobody"}]}`:  "/forward/0/forwardedBy",
		`{"twinExporters":["core-1"]}`:                                                     "/twinExporters/0",
	} {
		if w = s.ask("operator", "PATCH", path, body, "If-Match: *"); w.Code != http.StatusUnprocessableEntity && w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
}
