package queryplane

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/group"
	"example.com/weir/flowio/query"
	"example.com/weir/persistence/identity"
	"example.com/weir/persistence/topology"
)

// manyFlows has more groups than are sent whole, by address pair: the
// threshold algorithm must find the first ones.
func manyFlows(n int) *flow.Batch {
	r := rand.New(rand.NewPCG(11, 4))
	b := flow.NewBatch(flow.AllFields)
	b.Extend(n)
	for i := range n {
		at := uint64(base.UnixMilli()) + uint64(i*3_000_000/n)
		b.Num(flow.Time)[i], b.Num(flow.Last)[i], b.Num(flow.First)[i] = at, at, at-uint64(r.IntN(60_000))
		b.Addr(flow.SrcAddr)[i] = flow.AddrFrom(netip.AddrFrom4([4]byte{10, byte(r.IntN(4)), byte(r.IntN(1 << (1 + r.IntN(8)))), byte(r.IntN(256))}))
		b.Addr(flow.DstAddr)[i] = flow.AddrFrom(netip.AddrFrom4([4]byte{192, 0, byte(r.IntN(8)), byte(r.IntN(256))}))
		if r.IntN(10) == 0 {
			b.Addr(flow.DstAddr)[i] = flow.AddrFrom(netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 14: byte(r.IntN(4)), 15: byte(r.IntN(256))}))
		}
		b.Addr(flow.Exporter)[i] = flow.AddrFrom(netip.AddrFrom4([4]byte{198, 51, 100, byte(r.IntN(5))}))
		b.Num(flow.SrcPort)[i], b.Num(flow.DstPort)[i] = uint64(1024+r.IntN(60_000)), []uint64{53, 80, 443, 8080}[r.IntN(4)]
		b.Num(flow.Proto)[i] = []uint64{6, 17, 1}[r.IntN(3)]
		b.Num(flow.Bytes)[i], b.Num(flow.Packets)[i] = uint64(40+r.IntN(1<<(4+r.IntN(16)))), uint64(1+r.IntN(50))
		b.Num(flow.SrcAS)[i], b.Num(flow.DstAS)[i] = uint64(64500+r.IntN(50)), uint64(64500+r.IntN(50))
		b.Num(flow.InIf)[i], b.Num(flow.OutIf)[i] = uint64(r.IntN(8)), uint64(r.IntN(8))
		b.Num(flow.SamplingRate)[i] = []uint64{0, 1, 100}[r.IntN(3)]
		b.Num(flow.TCPFlags)[i], b.Num(flow.TOS)[i] = uint64(r.IntN(64)), uint64(r.IntN(4))
	}
	return b
}

// proxy answers as a Proxy does: by its Slaves.
type proxy struct {
	*holder
	targets []Target
}

func (p *proxy) Hold(ctx context.Context, ask Question, h Holding) (query.Node, error) {
	plan, err := query.ParsePlan(ask.Plan)
	if err != nil {
		return nil, err
	}
	return Hold(ctx, Ask{ID: ask.ID, Plan: plan, Alone: ask.Alone, Holding: h}, p.targets)
}

func (p *proxy) Answer(ctx context.Context, ask Question, sink Sink) (query.Coverage, query.Stats, error) {
	plan, err := query.ParsePlan(ask.Plan)
	if err != nil {
		return query.Coverage{}, query.Stats{}, err
	}
	return Records(ctx, Ask{ID: ask.ID, Plan: plan}, p.targets, func(b *flow.Batch) error { return SendRecords(sink, b) })
}

// slaves serves the shares of a batch, dealt round-robin, and returns them as
// targets of a Proxy.
func (d *deployment) slaves(self *identity.Identity, name string, share *flow.Batch, n int) []Target {
	d.t.Helper()
	pool := NewPool(self, topology.Slave)
	d.t.Cleanup(func() { pool.Close() })
	var targets []Target
	for s := range n {
		part := flow.NewBatch(flow.AllFields)
		for i := s; i < share.Len(); i += n {
			part.AppendRow(share, i)
		}
		unit := fmt.Sprintf("%s-s%d", name, s)
		server, _ := serve(d.t, d.unit(topology.Slave, topology.UnitID(unit)), identity.Peer{Role: topology.Proxy}.Fits, &holder{name: unit, source: memory{part}})
		if err := pool.Up(topology.UnitID(unit), server.Address().String()); err != nil {
			d.t.Fatal(err)
		}
		targets = append(targets, Target{Holders: []string{unit}, Asker: pool.Peer(topology.UnitID(unit))})
	}
	return targets
}

