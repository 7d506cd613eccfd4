package integration

import (
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	flowdecode "example.com/weir/flowio/decode"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/flowtest/synth"
	"example.com/weir/persistence/flowstore"
	"example.com/weir/persistence/seriesstore"
)

const (
	// daySegments is how many segments a day has at a segment every five minutes.
	daySegments = 288

	// dayEvery is how far they are apart.
	dayEvery = 24 * time.Hour / daySegments
)

// BenchmarkDay stores a day of flows in a standalone Slave, as weir import
// would, and asks for the top sources of the last 24 hours through the Master
// and REST: after the start of the Slave, and again, when what it has worked out
// for each segment is in its result cache.
func BenchmarkDay(b *testing.B) {
	d := launch(b, b.TempDir())
	defer d.halt()
	archive := extraUnit(d, "archive", "standalone", d.host(21), d.unit("master").Control)
	archive.join()
	begin := time.Now().Add(-24 * time.Hour)
	flows := storeDay(b, archive.dir, begin, benchFlows(b))
	archive.start()
	d.await("archive to be linked", 30*time.Second, archive.linked)
	d.makeGroup("archive", 2083, "tls", archive)
	archive.awaitActive()
	top := func() (a answer, took time.Duration) {
		asked := time.Now()
		a = d.ask(question{
			"kind": "top", "groupBy": []string{"srcAddr"}, "metrics": []string{"bytes", "packets", "flows"}, "limit": 10,
			"from": begin.Add(-dayEvery).UTC().Format(time.RFC3339), "to": "now", "sourceGroups": []string{"archive"},
		})
		if !a.Coverage.Complete || len(a.Rows) != 10 {
			b.Fatalf("%d rows, coverage %+v", len(a.Rows), a.Coverage)
		}
		return a, time.Since(asked)
	}
	a, first := top()
	if got := number(d, a.Total[2]); got != uint64(flows) {
		b.Fatalf("%d of %d flows were found", got, flows)
	}
	var repeated time.Duration
	for b.Loop() {
		a, repeated = top()
	}
	b.ReportMetric(float64(flows), "flows")
	b.ReportMetric(float64(a.Stats.Segments), "segments")
	b.ReportMetric(float64(a.Stats.CachedSegments), "cached-segments")
	b.ReportMetric(first.Seconds()*1000, "first-ms")
	b.ReportMetric(repeated.Seconds()*1000, "repeated-ms")
}

// storeDay stores the flows of an exporter from begin on in a data directory,
// so many in all and as many in every segment, and returns how many there are.
func storeDay(b *testing.B, dataDir string, begin time.Time, wanted int) (flows int) {
	b.Helper()
	exporter, err := synth.New(synth.Config{Name: "day", Addr: netip.MustParseAddr("127.37.83.1"), IPv6Share: 0.2})
	if err != nil {
		b.Fatal(err)
	}
	decoder := flowdecode.New(flowdecode.Config{})
	for i := range daySegments {
		batch := flow.NewBatch(flow.AllFields)
		at := begin.Add(time.Duration(i) * dayEvery)
		for batch.Len() < wanted/daySegments {
			payload, records := exporter.Packet(at)
			from := netip.AddrPortFrom(exporter.Config().Addr, 4739)
			if err := decoder.Decode(flow.Packet{Exporter: from, Received: at, Payload: payload}, batch); err != nil {
				b.Fatal(err)
			}
			at = at.Add(dayEvery * time.Duration(records) / time.Duration(wanted/daySegments+records))
		}
		flows += batch.Len()
		storeSegment(b, dataDir, batch)
	}
	return flows
}

// storeSegment stores a batch as a segment of its own.
func storeSegment(b *testing.B, dataDir string, batch *flow.Batch) {
	b.Helper()
	series, err := seriesstore.Open(filepath.Join(dataDir, "series"), nil)
	if err != nil {
		b.Fatal(err)
	}
	store, err := flowstore.Open(filepath.Join(dataDir, "flows"), flowstore.Config{Series: series})
	if err != nil {
		b.Fatal(err)
	}
	if err := store.Append(batch); err != nil {
		b.Error(err)
	}
	if err := store.Close(); err != nil {
		b.Fatal(err)
	}
}
