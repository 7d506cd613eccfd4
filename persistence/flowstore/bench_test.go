package flowstore

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"example.com/weir/flowio/flow"
)

// batches returns n records in batches as a decoder hands them over.
func batches(n int) (all []*flow.Batch) {
	g := newTraffic(1)
	for ; n > 0; n -= 1024 {
		all = append(all, g.batch(min(n, 1024)))
	}
	return all
}

// BenchmarkAppend stores full segments until they are sealed: journal, fsync
// and Parquet included.
func BenchmarkAppend(b *testing.B) {
	all := batches(maxRows)
	dir := b.TempDir()
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		s := openStore(b, filepath.Join(dir, fmt.Sprint(n)), Config{})
		n++
		for _, batch := range all {
			appendTo(b, s, batch)
		}
		closeStore(b, s)
		if b.N == 1 {
			b.ReportMetric(float64(s.Stats().Bytes)/maxRows, "octets/row")
		}
	}
	b.ReportMetric(float64(n*maxRows)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkSeal(b *testing.B) {
	build := newBuilder()
	for _, batch := range batches(maxRows) {
		build.append(batch, 0, batch.Len())
	}
	e, s := newSealer(), build.snapshot()
	b.ReportAllocs()
	n, size := 0, int64(0)
	for b.Loop() {
		n++
		out := countingWriter{Writer: discard{}}
		if _, err := e.seal(&out, s, 1); err != nil {
			b.Fatal(err)
		}
		size = out.n
	}
	b.ReportMetric(float64(size)/maxRows, "octets/row")
	b.ReportMetric(float64(n*maxRows)/b.Elapsed().Seconds(), "rows/s")
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

func BenchmarkBuild(b *testing.B) {
	all := batches(maxRows)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		build := newBuilder()
		for _, batch := range all {
			build.append(batch, 0, batch.Len())
		}
		n++
	}
	b.ReportMetric(float64(n*maxRows)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkJournal(b *testing.B) {
	all := batches(maxRows / 8)
	b.ReportAllocs()
	n := 0
	dir := b.TempDir()
	for b.Loop() {
		g := newGeneration(dir, uint64(n))
		g.path = filepath.Join(dir, fmt.Sprint(n))
		n++
		for _, batch := range all {
			if err := g.remember(batch, 0, batch.Len()); err != nil {
				b.Fatal(err)
			}
		}
		if err := g.dropJournal(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n*maxRows/8)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkRead reads what typical queries need from two full segments.
func BenchmarkRead(b *testing.B) {
	dir := b.TempDir()
	s := openStore(b, dir, Config{})
	for _, batch := range batches(2 * maxRows) {
		appendTo(b, s, batch)
	}
	waitSealed(b, s)
	for _, files := range segmentFiles(b, dir) {
		stat, err := os.Stat(files)
		if err != nil {
			b.Fatal(err)
		}
		b.Logf("%.1f octets/row", float64(stat.Size())/maxRows)
	}
	counters := flow.Fields(flow.Time, flow.Bytes, flow.Packets, flow.SamplingRate)
	for _, c := range []struct {
		name   string
		fields flow.FieldSet
	}{
		{"total", counters},
		{"topSrcAddr", counters | flow.Fields(flow.SrcAddr)},
		{"topPairs", counters | flow.Fields(flow.SrcAddr, flow.DstAddr)},
		{"all", flow.AllFields},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			rows := 0
			for b.Loop() {
				v := s.View(0, math.MaxInt64)
				for _, p := range v.Parts() {
					if _, err := p.Read(context.Background(), c.fields, func(b *flow.Batch) error {
						rows += b.Len()
						return nil
					}); err != nil {
						b.Fatal(err)
					}
				}
				v.Close()
			}
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
