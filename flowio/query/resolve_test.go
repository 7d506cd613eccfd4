package query_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/filter"
	"example.com/weir/flowio/group"
	"example.com/weir/flowio/query"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func TestDefaults(t *testing.T) {
	for _, c := range []struct {
		request query.Request
		want    string
	}{
		{query.Request{Kind: query.Top, GroupBy: []string{"SRCADDR"}}, `{"version":3,"kind":"top","from":1795604400000,"to":1795608000000,` +
			`"groupBy":["srcAddr"],"metrics":["bytes","packets","flows"],"orderBy":"bytes","limit":10,"scaled":true}`},
		{query.Request{Kind: query.Series, From: "now-1d"}, `{"version":3,"kind":"series","from":1795521600000,"to":1795608000000,` +
			`"metrics":["bytes","packets","flows"],"orderBy":"bytes","limit":10,"step":900000,"scaled":true}`},
		{query.Request{Kind: query.Flows, From: "2026-11-25T11:59:00Z", OrderBy: "-TIME"}, `{"version":3,"kind":"flows","from":1795607940000,"to":1795608000000,` +
			`"orderBy":"time","limit":100,"question":"yKKrSgcqh5U=","scaled":true}`},
		{query.Request{Kind: query.Flows, From: "now-1h30m", To: "now-30m"}, `{"version":3,"kind":"flows","from":1795602600000,"to":1795606200000,` +
			`"orderBy":"time","ascending":true,"limit":100,"question":"F3Wvqn5ORLc=","scaled":true}`},
		{query.Request{Kind: query.Total, Metrics: []string{"uniq(SrcAddr)", "P99.5(duration)"}}, `{"version":3,"kind":"total","from":1795604400000,` +
			`"to":1795608000000,"metrics":["uniq(srcAddr)","p99.5(duration)"],"orderBy":"uniq(srcAddr)","scaled":true}`},
	} {
		plan, err := c.request.Resolve(noon)
		if err != nil {
			t.Errorf("%+v: %v", c.request, err)
			continue
		}
		text, err := json.Marshal(plan)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, string(text)); diff != "" {
			t.Errorf("%+v: %s", c.request, diff)
		}
		again, err := query.ParsePlan(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if back, _ := json.Marshal(again); string(back) != string(text) {
			t.Errorf("%s is read as %s", text, back)
		}
	}
}

