package graph

import (
	"testing"

	"github.com/99designs/gqlgen/client"
	"github.com/google/go-cmp/cmp"

	"example.com/weir/persistence/mastertest"
)

func TestSettingsOfASourceThroughGraphQL(t *testing.T) {
	m := mastertest.New()
	operator, viewer := as(m, "operator"), as(m, "viewer")
	if _, refused := ask(t, operator, `mutation { createSourceGroup(input: {name: "london", listen: [2055], identity: address_port, relayed: [2055]}) { sourceGroup { identity relayed } } }`); refused != nil {
		t.Fatalf("%+v", refused)
	}
	const set = `mutation ($input: UpdateSourceInput!) { updateSource(input: $input) { action affected settings { id name samplingRate revision sourceGroupName } } }`
	change := func(c *client.Client, input map[string]any) (map[string]any, *refusal) {
		t.Helper()
		data, refused := ask(t, c, set, client.Var("input", input))
		if refused != nil {
			return nil, refused
		}
		return data["updateSource"].(map[string]any)["settings"].(map[string]any), nil
	}
	const id = "192.0.2.9@london"
	settings, refused := change(operator, map[string]any{"id": id, "name": "core-1", "samplingRate": 64})
	if refused != nil || settings["name"] != "core-1" || settings["sourceGroupName"] != "london" {
		t.Fatalf("%+v, %+v", settings, refused)
	}
	if settings, refused = change(operator, map[string]any{"id": id, "samplingRate": nil, "basedOn": settings["revision"]}); refused != nil || settings["samplingRate"] != nil || settings["name"] != "core-1" {
		t.Errorf("null takes away the rate alone: %+v, %+v", settings, refused)
	}
	for name, test := range map[string]struct {
		c     *client.Client
		input map[string]any
		code  string
	}{
		"a viewer":      {viewer, map[string]any{"id": id, "name": "a"}, codeForbidden},
		"a stale base":  {operator, map[string]any{"id": id, "name": "a", "basedOn": "1"}, codeConflict},
		"a rate of 0":   {operator, map[string]any{"id": id, "samplingRate": 0}, codeValidation},
		"no group":      {operator, map[string]any{"id": "192.0.2.9@paris", "name": "a"}, codeNotFound},
		"no address":    {operator, map[string]any{"id": "router@london", "name": "a"}, codeValidation},
		"no name":       {operator, map[string]any{"id": id, "name": "a b"}, codeValidation},
		"another field": {operator, map[string]any{"id": id, "colour": 1}, codeValidation},
	} {
		if _, refused := change(test.c, test.input); refused == nil || refused.Extensions.Code != test.code {
			t.Errorf("%s: %+v, want %s", name, refused, test.code)
		}
	}
	if _, refused := ask(t, operator, `mutation { deleteSource(input: {id: "`+id+`", basedOn: "0"}) { revision } }`); refused != nil {
		t.Errorf("deletion: %+v", refused)
	}
	data, refused := ask(t, viewer, `{ known: sourceSettings(id: "`+id+`") { name } none: sourceSettings(id: "192.0.2.9@paris") { name } }`)
	if refused != nil || data["none"] != nil || data["known"].(map[string]any)["name"] != "" {
		t.Errorf("settings after the deletion: %v, %+v", data, refused)
	}
}

func TestLedgerByPortAndSlaveThroughGraphQL(t *testing.T) {
	data, refused := ask(t, as(mastertest.New(), "viewer"), `{ ledger { ports { port received kept missing dropped { reason count } }
		sent { records droppedPackets { reason count } droppedRecords { reason count } } } }`)
	if refused != nil {
		t.Fatalf("%+v", refused)
	}
	one := func(reason, count string) []any { return []any{map[string]any{"reason": reason, "count": count}} }
	want := map[string]any{
		"ports": []any{map[string]any{"port": 2055.0, "received": "6", "kept": "0", "missing": "0", "dropped": one("kernel_dropped", "6")}},
		"sent":  []any{map[string]any{"records": "30", "droppedPackets": one("spool_full", "2"), "droppedRecords": one("spool_full", "60")}},
	}
	if diff := cmp.Diff(want, data["ledger"].([]any)[0]); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
}

func TestLedgerOfSourcesThroughGraphQL(t *testing.T) {
	data, refused := ask(t, as(mastertest.New(), "viewer"), `{ sourceLedgers(exporter: "198.51.100.1") {
		total missing { unitName }
		ledgers { exporter isBalanced underway dropped { reason count } accounts { unitName hop kind received kept split missing } }
	} }`)
	if refused != nil {
		t.Fatalf("%+v", refused)
	}
	list := data["sourceLedgers"].(map[string]any)
	first := list["ledgers"].([]any)[0].(map[string]any)
	account := first["accounts"].([]any)[0].(map[string]any)
	if list["total"] != 1.0 || first["isBalanced"] != true || first["underway"] != nil || account["kept"] != "9" || account["split"] != "0" {
		t.Errorf("%v", list)
	}
}
