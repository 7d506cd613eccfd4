package integration

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// badQuestions are questions that nobody can answer. Every face refuses them
// with the same code, points at the member, and says what to do.
var badQuestions = []struct {
	name    string
	ask     question
	code    string
	pointer string
	remedy  string
}{
	{"another tool's filter", question{"kind": "total", "filter": "tcp and port 80"}, "FILTER_SYNTAX", "/filter", "did you mean proto tcp?"},
	{"a slip", question{"kind": "total", "filter": "src prot 80"}, "FILTER_SYNTAX", "/filter", "did you mean port?"},
	{"what records lack", question{"kind": "total", "filter": "next as 5"}, "FILTER_SYNTAX", "/filter", "no adjacent AS"},
	{"a number too great", question{"kind": "total", "filter": "port > 70000"}, "FILTER_SYNTAX", "/filter", "65535"},
	{"a source group that is not there", question{"kind": "total", "filter": "sourcegroup paris"}, "FILTER_SYNTAX", "/filter", "no source group"},
	{"a channel that is not there", question{"kind": "top", "groupBy": []string{"channel"}, "channels": []string{"paris-1"}}, "VALIDATION", "/channels/0", "by name or address"},
	{"percentiles of shares of flows", question{"kind": "series", "prorated": true, "metrics": []string{"p95(bytes)"}}, "VALIDATION", "/metrics", "without prorated"},
	{"an unknown field", question{"kind": "top", "groupBy": []string{"srcAdr"}}, "VALIDATION", "/groupBy/0", "did you mean srcAddr?"},
	{"a metric of no field", question{"kind": "total", "metrics": []string{"uniq(srcAdr)"}}, "VALIDATION", "/metrics/0", "did you mean srcAddr?"},
	{"a range that ends before it begins", question{"kind": "total", "from": "now", "to": "now-1h"}, "VALIDATION", "/from", "from must lie before to"},
	{"a limit beyond the bound", question{"kind": "top", "groupBy": []string{"proto"}, "limit": 10_001}, "VALIDATION", "/limit", "10000"},
	{"an order of no metric", question{"kind": "top", "groupBy": []string{"proto"}, "metrics": []string{"bytes"}, "orderBy": "flows"}, "VALIDATION", "/orderBy", "not among the metrics"},
	{"too many steps", question{"kind": "series", "from": "now-30d", "step": "1s"}, "VALIDATION", "/step", "longer step"},
}

// testBadQuestions asks them through every face.
func testBadQuestions(t *testing.T, d *deployment) {
	for _, c := range badQuestions {
		t.Run(c.name, func(t *testing.T) {
			d := d.on(t)
			_, err := d.tryAsk(c.ask)
			wantProblem(t, err, http.StatusBadRequest, c.code, c.remedy)
			var p *problem
			if errors.As(err, &p) && !strings.Contains(p.text, c.pointer) {
				t.Errorf("REST does not point at %s: %s", c.pointer, p.text)
			}
			err = d.graphQL(`mutation($q: QueryInput!) { startQuery(input: $q) { id } }`, map[string]any{"q": c.ask}, nil)
			var g *graphQLError
			if !errors.As(err, &g) || g.Extensions["code"] != c.code || !strings.Contains(fmt.Sprint(g.Message, g.Extensions), c.remedy) {
				t.Errorf("GraphQL: %v", err)
			}
			out, errs, code := d.run(commandOf(c.ask)...)
			if !slices.Contains([]int{1, 2}, code) || out != "" || !strings.Contains(errs, c.remedy) {
				t.Errorf("the command line: exit code %d, printed %q and %s", code, out, errs)
			}
		})
	}
}

// commandOf writes a question as a command line.
func commandOf(q question) []string {
	args := []string{"query", fmt.Sprint(q["kind"])}
	for flag, field := range map[string]string{
		"--by": "groupBy", "--metric": "metrics", "--from": "from", "--to": "to", "--order-by": "orderBy", "--limit": "limit", "--step": "step",
		"--channel": "channels",
	} {
		switch v := q[field].(type) {
		case nil:
		case []string:
			args = append(args, flag, strings.Join(v, ","))
		default:
			args = append(args, flag, fmt.Sprint(v))
		}
	}
	if q["prorated"] == true {
		args = append(args, "--prorated")
	}
	if filter, ok := q["filter"]; ok {
		args = append(args, fmt.Sprint(filter))
	}
	return args
}