// group serves a source group and returns it as a target of a Master: a
// standalone Slave, or a Proxy with n Slaves.
func (d *deployment) group(master *Pool, name string, share *flow.Batch, n int) (Target, *proxy) {
	d.t.Helper()
	role, p := topology.Standalone, &proxy{holder: &holder{name: name, source: memory{share}}}
	answerer := Answerer(p.holder)
	if n > 0 {
		role, answerer = topology.Proxy, p
	}
	self := d.unit(role, topology.UnitID(name))
	holders := []string{name}
	if n > 0 {
		p.targets = d.slaves(self, name, share, n)
		holders = nil
		for _, t := range p.targets {
			holders = append(holders, t.Holders...)
		}
	}
	server, _ := serve(d.t, self, identity.Peer{Role: topology.Master}.Fits, answerer)
	if err := master.Up(topology.UnitID(name), server.Address().String()); err != nil {
		d.t.Fatal(err)
	}
	return Target{Holders: holders, Asker: master.Peer(topology.UnitID(name))}, p
}

// sameQuestions are asked of every deployment of the same data.
func sameQuestions() []query.Request {
	unscaled := false
	var all []query.Request
	for _, by := range [][]string{
		{"srcAddr"},
		{"dstAddr"},
		{"srcAddr", "dstAddr"},
		{"srcAddr", "dstAddr", "srcPort", "dstPort", "proto"},
		{"srcAddr/24"},
		{"dstAddr/24/64", "proto"},
		{"srcAs", "dstAs"},
		{"inIf", "outIf", "exporter"},
		{"dstPort"},
		{"exporter"},
		{"tcpFlags", "tos"},
	} {
		all = append(all,
			query.Request{Kind: query.Top, GroupBy: by, Limit: 10},
			query.Request{Kind: query.Top, GroupBy: by, OrderBy: "flows", Metrics: []string{"flows", "bytes", "bps", "uniq(srcPort)"}, Limit: 7, Offset: 3},
		)
	}
	for _, metric := range []string{"packets", "bpp", "pps", "uniq(dstAddr)", "p95(bytes)", "-bytes"} {
		m := metric
		if m[0] == '-' {
			m = m[1:]
		}
		all = append(all, query.Request{Kind: query.Top, GroupBy: []string{"srcAddr"}, Metrics: []string{m}, OrderBy: metric, Limit: 12})
	}
	for _, filter := range []string{"", "proto tcp", "src net 10.1.0.0/16 and dst port in [80 443]", "inet6", "bytes > 10000 or not proto udp"} {
		all = append(all,
			query.Request{Kind: query.Total, Filter: filter, Scaled: &unscaled},
			query.Request{Kind: query.Series, Filter: filter, GroupBy: []string{"proto", "dstPort"}, Step: "5m", Limit: 4},
		)
	}
	all = append(all,
		query.Request{Kind: query.Series, Step: "1m", Metrics: []string{"bytes", "uniq(srcAddr)"}},
		query.Request{Kind: query.Series, Step: "10m", GroupBy: []string{"srcAddr", "dstAddr"}, Limit: 5},
		query.Request{Kind: query.Series, Step: "5m", GroupBy: []string{"dstPort"}, Limit: 3, Prorated: true},
		query.Request{Kind: query.Series, Step: "7s", Filter: "proto udp", Metrics: []string{"bps", "pps"}, Prorated: true},
		query.Request{Kind: query.Top, GroupBy: []string{"addr/24"}, Metrics: []string{"bytes", "flows", "uniq(dstPort)"}},
		query.Request{Kind: query.Top, GroupBy: []string{"addr", "port"}, OrderBy: "flows", Metrics: []string{"flows", "packets"}, Limit: 12},
		query.Request{Kind: query.Series, Step: "10m", GroupBy: []string{"as"}, Limit: 4},
		query.Request{Kind: query.Series, Step: "10m", GroupBy: []string{"if", "proto"}, Limit: 4, Prorated: true},
		query.Request{Kind: query.Total, Metrics: []string{"uniq(srcAddr)", "p50(bytes)", "p99(duration)", "bps"}},
	)
	return all
}

