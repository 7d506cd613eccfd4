package query_test

import (
	"testing"
	"time"

	"example.com/weir/flowio/group"
	"example.com/weir/flowio/query"
)

// At two months back a series has the steps of 30 seconds that it asks for; at
// four months it has 5 minutes, since no others are kept.
func TestSeriesOfLongAgo(t *testing.T) {
	for _, c := range []struct {
		name           string
		r              query.Request
		step           time.Duration
		asked, toAsked string
		from, to       string // as resolved; empty: not looked at
	}{
		{name: "two months", r: query.Request{Step: "30s"}, step: 30 * time.Second, asked: "now-60d", toAsked: "now-59d23h"},
		{name: "just within", r: query.Request{Step: "30s"}, step: 30 * time.Second, asked: "now-92d", toAsked: "now-91d23h"},
		{name: "beyond", r: query.Request{Step: "30s"}, step: query.CoarseStep, asked: "now-92d1s", toAsked: "now-91d23h", from: "2026-08-25T11:55:00Z", to: "2026-08-25T13:00:00Z"},
		{name: "four months", r: query.Request{Step: "30s"}, step: query.CoarseStep, asked: "2026-07-25T10:00:30Z", toAsked: "2026-07-26T10:00:30Z", from: "2026-07-25T10:00:00Z", to: "2026-07-26T10:05:00Z"},
		{name: "more steps of 30 s than a series may have", r: query.Request{Step: "30s"}, step: query.CoarseStep, asked: "now-120d", toAsked: "now-110d"},
		{name: "by exporter and protocol", r: query.Request{Step: "1m", GroupBy: []string{"exporter"}, Filter: "proto tcp"}, step: query.CoarseStep, asked: "now-120d", toAsked: "now-119d23h"},
		{name: "no step of theirs", r: query.Request{Step: "450s"}, step: 2 * query.CoarseStep, asked: "now-120d", toAsked: "now-119d23h"},
		{name: "coarse already", r: query.Request{Step: "1h"}, step: time.Hour, asked: "now-120d", toAsked: "now-119d"},
		{name: "only flows answer", r: query.Request{Step: "30s", Filter: "dst port 443"}, step: 30 * time.Second, asked: "now-120d", toAsked: "now-119d23h"},
		{name: "only flows have such steps", r: query.Request{Step: "10s"}, step: 10 * time.Second, asked: "now-120d", toAsked: "now-119d23h"},
	} {
		c.r.Kind, c.r.From, c.r.To = query.Series, c.asked, c.toAsked
		p, err := c.r.Resolve(noon)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := time.Duration(p.Step) * time.Millisecond; got != c.step {
			t.Errorf("%s: step %s, want %s", c.name, got, c.step)
		}
		if c.from != "" && (p.Start().Format(time.RFC3339) != c.from || p.End().Format(time.RFC3339) != c.to) {
			t.Errorf("%s: from %s to %s, want %s to %s", c.name, p.Start(), p.End(), c.from, c.to)
		}
		if got := p.Result(group.NewPartial(p.Groups(), nil)).Step; got != c.step.String() {
			t.Errorf("%s: the answer says %q, want %s", c.name, got, c.step)
		}
	}
}

func TestMistakesOfLongAgo(t *testing.T) {
	for _, r := range []query.Request{
		{Step: "30s", From: "now-4000d", To: "now"},
		{Step: "30s", From: "now-120d", To: "now-120d"},
		{Step: "0s", From: "now-120d", To: "now-119d"},
		{Step: "30s", From: "now-120d", To: "now-119d", Filter: "("},
	} {
		r.Kind = query.Series
		if p, err := r.Resolve(noon); err == nil {
			t.Errorf("%+v is resolved as %+v", r, p)
		}
	}
}
