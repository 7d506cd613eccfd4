package query

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/filter"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func TestDefaults(t *testing.T) {
	for _, c := range []struct {
		request Request
		want    string
	}{
		{Request{Kind: Top, GroupBy: []string{"SRCADDR"}}, `{"version":3,"kind":"top","from":1795604400000,"to":1795608000000,` +
			`"groupBy":["srcAddr"],"metrics":["bytes","packets","flows"],"orderBy":"bytes","limit":10,"scaled":true}`},
		{Request{Kind: Series, From: "now-1d"}, `{"version":3,"kind":"series","from":1795521600000,"to":1795608000000,` +
			`"metrics":["bytes","packets","flows"],"orderBy":"bytes","limit":10,"step":900000,"scaled":true}`},
		{Request{Kind: Flows, From: "2026-11-25T11:59:00Z", OrderBy: "-TIME"}, `{"version":3,"kind":"flows","from":1795607940000,"to":1795608000000,` +
			`"orderBy":"time","limit":100,"question":"yKKrSgcqh5U=","scaled":true}`},
		{Request{Kind: Flows, From: "now-1h30m", To: "now-30m"}, `{"version":3,"kind":"flows","from":1795602600000,"to":1795606200000,` +
			`"orderBy":"time","ascending":true,"limit":100,"question":"F3Wvqn5ORLc=","scaled":true}`},
		{Request{Kind: Total, Metrics: []string{"uniq(SrcAddr)", "P99.5(duration)"}}, `{"version":3,"kind":"total","from":1795604400000,` +
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
		again, err := ParsePlan(text)
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
		request Request
		want    []string // pointers
		text    string   // part of what is said
	}{
		{Request{Metrics: []string{"bytes"}}, []string{"/kind"}, `"" is none of`},
		{Request{Kind: Top}, []string{"/groupBy"}, "at least one field"},
		{Request{Kind: Top, GroupBy: []string{"scrAddr"}}, []string{"/groupBy/0"}, "did you mean srcAddr?"},
		{Request{Kind: Top, GroupBy: []string{"dstPort", "dstport"}}, []string{"/groupBy/1"}, "twice"},
		{Request{Kind: Top, GroupBy: []string{"dstPort/24"}}, []string{"/groupBy/0"}, "no address"},
		{Request{Kind: Top, GroupBy: []string{"srcAddr/129"}}, []string{"/groupBy/0"}, "srcAddr/24/48"},
		{Request{Kind: Top, GroupBy: []string{"srcAddr/33/48"}}, []string{"/groupBy/0"}, "srcAddr/24/48"},
		{Request{Kind: Total, GroupBy: []string{"srcAddr"}}, []string{"/groupBy"}, "no groups"},
		{Request{Kind: Total, Metrics: []string{"octets"}}, []string{"/metrics/0"}, "the metrics are bytes"},
		{Request{Kind: Total, Metrics: []string{"p95(srcAddr)"}}, []string{"/metrics/0"}, "no percentiles"},
		{Request{Kind: Total, Metrics: []string{"p100(bytes)"}}, []string{"/metrics/0"}, "between 0 and 100"},
		{Request{Kind: Total, Metrics: []string{"pNaN(bytes)"}}, []string{"/metrics/0"}, "between 0 and 100"},
		{Request{Kind: Total, Metrics: []string{"uniq(srcAdr)"}}, []string{"/metrics/0"}, "did you mean"},
		{Request{Kind: Total, Metrics: []string{"uniq(srcAddr"}}, []string{"/metrics/0"}, "unknown metric"},
		{Request{Kind: Top, GroupBy: []string{"proto"}, OrderBy: "uniq(srcAddr)"}, []string{"/orderBy"}, "not among the metrics"},
		{Request{Kind: Top, GroupBy: []string{"proto"}, Limit: 10_001}, []string{"/limit"}, "10000"},
		{Request{Kind: Top, GroupBy: []string{"proto"}, Limit: -1}, []string{"/limit"}, "1 to"},
		{Request{Kind: Flows, Limit: 1_000_001}, []string{"/limit"}, "1000000"},
		{Request{Kind: Flows, OrderBy: "bytes", Limit: 100_001}, []string{"/limit"}, "100000"},
		{Request{Kind: Flows, OrderBy: "octets"}, []string{"/orderBy"}, "did you mean"},
		{Request{Kind: Flows, Metrics: []string{"bytes"}}, []string{"/metrics"}, "groupBy chooses"},
		{Request{Kind: Flows, GroupBy: []string{"srcAddr/24"}}, []string{"/groupBy"}, "whole addresses"},
		{Request{Kind: Series, From: "now-30d", Step: "1s"}, []string{"/step"}, "longer step"},
		{Request{Kind: Series, Step: "100ms"}, []string{"/step"}, "not a duration"},
		{Request{Kind: Series, Step: "0s"}, []string{"/step"}, "1s or longer"},
		{Request{Kind: Top, GroupBy: []string{"proto"}, Step: "1m"}, []string{"/step"}, "only a series"},
		{Request{Kind: Total, Profile: "web"}, []string{"/profile"}, "only live"},
		{Request{Kind: Total, From: "now"}, []string{"/from"}, "empty"},
		{Request{Kind: Total, From: "yesterday"}, []string{"/from"}, "not a time"},
		{Request{Kind: Total, From: "now-5"}, []string{"/from"}, "not a time"},
		{Request{Kind: Total, From: "now~5m"}, []string{"/from"}, "not a time"},
		{Request{Kind: Total, To: "now-99999999999w"}, []string{"/to"}, "not a time"},
		{Request{Kind: Total, Filter: "proto tcpp"}, []string{"/filter"}, "octet 6"},
		{
			Request{Kind: Series, From: "x", To: "y", Filter: "(", GroupBy: []string{"a", "b"}, Metrics: []string{"c"}, OrderBy: "d", Step: "z", Limit: 101},
			[]string{"/to", "/from", "/step", "/groupBy/0", "/groupBy/1", "/metrics/0", "/limit", "/filter"},
			"did you mean",
		},
	} {
		_, err := c.request.Resolve(noon)
		var wrong *RequestError
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
	_, err := Request{Kind: Total, Filter: "proto tcp or port 70000"}.Resolve(noon)
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
		if p, err := ParsePlan([]byte(text)); err == nil {
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
		p, err := ParsePlan(text)
		if err != nil {
			return
		}
		p.Columns()
		if p.Kind != Flows {
			NewPartial(p).Result(p)
		}
	})
}
