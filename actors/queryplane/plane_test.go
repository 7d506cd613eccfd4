package queryplane

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/hold"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/list"
	"example.com/weir/flowio/query"
	"example.com/weir/flowio/scan"
	"example.com/weir/flowio/sequence"
	"example.com/weir/flowio/source"
	"example.com/weir/persistence/identity"
	"example.com/weir/persistence/topology"
)

// deployment makes identities of one cluster.
type deployment struct {
	t       testing.TB
	cluster string
	ca      *identity.CA
}

func newDeployment(t testing.TB, cluster string) *deployment {
	t.Helper()
	ca, err := identity.NewCA(cluster, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return &deployment{t, cluster, ca}
}

func (d *deployment) unit(role topology.Role, id topology.UnitID) *identity.Identity {
	d.t.Helper()
	key, request, err := identity.NewRequest()
	if err != nil {
		d.t.Fatal(err)
	}
	certificate, err := d.ca.Issue(request, identity.Peer{Cluster: d.cluster, Role: role, UnitID: id}, time.Now())
	if err != nil {
		d.t.Fatal(err)
	}
	unit, err := identity.New(certificate, d.ca.Certificate().Raw, key)
	if err != nil {
		d.t.Fatal(err)
	}
	return unit
}

// memory is a source of records in memory.
type memory struct{ batch *flow.Batch }

func (m memory) Bounds() (int64, int64) {
	times := m.batch.Num(flow.Time)
	return int64(times[0]), int64(times[len(times)-1])
}

func (m memory) Rows() int { return m.batch.Len() }

func (m memory) Read(ctx context.Context, _ flow.FieldSet, use func(*flow.Batch) error) (uint64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	return 0, use(m.batch)
}

// holder answers as a Slave does, from memory.
type holder struct {
	name    string
	source  memory
	begun   chan struct{} // if set, is told that Answer waits for ctx to end
	ctxDone chan error    // gets how a waiting Answer ended
	stopped chan struct{} // if set, closed when a stop has come; Hold waits for that
}

func (h *holder) Answer(ctx context.Context, ask Question, sink Sink) (query.Coverage, query.Stats, error) {
	plan, err := query.ParsePlan(ask.Plan)
	if err != nil {
		return query.Coverage{}, query.Stats{}, err
	}
	st, err := list.Scan(ctx, plan.List(), []scan.Source{h.source}, func(b *flow.Batch) error { return SendRecords(sink, b) })
	return whole, query.Scanned(st), err
}

// whole is the coverage of a unit that has read everything.
var whole = query.Coverage{Complete: true, UnitsAsked: 1, UnitsAnswered: 1}

func (h *holder) Hold(ctx context.Context, ask Question, on Holding) (query.Node, error) {
	plan, err := query.ParsePlan(ask.Plan)
	if err != nil {
		return nil, err
	}
	if h.begun != nil {
		h.begun <- struct{}{}
		<-ctx.Done()
		h.ctxDone <- context.Cause(ctx)
		return nil, ctx.Err()
	}
	if h.stopped != nil {
		<-on.Stop
		close(h.stopped)
	}
	held, err := hold.Hold(ctx, plan.Scan(), []scan.Source{h.source}, hold.Options{})
	if err != nil {
		return nil, err
	}
	held.SetCoverage(whole)
	on.Progress(query.UnitProgress{Unit: h.name, State: "done", RowsScanned: 1000, Segments: 1, SegmentsDone: 1})
	return held, nil
}

func (h *holder) Ledger(context.Context) []ledger.Unit {
	e := ledger.Entry{
		Key:      ledger.Key{Hop: ledger.Store, Kind: ledger.Records, Exporter: netip.MustParseAddr("192.0.2.1"), Domain: 7},
		Received: 10, Kept: 9,
	}
	e.Dropped[ledger.StoreFailed] = 1
	return []ledger.Unit{{ID: "id-" + h.name, Name: h.name, Entries: []ledger.Entry{e}, Sent: []ledger.Sent{{Slave: "x", Packets: 1, Records: 2}}}}
}

func (h *holder) Sources(context.Context) []source.Unit {
	at := time.UnixMilli(1_700_000_000_000).UTC()
	seen := source.Seen{
		Source: source.Source{
			ID:       source.ID{Exporter: netip.MustParseAddr("2001:db8::1"), Port: 4739, Domain: 7},
			Versions: []uint16{9, 10}, Ports: []uint16{4739, 50000}, First: at, Last: at.Add(time.Minute),
			Packets: 3, Records: 90, Octets: 4000,
			Sampling:  source.Sampling{Rate: 1000, Origin: source.Options, Rates: []uint64{1000, 100}, Unscaled: 4},
			Sequences: []source.Sequence{{Version: 10, Unit: sequence.Records, Counts: sequence.Counts{Received: 90, Lost: 5, Reordered: 2, Duplicates: 1, Resets: 6}}},
			Clock:     source.Clock{Skew: -90_000, IsSkewed: true, Skewed: 2},
			Templates: source.Templates{Known: []source.Template{{Version: 10, ID: 256, Fields: 20, IsOptions: true}}, Count: 70, IsFlapping: true, Changes: 8},
		},
		PacketsPerSecond: 0.5, RecordsPerSecond: 15,
		Drops: []source.Drop{{Unit: "s", Hop: ledger.Store, Kind: ledger.Records, Reason: ledger.UnknownTemplate, Count: 3}},
	}
	return []source.Unit{{ID: "id-" + h.name, Name: h.name, Seen: []source.Seen{seen}, Omitted: 5}, {ID: "x", Name: "y", Error: "it is not linked"}}
}

// base is the time of the first record of every holder.
var base = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// records makes n records, one a second, of a host that carries the number.
func records(n int, host byte) memory {
	b := flow.NewBatch(flow.AllFields)
	b.Extend(n)
	for i := range n {
		b.Num(flow.Time)[i] = uint64(base.Add(time.Duration(i) * time.Second).UnixMilli())
		b.Num(flow.Bytes)[i] = 100
		b.Num(flow.Packets)[i] = 1
		b.Addr(flow.SrcAddr)[i] = flow.AddrFrom(netip.AddrFrom4([4]byte{192, 0, 2, host}))
	}
	return memory{b}
}

func serve(t testing.TB, self *identity.Identity, allow func(identity.Peer) error, a Answerer) (*Server, *locked) {
	t.Helper()
	log := new(locked)
	s := NewServer(ServerConfig{
		Address: "127.0.0.1:0", TLS: self.ServerTLS(nil), Allow: allow,
		Log: slog.New(slog.NewTextHandler(log, nil)),
	}, a)
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, log
}

// locked is a log that may be read while it is written.
type locked struct {
	mu sync.Mutex // guards w
	w  bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.String()
}

func resolve(t testing.TB, r query.Request) *query.Plan {
	t.Helper()
	r.From, r.To = base.Format(time.RFC3339), base.Add(time.Hour).Format(time.RFC3339)
	plan, err := r.Resolve(base)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func TestHoldMergesAndNamesWhatIsMissing(t *testing.T) {
	d := newDeployment(t, "c1")
	proxy := d.unit(topology.Proxy, "p")
	pool := NewPool(proxy, topology.Slave)
	defer pool.Close()
	var targets []Target
	for i := range 3 {
		name := fmt.Sprintf("s%d", i)
		server, _ := serve(t, d.unit(topology.Slave, topology.UnitID(name)), identity.Peer{Role: topology.Proxy}.Fits,
			&holder{name: name, source: records(1000, byte(i%2))})
		if err := pool.Up(topology.UnitID(name), server.Address().String()); err != nil {
			t.Fatal(err)
		}
		targets = append(targets, Target{Holders: []string{name}, Asker: pool.Peer(topology.UnitID(name))})
	}
	targets = append(targets, Target{Holders: []string{"s3"}, Down: "no heartbeat for 3 s"})
	plan := resolve(t, query.Request{Kind: query.Top, GroupBy: []string{"srcAddr"}, Metrics: []string{"bytes"}})
	var progress sync.Map
	ask := Ask{ID: "q", Plan: plan, Holding: Holding{Progress: func(p query.UnitProgress) { progress.Store(p.Unit, p.State) }}}
	node, err := Hold(t.Context(), ask, targets)
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	result, err := query.Finish(t.Context(), plan, node)
	if err != nil {
		t.Fatal(err)
	}
	want := []query.Row{{"192.0.2.0", "200000"}, {"192.0.2.1", "100000"}}
	if diff := cmp.Diff(want, result.Rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	wantCoverage := query.Coverage{UnitsAsked: 4, UnitsAnswered: 3, Missing: []query.Missing{
		{Unit: "s3", From: base, To: base.Add(time.Hour), Reason: "no heartbeat for 3 s"},
	}}
	if diff := cmp.Diff(wantCoverage, result.Coverage); diff != "" {
		t.Errorf("coverage (-want +got):\n%s", diff)
	}
	if result.Stats.RowsScanned != 3000 || result.Stats.WireBytes == 0 {
		t.Errorf("stats %+v, want 3000 rows scanned, and octets on the wire", result.Stats)
	}
	if s, _ := progress.Load("s1"); s != "done" {
		t.Errorf("progress of s1 is %v", s)
	}
}

func TestCancellingReachesTheScan(t *testing.T) {
	d := newDeployment(t, "c1")
	pool := NewPool(d.unit(topology.Master, "m"), "")
	defer pool.Close()
	h := &holder{name: "s", source: records(1, 1), begun: make(chan struct{}, 1), ctxDone: make(chan error, 1)}
	server, _ := serve(t, d.unit(topology.Standalone, "s"), identity.Peer{Role: topology.Master}.Fits, h)
	if err := pool.Up("s", server.Address().String()); err != nil {
		t.Fatal(err)
	}
	plan := resolve(t, query.Request{Kind: query.Total})
	errStop := errors.New("the query was stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() { <-h.begun; cancel(errStop) }()
	if _, err := Hold(ctx, Ask{Plan: plan}, []Target{{Holders: []string{"s"}, Asker: pool.Peer("s")}}); !errors.Is(err, errStop) {
		t.Errorf("error %v, want the cause %q", err, errStop)
	}
	select {
	case <-h.ctxDone:
	case <-time.After(30 * time.Second):
		t.Error("the scan goes on 30 s after the query was stopped")
	}
}

func TestAUnitThatGoesDownEndsItsAnswerWithTheReason(t *testing.T) {
	d := newDeployment(t, "c1")
	pool := NewPool(d.unit(topology.Proxy, "p"), topology.Slave)
	defer pool.Close()
	h := &holder{name: "s", source: records(1, 1), begun: make(chan struct{}, 1), ctxDone: make(chan error, 1)}
	server, _ := serve(t, d.unit(topology.Slave, "s"), identity.Peer{Role: topology.Proxy}.Fits, h)
	if err := pool.Up("s", server.Address().String()); err != nil {
		t.Fatal(err)
	}
	go func() { <-h.begun; pool.Down("s", "no heartbeat for 3 s") }()
	plan := resolve(t, query.Request{Kind: query.Total})
	node, err := Hold(t.Context(), Ask{Plan: plan}, []Target{{Holders: []string{"s"}, Asker: pool.Peer("s")}})
	if err != nil {
		t.Fatal(err)
	}
	if c := node.Summary().Coverage; len(c.Missing) != 1 || !strings.Contains(c.Missing[0].Reason, "no heartbeat for 3 s") {
		t.Errorf("missing %v, want why the unit went down", c.Missing)
	}
}

func TestStrangersAreRefusedOnBothSidesWithTheReason(t *testing.T) {
	d := newDeployment(t, "c1")
	other := newDeployment(t, "c2")
	server, log := serve(t, d.unit(topology.Slave, "s"), identity.Peer{Role: topology.Proxy}.Fits, &holder{name: "s", source: records(1, 1)})
	address := server.Address().String()
	tests := []struct {
		name        string
		self        *identity.Identity
		want        identity.Peer
		here, there string // in the error of the asker, in the log of the asked
	}{
		{"a master asks a slave", d.unit(topology.Master, "m"), identity.Peer{}, "want a proxy", "want a proxy"},
		{"another deployment", other.unit(topology.Proxy, "p"), identity.Peer{}, "another deployment", ""},
		{"the slave is another one", d.unit(topology.Proxy, "p"), identity.Peer{UnitID: "s2"}, "want unit s2", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, err := NewClient(address, test.self.ClientTLS(test.want))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			_, err = c.Ledger(t.Context())
			if err == nil || !strings.Contains(err.Error(), test.here) {
				t.Errorf("error %v, want one that says %q", err, test.here)
			}
			if !strings.Contains(log.String(), test.there) {
				t.Errorf("log of the asked unit lacks %q:\n%s", test.there, log)
			}
		})
	}
}

func TestRecordsMergeInOrderAndAreComplete(t *testing.T) {
	d := newDeployment(t, "c1")
	pool := NewPool(d.unit(topology.Proxy, "p"), topology.Slave)
	defer pool.Close()
	var targets []Target
	const each = 3000 // more than a chunk
	for i := range 2 {
		id := topology.UnitID(fmt.Sprintf("s%d", i))
		server, _ := serve(t, d.unit(topology.Slave, id), identity.Peer{Role: topology.Proxy}.Fits,
			&holder{name: string(id), source: records(each, byte(i))})
		if err := pool.Up(id, server.Address().String()); err != nil {
			t.Fatal(err)
		}
		targets = append(targets, Target{Holders: []string{string(id)}, Asker: pool.Peer(id)})
	}
	for _, limit := range []int{10, 10_000} {
		plan := resolve(t, query.Request{Kind: query.Flows, Limit: limit})
		var times []uint64
		page := list.NewPager(plan.List(), func(b *flow.Batch) error {
			times = append(times, b.Num(flow.Time)...)
			return nil
		})
		coverage, _, err := Records(t.Context(), Ask{Plan: plan}, targets, page.Take)
		if err != nil {
			t.Fatal(err)
		}
		if want := min(limit, 2*each); len(times) != want {
			t.Errorf("limit %d: %d records, want %d", limit, len(times), want)
		}
		if hasNext := page.Next() != ""; hasNext != (limit < 2*each) {
			t.Errorf("limit %d: another page: %v", limit, hasNext)
		}
		for i := 1; i < len(times); i++ {
			if times[i] < times[i-1] {
				t.Fatalf("limit %d: record %d is out of order", limit, i)
			}
		}
		if !coverage.Complete || coverage.UnitsAnswered != 2 {
			t.Errorf("limit %d: coverage %+v", limit, coverage)
		}
	}
}

func TestRecordsStopWhenNobodyTakesThem(t *testing.T) {
	d := newDeployment(t, "c1")
	pool := NewPool(d.unit(topology.Proxy, "p"), topology.Slave)
	defer pool.Close()
	server, _ := serve(t, d.unit(topology.Slave, "s"), identity.Peer{Role: topology.Proxy}.Fits, &holder{name: "s", source: records(3500, 1)})
	if err := pool.Up("s", server.Address().String()); err != nil {
		t.Fatal(err)
	}
	errGone := errors.New("client gone")
	plan := resolve(t, query.Request{Kind: query.Flows, Limit: 100_000})
	_, _, err := Records(t.Context(), Ask{Plan: plan}, []Target{{Holders: []string{"s"}, Asker: pool.Peer("s")}},
		func(*flow.Batch) error { return errGone })
	if !errors.Is(err, errGone) {
		t.Errorf("error %v, want that of emit", err)
	}
}

func TestLedgerTravelsWhole(t *testing.T) {
	d := newDeployment(t, "c1")
	h := &holder{name: "s"}
	server, _ := serve(t, d.unit(topology.Slave, "s"), identity.Peer{Role: topology.Proxy}.Fits, h)
	c, err := NewClient(server.Address().String(), d.unit(topology.Proxy, "p").ClientTLS(identity.Peer{UnitID: "s"}))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	got, err := c.Ledger(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(h.Ledger(t.Context()), got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
}

func TestSourcesTravelWhole(t *testing.T) {
	d := newDeployment(t, "c1")
	h := &holder{name: "s"}
	server, _ := serve(t, d.unit(topology.Slave, "s"), identity.Peer{Role: topology.Proxy}.Fits, h)
	c, err := NewClient(server.Address().String(), d.unit(topology.Proxy, "p").ClientTLS(identity.Peer{UnitID: "s"}))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	got, err := c.Sources(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(h.Sources(t.Context()), got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("sources (-want +got):\n%s", diff)
	}
}

// FuzzReceiveRecords feeds hostile chunks: they may be refused, but must not
// unpack to more than was agreed.
func FuzzReceiveRecords(f *testing.F) {
	sink := &keepSink{}
	if err := SendRecords(sink, records(10, 1).batch); err != nil {
		f.Fatal(err)
	}
	f.Add(sink.chunk)
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, chunk []byte) {
		b, err := receiveRecords(chunk)
		if err == nil && b.Len()*b.Fields().Len() > maxChunkOctets {
			t.Errorf("%d octets became %d records of %d fields", len(chunk), b.Len(), b.Fields().Len())
		}
	})
}

type keepSink struct{ chunk []byte }

func (k *keepSink) Partial(chunk []byte) error        { k.chunk = bytes.Clone(chunk); return nil }
func (k *keepSink) Progress(query.UnitProgress) error { return nil }

func BenchmarkRecordsOnTheWire(b *testing.B) {
	batch := records(chunkRows, 1).batch
	sink := &keepSink{}
	b.ReportAllocs()
	for b.Loop() {
		if err := SendRecords(sink, batch); err != nil {
			b.Fatal(err)
		}
		if _, err := receiveRecords(sink.chunk); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*batch.Len())/b.Elapsed().Seconds(), "records/s")
}

func BenchmarkRecordsOverTwoUnits(b *testing.B) {
	d := newDeployment(b, "c1")
	pool := NewPool(d.unit(topology.Proxy, "p"), topology.Slave)
	defer pool.Close()
	const each = scan.MaxBatch
	var targets []Target
	for i := range 2 {
		id := topology.UnitID(fmt.Sprintf("s%d", i))
		source := records(each, byte(i))
		for r, at := range source.batch.Num(flow.Time) { // many records a second, as in life
			source.batch.Num(flow.Time)[r] = (at-uint64(base.UnixMilli()))/1000/100*1000 + uint64(base.UnixMilli())
		}
		server, _ := serve(b, d.unit(topology.Slave, id), identity.Peer{Role: topology.Proxy}.Fits, &holder{name: string(id), source: source})
		if err := pool.Up(id, server.Address().String()); err != nil {
			b.Fatal(err)
		}
		targets = append(targets, Target{Holders: []string{string(id)}, Asker: pool.Peer(id)})
	}
	plan := resolve(b, query.Request{Kind: query.Flows, Limit: 1_000_000})
	b.ReportAllocs()
	emits := 0
	for b.Loop() {
		if _, _, err := Records(b.Context(), Ask{Plan: plan}, targets, func(*flow.Batch) error { emits++; return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*2*each)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(emits)/float64(b.N), "batches/op")
}
