package graph

import (
	"fmt"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/client"

	"example.com/weir/persistence/mastertest"
)

// A source group says how much its Slaves keep; what is wrong is refused in
// place.
func TestRetentionThroughGraphQL(t *testing.T) {
	c := as(mastertest.New(), "operator")
	data, refused := ask(t, c, `mutation { createUnit(input: {name: "hq", role: standalone, control: "h:1", query: "h:2"}) { unit { id } } }`)
	if refused != nil {
		t.Fatalf("%+v", refused)
	}
	unit := data["createUnit"].(map[string]any)["unit"].(map[string]any)["id"]
	data, refused = ask(t, c, `mutation { createSourceGroup(input: {name: "hq", listen: [2055], retention: {maxAgeSeconds: 86400}}) { sourceGroup { id retention { maxAgeSeconds quotaBytes } } } }`)
	if refused != nil {
		t.Fatalf("%+v", refused)
	}
	group := data["createSourceGroup"].(map[string]any)["sourceGroup"].(map[string]any)
	if keep := group["retention"].(map[string]any); keep["maxAgeSeconds"] != 86400.0 || keep["quotaBytes"] != nil {
		t.Errorf("as created: %v", keep)
	}
	if _, refused = ask(t, c, fmt.Sprintf(`mutation { createProxyGroup(input: {name: "hq-1", priority: 1, proxy: %q, sourceGroup: %q}) { action } }`, unit, group["id"])); refused != nil {
		t.Fatalf("%+v", refused)
	}
	change := func(input map[string]any) (map[string]any, *refusal) {
		input["id"], input["basedOn"] = group["id"], "0"
		data, refused := ask(t, c, `mutation ($input: UpdateSourceGroupInput!) { updateSourceGroup(input: $input) { sourceGroup { retention { maxAgeSeconds quotaBytes } } } }`, client.Var("input", input))
		if refused != nil {
			return nil, refused
		}
		return data["updateSourceGroup"].(map[string]any)["sourceGroup"].(map[string]any)["retention"].(map[string]any), nil
	}
	for _, test := range []struct {
		input      map[string]any
		age, quota any
	}{
		{map[string]any{"retention": map[string]any{"maxAgeSeconds": 300, "quotaBytes": "1073741824"}}, 300.0, "1073741824"},
		{map[string]any{"name": "head"}, 300.0, "1073741824"},
		{map[string]any{"retention": map[string]any{"quotaBytes": "67108864"}}, nil, "67108864"},
		{map[string]any{"retention": nil}, nil, nil},
	} {
		keep, refused := change(test.input)
		if refused != nil || keep["maxAgeSeconds"] != test.age || keep["quotaBytes"] != test.quota {
			t.Errorf("%v: %v, %+v", test.input, keep, refused)
		}
	}
	_, refused = change(map[string]any{"retention": map[string]any{"quotaBytes": fmt.Sprint(uint64(mastertest.Room) + 1)}})
	if refused == nil || refused.Extensions.Code != codeConflict || len(refused.Extensions.Errors) != 1 ||
		refused.Extensions.Errors[0].Pointer != "/retention/quotaBytes" || !strings.Contains(refused.Message, "Slave hq has room for 1.0 TiB") {
		t.Errorf("a quota above what is free: %+v", refused)
	}
	data, refused = ask(t, c, fmt.Sprintf(`{ unit(id: %q) { status { storeFreeBytes storeMinimumBytes storeQuotaBytes storeMaxAgeSeconds } } }`, unit))
	if refused != nil || data["unit"].(map[string]any)["status"].(map[string]any)["storeFreeBytes"] != fmt.Sprint(mastertest.Room) {
		t.Errorf("status: %v, %+v", data, refused)
	}
}