// TestSameDataSameAnswers asks the same questions of the same flows in one
// standalone Slave, dealt round-robin to 2, 3 and 5 Slaves, and in two source
// groups: the answers must be equal to the last digit, and say how they were
// merged.
func TestSameDataSameAnswers(t *testing.T) {
	sameAnswers(t, 20_000, []int{2, 3, 5}, sameQuestions(), query.MergeAll)
}

// TestSameFirstGroups has more groups than are sent whole.
func TestSameFirstGroups(t *testing.T) {
	by := []string{"srcAddr", "dstAddr", "srcPort", "dstPort", "proto"}
	sameAnswers(t, 205_000, []int{3}, []query.Request{
		{Kind: query.Top, GroupBy: by, Metrics: []string{"bytes", "flows", "uniq(exporter)"}, Limit: 20},
		{Kind: query.Top, GroupBy: by, Metrics: []string{"packets"}, Limit: 5, Offset: 2},
		{Kind: query.Series, GroupBy: by, Metrics: []string{"bps", "flows"}, Step: "10m", Limit: 6},
	}, query.MergeThreshold)
}

func sameAnswers(t *testing.T, n int, sizes []int, questions []query.Request, merge string) {
	flows := manyFlows(n)
	halves := [2]*flow.Batch{flow.NewBatch(flow.AllFields), flow.NewBatch(flow.AllFields)}
	for i := range flows.Len() {
		halves[i/3%2].AppendRow(flows, i)
	}
	d := newDeployment(t, "c1")
	pool := NewPool(d.unit(topology.Master, "m"), "")
	defer pool.Close()
	deployments := map[string][]Target{}
	add := func(name string, share *flow.Batch, n int) Target {
		target, _ := d.group(pool, name, share, n)
		return target
	}
	for _, n := range sizes {
		name := fmt.Sprintf("group of %d", n)
		deployments[name] = []Target{add(name, flows, n)}
	}
	deployments["two groups"] = []Target{add("a", halves[0], 2), add("b", halves[1], 0)}
	alone := []Target{add("alone", flows, 0)}
	merges := map[string]int{}
	for _, q := range questions {
		plan := resolve(t, q)
		want := askAll(t, plan, alone)
		for name, targets := range deployments {
			got := askAll(t, plan, targets)
			merges[got.Merge]++
			ignored := cmpopts.IgnoreFields(query.Result{}, "Coverage", "Stats", "Merge", "Groups", "Method")
			if diff := cmp.Diff(want, got, ignored); diff != "" {
				t.Errorf("%s, merged by %s, %+v (-alone +got):\n%s", name, got.Merge, q, diff)
			}
			if !got.Coverage.Complete || got.Groups != "" && got.Groups != want.Groups {
				t.Errorf("%s, %+v: %s groups, want %s; coverage %+v", name, q, got.Groups, want.Groups, got.Coverage)
			}
		}
		merges[want.Merge]++
	}
	if t.Logf("%d questions, merged by %v", len(questions), merges); merges[merge] == 0 {
		t.Errorf("merging by %s was never used", merge)
	}
}

