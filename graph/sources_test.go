package graph

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/client"
	"github.com/google/go-cmp/cmp"

	"example.com/weir/persistence/mastertest"
)

// What the dashboard asks fits, for as many sources as there may be.
func TestDashboardMayListAllSources(t *testing.T) {
	document, err := os.ReadFile("../frontend/src/pages/sources/sources.graphql")
	if err != nil {
		t.Fatal(err)
	}
	c := as(mastertest.New(), "viewer")
	for _, name := range []string{"Sources", "SourceDetail", "SourceLedger"} {
		if _, refused := ask(t, c, string(document), client.Operation(name), client.Var("limit", maxSources), client.Var("exporter", "192.0.2.1")); refused != nil {
			t.Errorf("%s: %+v", name, refused)
		}
	}
}

func TestSourcesThroughGraphQL(t *testing.T) {
	c := as(mastertest.New(), "viewer")
	const document = `query ($group: String, $exporter: String, $limit: Int! = 500) {
		sources(sourceGroup: $group, exporter: $exporter, limit: $limit) {
			total
			missing { unit unitName reason }
			sources {
				exporter port ports domain sourceGroup sourceGroupName unitName protocols lastSeen packets recordsPerSecond
				sampling { rate origin rates unscaled }
				sequences { protocol unit expected lost }
				clock { skewMs isSkewed skewedPackets }
				templates { count isFlapping changes known { protocol id fields isOptions } }
				drops { unitName hop kind reason count }
			}
		}
	}`
	all, refused := ask(t, c, document)
	if refused != nil {
		t.Fatalf("%+v", refused)
	}
	got, err := json.Marshal(all["sources"])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"total":2`, `"missing":[{"reason":"no answer","unit":"u2","unitName":"lost"}]`,
		`"lastSeen":"2023-11-14T22:14:20Z"`, `"sampling":{"origin":"options","rate":"1000","rates":["1000"],"unscaled":"4"}`,
		`"sequences":[{"expected":"100","lost":"10","protocol":"ipfix","unit":"records"}]`,
		`"clock":{"isSkewed":true,"skewMs":"-90000","skewedPackets":"2"}`,
		`"drops":[{"count":"3","hop":"store","kind":"records","reason":"unknown_template","unitName":"hq"}]`,
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	for name, test := range map[string]struct {
		variables []client.Option
		want      []string
	}{
		"all, in order": {nil, []string{"192.0.2.1", "198.51.100.1"}},
		"all at most":   {[]client.Option{client.Var("limit", 5000)}, []string{"192.0.2.1", "198.51.100.1"}},
		"a limit":       {[]client.Option{client.Var("limit", 1)}, []string{"192.0.2.1"}},
		"a prefix":      {[]client.Option{client.Var("exporter", "198.51.100.0/24")}, []string{"198.51.100.1"}},
		"a group":       {[]client.Option{client.Var("group", "london")}, []string{"192.0.2.1", "198.51.100.1"}},
		"another group": {[]client.Option{client.Var("group", "paris")}, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			data, refused := ask(t, c, document, test.variables...)
			if refused != nil {
				t.Fatalf("%+v", refused)
			}
			exporters := []string{}
			for _, row := range data["sources"].(map[string]any)["sources"].([]any) {
				exporters = append(exporters, row.(map[string]any)["exporter"].(string))
			}
			if diff := cmp.Diff(test.want, exporters); diff != "" {
				t.Errorf("exporters (-want +got):\n%s", diff)
			}
		})
	}
	for _, variable := range []client.Option{client.Var("exporter", "192.0.2"), client.Var("limit", 0), client.Var("limit", 5001)} {
		if _, refused := ask(t, c, document, variable); refused == nil || refused.Extensions.Code != codeValidation {
			t.Errorf("a wrong argument: %+v, want %s", refused, codeValidation)
		}
	}
}