// TestMistakes holds the pointers: faces show each mistake at its place.
func TestMistakes(t *testing.T) {
	for _, c := range []struct {
		request query.Request
		want    []string // pointers
		text    string   // part of what is said
	}{
		{query.Request{Metrics: []string{"bytes"}}, []string{"/kind"}, `"" is none of`},
		{query.Request{Kind: query.Top}, []string{"/groupBy"}, "at least one field"},
		{query.Request{Kind: query.Top, GroupBy: []string{"scrAddr"}}, []string{"/groupBy/0"}, "did you mean srcAddr?"},
		{query.Request{Kind: query.Top, GroupBy: []string{"dstPort", "dstport"}}, []string{"/groupBy/1"}, "twice"},
		{query.Request{Kind: query.Top, GroupBy: []string{"dstPort/24"}}, []string{"/groupBy/0"}, "no address"},
		{query.Request{Kind: query.Top, GroupBy: []string{"srcAddr/129"}}, []string{"/groupBy/0"}, "srcAddr/24/48"},
		{query.Request{Kind: query.Top, GroupBy: []string{"srcAddr/33/48"}}, []string{"/groupBy/0"}, "srcAddr/24/48"},
		{query.Request{Kind: query.Total, GroupBy: []string{"srcAddr"}}, []string{"/groupBy"}, "no groups"},
		{query.Request{Kind: query.Total, Metrics: []string{"octets"}}, []string{"/metrics/0"}, "the metrics are bytes"},
		{query.Request{Kind: query.Total, Metrics: []string{"p95(srcAddr)"}}, []string{"/metrics/0"}, "no percentiles"},
		{query.Request{Kind: query.Total, Metrics: []string{"p100(bytes)"}}, []string{"/metrics/0"}, "between 0 and 100"},
		{query.Request{Kind: query.Total, Metrics: []string{"pNaN(bytes)"}}, []string{"/metrics/0"}, "between 0 and 100"},
		{query.Request{Kind: query.Total, Metrics: []string{"uniq(srcAdr)"}}, []string{"/metrics/0"}, "did you mean"},
		{query.Request{Kind: query.Total, Metrics: []string{"uniq(srcAddr"}}, []string{"/metrics/0"}, "unknown metric"},
		{query.Request{Kind: query.Top, GroupBy: []string{"proto"}, OrderBy: "uniq(srcAddr)"}, []string{"/orderBy"}, "not among the metrics"},
		{query.Request{Kind: query.Top, GroupBy: []string{"proto"}, Limit: 10_001}, []string{"/limit"}, "10000"},
		{query.Request{Kind: query.Top, GroupBy: []string{"proto"}, Limit: -1}, []string{"/limit"}, "1 to"},
		{query.Request{Kind: query.Flows, Limit: 1_000_001}, []string{"/limit"}, "1000000"},
		{query.Request{Kind: query.Flows, OrderBy: "bytes", Limit: 100_001}, []string{"/limit"}, "100000"},
		{query.Request{Kind: query.Flows, OrderBy: "octets"}, []string{"/orderBy"}, "did you mean"},
		{query.Request{Kind: query.Flows, Metrics: []string{"bytes"}}, []string{"/metrics"}, "groupBy chooses"},
		{query.Request{Kind: query.Flows, GroupBy: []string{"srcAddr/24"}}, []string{"/groupBy"}, "whole addresses"},
		{query.Request{Kind: query.Series, From: "now-30d", Step: "1s"}, []string{"/step"}, "longer step"},
		{query.Request{Kind: query.Series, Step: "100ms"}, []string{"/step"}, "not a duration"},
		{query.Request{Kind: query.Series, Step: "0s"}, []string{"/step"}, "1s or longer"},
		{query.Request{Kind: query.Top, GroupBy: []string{"proto"}, Step: "1m"}, []string{"/step"}, "only a series"},
		{query.Request{Kind: query.Total, Profile: "web"}, []string{"/profile"}, "only live"},
		{query.Request{Kind: query.Total, From: "now"}, []string{"/from"}, "empty"},
		{query.Request{Kind: query.Total, From: "yesterday"}, []string{"/from"}, "not a time"},
		{query.Request{Kind: query.Total, From: "now-5"}, []string{"/from"}, "not a time"},
		{query.Request{Kind: query.Total, From: "now~5m"}, []string{"/from"}, "not a time"},
		{query.Request{Kind: query.Total, To: "now-99999999999w"}, []string{"/to"}, "not a time"},
		{query.Request{Kind: query.Total, Filter: "proto tcpp"}, []string{"/filter"}, "octet 6"},
		{
			query.Request{Kind: query.Series, From: "x", To: "y", Filter: "(", GroupBy: []string{"a", "b"}, Metrics: []string{"c"}, OrderBy: "d", Step: "z", Limit: 101},
			[]string{"/to", "/from", "/step", "/groupBy/0", "/groupBy/1", "/metrics/0", "/limit", "/filter"},
			"did you mean",
		},
	} {
		_, err := c.request.Resolve(noon)
		var wrong *query.RequestError
		if !errors.As(err, &wrong) {
			t.Errorf("%+v: %v, want a RequestError", c.request, err)
			continue
		}
		var got []string
		for _, p := range wrong.Problems {
			got = append(got, p.Pointer)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%+v: %v: %s", c.request, err, diff)
		}
		if !strings.Contains(err.Error(), c.text) {
			t.Errorf("%+v: %q does not say %q", c.request, err, c.text)
		}
	}
}

func TestFilterMistakeKeepsItsPlace(t *testing.T) {
	_, err := query.Request{Kind: query.Total, Filter: "proto tcp or port 70000"}.Resolve(noon)
	var syntax *filter.SyntaxError
	if !errors.As(err, &syntax) || syntax.Offset != 18 || syntax.Length != 5 {
		t.Errorf("%v carries %+v", err, syntax)
	}
}

func TestForeignPlans(t *testing.T) {
	for _, text := range []string{
		``, `{}`, `[]`, `{"version":1,"kind":"total","from":1,"to":2,"metrics":["bytes"],"orderBy":"bytes","scaled":true}`,
		`{"version":3,"kind":"total","from":1,"to":2,"metrics":["bytes"],"orderBy":"bytes","scaled":true,"sorcery":1}`,
		`{"version":3,"kind":"total","from":2,"to":1,"metrics":["bytes"],"orderBy":"bytes","scaled":true}`,
		`{"version":3,"kind":"series","from":1,"to":9223372036854775807,"step":1000,"metrics":["bytes"],"orderBy":"bytes","limit":1,"scaled":true}`,
		`{"version":3,"kind":"series","from":1,"to":2,"step":0,"metrics":["bytes"],"orderBy":"bytes","limit":1,"scaled":true}`,
		`{"version":3,"kind":"top","from":1,"to":2,"metrics":["bytes"],"orderBy":"packets","limit":1,"groupBy":["proto"],"scaled":true}`,
		`{"version":3,"kind":"total","from":1,"to":2,"metrics":["bytes"],"orderBy":"bytes","filter":"(","scaled":true}`,
		`{"version":3,"kind":"dance","from":1,"to":2,"metrics":["bytes"],"orderBy":"bytes","limit":1,"scaled":true}`,
	} {
		if p, err := query.ParsePlan([]byte(text)); err == nil {
			t.Errorf("%s is taken as %+v", text, p)
		}
	}
}

func FuzzParsePlan(f *testing.F) {
	for _, r := range wireRequests {
		text, _ := json.Marshal(testPlan(f, r))
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := query.ParsePlan(text)
		if err != nil {
			return
		}
		p.Columns()
		if p.Kind != query.Flows {
			p.Result(group.NewPartial(p.Groups(), nil))
		}
	})
}
