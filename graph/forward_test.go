package graph

import (
	"testing"

	"github.com/99designs/gqlgen/client"
	"github.com/google/go-cmp/cmp"

	"example.com/weir/persistence/mastertest"
)

// A source group says to whom its packets are forwarded; what is wrong is
// refused in place.
func TestForwardingThroughGraphQL(t *testing.T) {
	c := as(mastertest.New(), "operator")
	const shown = `{ sourceGroup { id twinCopy twinExporters forwarder forward { name address source exporters ports domains versions forwardedBy proxyGroup } } }`
	data, refused := ask(t, c, `mutation { createSourceGroup(input: {name: "london", listen: [2055], forward: [{name: "siem", address: "192.0.2.9:2055"}]}) `+shown+` }`)
	if refused != nil {
		t.Fatalf("%+v", refused)
	}
	group := data["createSourceGroup"].(map[string]any)["sourceGroup"].(map[string]any)
	target := func(change map[string]any) map[string]any {
		all := map[string]any{
			"name": "siem", "address": "192.0.2.9:2055", "source": "exporter", "exporters": []any{}, "ports": []any{}, "domains": []any{}, "versions": []any{}, "forwardedBy": "all", "proxyGroup": nil,
		}
		for field, value := range change {
			all[field] = value
		}
		return all
	}
	if diff := cmp.Diff([]any{target(nil)}, group["forward"]); diff != "" {
		t.Errorf("as created (-want +got):\n%s", diff)
	}
	update := func(input map[string]any) (map[string]any, *refusal) {
		input["id"], input["basedOn"] = group["id"], "0"
		data, refused := ask(t, c, `mutation ($input: UpdateSourceGroupInput!) { updateSourceGroup(input: $input) `+shown+` }`, client.Var("input", input))
		if refused != nil {
			return nil, refused
		}
		return data["updateSourceGroup"].(map[string]any)["sourceGroup"].(map[string]any), nil
	}
	one := target(map[string]any{"source": "own", "exporters": []any{"10.0.0.0/8"}, "ports": []any{2055.0}, "domains": []any{"4294967295"}, "versions": []any{"ipfix", "sflow"}, "forwardedBy": "first"})
	after, refused := update(map[string]any{"forward": []any{one}, "twinCopy": true, "twinExporters": []any{"10.0.0.1"}})
	if refused != nil {
		t.Fatalf("%+v", refused)
	}
	want := map[string]any{"id": group["id"], "twinCopy": true, "twinExporters": []any{"10.0.0.1"}, "forwarder": nil, "forward": []any{one}}
	if diff := cmp.Diff(want, after); diff != "" {
		t.Errorf("after the change (-want +got):\n%s", diff)
	}
	if after, _ = update(map[string]any{"description": "other"}); !cmp.Equal(after, want) {
		t.Errorf("what is absent stays: %v", after)
	}
	for name, bad := range map[string]map[string]any{
		"a port that is none":   target(map[string]any{"ports": []any{70000}}),
		"a domain of 33 bits":   target(map[string]any{"domains": []any{"4294967296"}}),
		"a host name":           target(map[string]any{"address": "siem:2055"}),
		"a group of elsewhere":  target(map[string]any{"proxyGroup": "x"}),
		"the first, and one":    target(map[string]any{"forwardedBy": "first", "proxyGroup": "x"}),
		"a version that is old": target(map[string]any{"versions": []any{"netflow8"}}),
	} {
		if _, refused := update(map[string]any{"forward": []any{bad}}); refused == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
