package query

import (
	"context"
	"testing"
	"time"

	"example.com/weir/flowio/flow"
)

// memory is a Source in memory, handed over in batches of size rows.
type memory struct {
	all  *flow.Batch
	size int
}

func (m memory) Rows() int { return m.all.Len() }

func (m memory) Bounds() (first, last int64) {
	first = 1<<63 - 1
	for _, t := range m.all.Num(flow.Time) {
		first, last = min(first, int64(t)), max(last, int64(t))
	}
	return first, last
}

func (m memory) Read(ctx context.Context, fields flow.FieldSet, use func(*flow.Batch) error) (uint64, error) {
	b := flow.NewBatch(fields)
	for from := 0; from < m.all.Len(); from += m.size {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		b.Reset()
		b.AppendRows(m.all, from, min(from+m.size, m.all.Len()))
		if err := use(b); err != nil {
			return 0, err
		}
	}
	return uint64(m.all.Len()) * 8, nil
}

func TestSmoke(t *testing.T) {
	b := flow.NewBatch(flow.AllFields)
	b.Extend(100)
	for i := range 100 {
		b.Num(flow.Time)[i] = uint64(1_000_000 + i*100)
		b.Num(flow.DstPort)[i] = uint64(i % 3)
		b.Num(flow.Bytes)[i] = uint64(i)
		b.Num(flow.Packets)[i] = 1
	}
	for _, r := range []Request{
		{Kind: Top, GroupBy: []string{"dstPort"}},
		{Kind: Top, GroupBy: []string{"srcAddr/24", "dstPort"}, Metrics: []string{"bytes", "uniq(bytes)", "p95(bytes)", "bps"}},
		{Kind: Series, GroupBy: []string{"dstPort"}, Step: "5s"},
		{Kind: Series, Step: "5s"},
		{Kind: Total},
	} {
		r.From, r.To = "1970-01-01T00:16:40Z", "1970-01-01T00:17:00Z"
		p, err := r.Resolve(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		partial, stats, err := Scan(context.Background(), p, []Source{memory{b, 7}, memory{b, 50}}, ScanOptions{Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		t.Log(stats, partial.Result(p))
	}
}
