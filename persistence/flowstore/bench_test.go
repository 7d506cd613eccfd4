package flowstore

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

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

// reportRows reports speed by the clock and by the processor time of all
// goroutines, which other processes on the machine do not spoil.
func reportRows(b *testing.B, rows int, start time.Duration) {
	b.Helper()
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(rows)/(cpuTime()-start).Seconds(), "rows/cpu-s")
}

// cpuTime is what this process has used so far.
func cpuTime() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkAppend stores full segments and waits until they are sealed:
// journal, fsync and Parquet included.
func BenchmarkAppend(b *testing.B) {
	all := batches(maxRows)
	s := openStore(b, b.TempDir(), Config{})
	b.ReportAllocs()
	start := cpuTime()
	n := 0
	for b.Loop() {
		for _, batch := range all {
			appendTo(b, s, batch)
		}
		n++
	}
	waitSealed(b, s)
	reportRows(b, n*maxRows, start)
	b.ReportMetric(float64(s.Stats().Bytes)/float64(n*maxRows), "octets/row")
}

func BenchmarkSeal(b *testing.B) {
	build := newBuilder(new(blocks))
	for _, batch := range batches(maxRows) {
		build.append(batch, 0, batch.Len())
	}
	e, s := newSealer(), build.snapshot()
	b.ReportAllocs()
	n, size := 0, int64(0)
	start := cpuTime()
	for b.Loop() {
		n++
		out := countingWriter{Writer: discard{}}
		if err := e.seal(&out, s, identity{sequence: 1}); err != nil {
			b.Fatal(err)
		}
		size = out.n
	}
	b.ReportMetric(float64(size)/maxRows, "octets/row")
	reportRows(b, n*maxRows, start)
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

func BenchmarkBuild(b *testing.B) {
	all := batches(maxRows)
	b.ReportAllocs()
	n := 0
	start := cpuTime()
	for b.Loop() {
		build := newBuilder(new(blocks))
		for _, batch := range all {
			build.append(batch, 0, batch.Len())
		}
		n++
	}
	reportRows(b, n*maxRows, start)
}

func BenchmarkJournal(b *testing.B) {
	all := batches(maxRows / 8)
	b.ReportAllocs()
	n := 0
	dir := b.TempDir()
	start := cpuTime()
	for b.Loop() {
		g := newGeneration(new(disk), dir, uint64(n), new(blocks))
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
	reportRows(b, n*maxRows/8, start)
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
			start := cpuTime()
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
			reportRows(b, rows, start)
		})
	}
}

// BenchmarkView reads one column of many small segments: what opening costs.
func BenchmarkView(b *testing.B) {
	const segments = 100
	s := openStore(b, b.TempDir(), Config{rows: 10})
	for i := range segments {
		appendTo(b, s, numbered(uint64(10*i), 10))
	}
	waitSealed(b, s)
	b.ReportAllocs()
	start := cpuTime()
	n := 0
	for b.Loop() {
		v := s.View(0, math.MaxInt64)
		for _, p := range v.Parts() {
			if _, err := p.Read(context.Background(), flow.Fields(flow.Bytes), func(*flow.Batch) error { return nil }); err != nil {
				b.Fatal(err)
			}
		}
		v.Close()
		n += segments
	}
	b.ReportMetric(float64((cpuTime()-start).Microseconds())/float64(n), "cpu-us/segment")
}