func askAll(t testing.TB, plan *query.Plan, targets []Target) *query.Result {
	t.Helper()
	node, err := Hold(t.Context(), Ask{Plan: plan}, targets)
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	r, err := query.Finish(t.Context(), plan, node)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestProxySendsEachGroupOnce counts what a Proxy sends of groups that all of
// its Slaves have.
func TestProxySendsEachGroupOnce(t *testing.T) {
	d := newDeployment(t, "c1")
	pool := NewPool(d.unit(topology.Master, "m"), "")
	defer pool.Close()
	target, _ := d.group(pool, "p", manyFlows(10_000), 5)
	plan := resolve(t, query.Request{Kind: query.Top, GroupBy: []string{"dstPort"}, Metrics: []string{"flows"}})
	asked, err := Ask{Plan: plan}.questions([]Target{target})
	if err != nil {
		t.Fatal(err)
	}
	node, err := target.Asker.Hold(t.Context(), asked[0], Holding{})
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	all := group.NewPartial(plan.Groups(), nil)
	chunks := 0
	for chunk, err := range node.Fetch(t.Context(), group.Fetch{What: group.FetchAll}) {
		if err != nil {
			t.Fatal(err)
		}
		chunks++
		if err := all.AddChunk(chunk); err != nil {
			t.Fatal(err)
		}
	}
	if s := node.Summary(); chunks != 1 || all.Groups() != 4 || s.Units != 5 || s.Groups != 20 {
		t.Errorf("%d chunks of %d groups; %d units hold %d", chunks, all.Groups(), s.Units, s.Groups)
	}
}

// TestAUnitLostBetweenPhases takes a Slave away after its summary: the answer
// is that of the others, and the coverage names it, also through a Proxy.
func TestAUnitLostBetweenPhases(t *testing.T) {
	d := newDeployment(t, "c1")
	flows := manyFlows(30_000)
	rest := flow.NewBatch(flow.AllFields)
	for i := range flows.Len() {
		if i%3 != 1 {
			rest.AppendRow(flows, i)
		}
	}
	plan := resolve(t, query.Request{Kind: query.Top, GroupBy: []string{"srcAddr"}})
	pool := NewPool(d.unit(topology.Master, "m"), "")
	defer pool.Close()
	want, _ := d.group(pool, "others", rest, 0)
	target, p := d.group(pool, "p", flows, 3)
	node, err := Hold(t.Context(), Ask{Plan: plan}, []Target{target})
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	p.targets[1].Asker.(*Peer).end(errors.New("no heartbeat for 3 s"))
	got, err := query.Finish(t.Context(), plan, node)
	if err != nil {
		t.Fatal(err)
	}
	ignored := cmpopts.IgnoreFields(query.Result{}, "Coverage", "Stats", "Merge")
	if diff := cmp.Diff(askAll(t, plan, []Target{want}), got, ignored); diff != "" {
		t.Errorf("answer without p-s1 (-want +got):\n%s", diff)
	}
	if c := got.Coverage; c.UnitsAsked != 3 || c.UnitsAnswered != 2 || len(c.Missing) != 1 || c.Missing[0].Unit != "p-s1" {
		t.Errorf("coverage %+v", c)
	}
}

// TestStopReachesEverySlave stops a query of which one Slave is done and the
// other is not: both answer with what they have.
func TestStopReachesEverySlave(t *testing.T) {
	d := newDeployment(t, "c1")
	self := d.unit(topology.Proxy, "p")
	slaves := NewPool(self, topology.Slave)
	defer slaves.Close()
	slow := &holder{name: "slow", source: records(100, 1), stopped: make(chan struct{})}
	var targets []Target
	for name, h := range map[topology.UnitID]*holder{"slow": slow, "fast": {name: "fast", source: records(100, 2)}} {
		server, _ := serve(t, d.unit(topology.Slave, name), identity.Peer{Role: topology.Proxy}.Fits, h)
		if err := slaves.Up(name, server.Address().String()); err != nil {
			t.Fatal(err)
		}
		targets = append(targets, Target{Holders: []string{string(name)}, Asker: slaves.Peer(name)})
	}
	server, _ := serve(t, self, identity.Peer{Role: topology.Master}.Fits, &proxy{targets: targets, holder: &holder{}})
	pool := NewPool(d.unit(topology.Master, "m"), "")
	defer pool.Close()
	if err := pool.Up("p", server.Address().String()); err != nil {
		t.Fatal(err)
	}
	plan := resolve(t, query.Request{Kind: query.Total, Metrics: []string{"flows"}})
	stop := make(chan struct{})
	var once sync.Once
	ask := Ask{Plan: plan, Holding: Holding{Stop: stop, Progress: func(query.UnitProgress) { once.Do(func() { close(stop) }) }}}
	begin := time.Now()
	node, err := Hold(t.Context(), ask, []Target{{Holders: []string{"slow", "fast"}, Asker: pool.Peer("p")}})
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	got, err := query.Finish(t.Context(), plan, node)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]query.Row{{"200"}}, got.Rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if time.Since(begin) > stopGrace {
		t.Errorf("a slave was cut off instead of asked to stop")
	}
}
