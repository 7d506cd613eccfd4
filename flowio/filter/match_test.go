package filter

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/flow"
)

// fields are what a single flow has: numbers and addresses.
type fields map[flow.Field]any

func batchOf(records ...fields) *flow.Batch {
	b := flow.NewBatch(flow.AllFields)
	b.Extend(len(records))
	for i, r := range records {
		for f, v := range r {
			switch v := v.(type) {
			case int:
				b.Num(f)[i] = uint64(v)
			case string:
				b.Addr(f)[i] = flow.AddrFrom(netip.MustParseAddr(v))
			}
		}
	}
	return b
}

// TestWhatNfdumpLacks covers the terms that the comparison with nfdump cannot.
func TestWhatNfdumpLacks(t *testing.T) {
	b := batchOf(
		fields{flow.SrcAS: 64512, flow.Domain: 5, flow.SrcPort: 1500, flow.Exporter: "192.0.2.1", flow.SrcAddr: "10.0.0.1"},
		fields{flow.DstAS: 4200000000, flow.SamplingRate: 100, flow.Bytes: 50, flow.DstPort: 2001, flow.Exporter: "2001:db8::1"},
		fields{flow.App: 1 << 40, flow.Version: 10, flow.SrcMAC: 0x001122334455, flow.DstAddr: "2001:db8::7"},
	)
	for _, c := range []struct {
		text string
		want []int
	}{
		{"src as 64512", []int{0}},
		{"as > 64512", []int{1}},
		{"as in [64000-65000 4200000000]", []int{0, 1}},
		{"observationDomain 5", []int{0}},
		{"port in [1000-2000 3000]", []int{0}},
		{"exporter 192.0.2.1", []int{0}},
		{"exporter in [192.0.2.0/24 2001:db8::/32]", []int{0, 1}},
		{"exporter net 2001:db8::/32", []int{1}},
		{"samplingRate >= 100", []int{1}},
		{"app 1099511627776", []int{2}},
		{"version in [9-10]", []int{2}},
		{"src mac 00-11-22-33-44-55", []int{2}},
		{"inet", []int{0}},
		{"inet6", []int{2}},
		{"not inet and not inet6", []int{1}},
		{"net ::/0", []int{2}},      // neither IPv4 nor absent addresses
		{"net 0.0.0.0/0", []int{0}}, // neither IPv6 nor absent addresses
		{"net ::/8", nil},
		{"sourcegroup london", nil},
		{"not sourcegroup london", []int{0, 1, 2}},
	} {
		e, err := Parse(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if got := e.Match(b, nil); !slices.Equal(got, c.want) {
			t.Errorf("%q matches %v, want %v", c.text, got, c.want)
		}
	}
}

func TestScaled(t *testing.T) {
	b := batchOf(
		fields{flow.Bytes: 100, flow.Packets: 2, flow.SamplingRate: 10, flow.First: 1000, flow.Last: 2000},
		fields{flow.Bytes: 100, flow.Packets: 2, flow.First: 1000, flow.Last: 2000}, // rate unknown
	)
	for _, c := range []struct {
		text         string
		want, scaled []int
	}{
		{"bytes 1000", nil, []int{0}},
		{"bytes 100", []int{0, 1}, []int{1}},
		{"packets > 10", nil, []int{0}},
		{"bps 8000", nil, []int{0}},
		{"pps < 3", []int{0, 1}, []int{1}},
		{"bpp 50", []int{0, 1}, []int{0, 1}},
		{"not bytes 100", nil, []int{0}},
	} {
		e, err := Parse(c.text)
		if err != nil {
			t.Fatal(err)
		}
		if got := e.Match(b, nil); !slices.Equal(got, c.want) {
			t.Errorf("%q matches %v, want %v", c.text, got, c.want)
		}
		if got := e.Scaled().Match(b, nil); !slices.Equal(got, c.scaled) {
			t.Errorf("%q, scaled, matches %v, want %v", c.text, got, c.scaled)
		}
	}
}

// TestMissingColumns holds the promise that they read as zeros.
func TestMissingColumns(t *testing.T) {
	none, zeros := flow.NewBatch(0), flow.NewBatch(flow.AllFields)
	none.Extend(100)
	zeros.Extend(100)
	for _, e := range corpus(t) {
		if e.offset >= 0 {
			continue
		}
		expr, err := Parse(e.text)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range []*Expr{expr, expr.Scaled()} {
			if diff := cmp.Diff(x.Match(zeros, nil), x.Match(none, nil)); diff != "" {
				t.Errorf("%q: %s", e.text, diff)
			}
		}
	}
}

func TestMatchReadsNoOtherColumn(t *testing.T) {
	full := randomFlows(200)
	for _, e := range corpus(t) {
		if e.offset >= 0 {
			continue
		}
		expr, err := Parse(e.text)
		if err != nil {
			t.Fatal(err)
		}
		few := flow.NewBatch(expr.Fields())
		few.AppendRows(full, 0, full.Len())
		if diff := cmp.Diff(expr.Match(full, nil), expr.Match(few, nil)); diff != "" {
			t.Errorf("%q depends on fields outside its own: %s", e.text, diff)
		}
	}
}

func TestReplace(t *testing.T) {
	e, err := Parse("proto tcp and (channel a or not channel b) and not sourcegroup x")
	if err != nil {
		t.Fatal(err)
	}
	replaced, err := e.Replace(func(s Scope) (*Expr, error) {
		return Parse(map[string]string{"a": "router ip 192.0.2.1 or router ip 192.0.2.2", "b": "any", "x": "not any"}[s.Name])
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := "proto tcp and (router ip 192.0.2.1 or router ip 192.0.2.2)"; replaced.String() != want {
		t.Errorf("replaced: %s, want %s", replaced, want)
	}
	unknown := errors.New("unknown")
	if _, err := e.Replace(func(Scope) (*Expr, error) { return nil, unknown }); !errors.Is(err, unknown) {
		t.Errorf("an unknown scope: %v", err)
	}
}

func TestBind(t *testing.T) {
	e, err := Parse(`proto tcp and (sourcegroup london or sourcegroup "new york") or profile live`)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(e.Scopes()); n != 3 {
		t.Fatalf("%d scopes, want 3", n)
	}
	bound, err := e.Bind(func(s Scope) (bool, error) { return s.Name == "new york", nil })
	if err != nil || bound.String() != "proto tcp" {
		t.Errorf("bound to new york: %v, %v", bound, err)
	}
	unknown := errors.New("unknown")
	if _, err := e.Bind(func(s Scope) (bool, error) { return false, unknown }); !errors.Is(err, unknown) {
		t.Errorf("Bind returns %v, want the error of decide", err)
	}
}

func TestBounds(t *testing.T) {
	for _, text := range []string{strings.Repeat(" ", MaxText+1), strings.Repeat("(", 1000), strings.Repeat("not ", 1000), strings.Repeat("any or ", 5000) + "any"} {
		if _, err := Parse(text); err == nil {
			t.Errorf("a filter of %d octets without bound is accepted", len(text))
		}
	}
	list := "ip in ["
	for i := range 10_000 {
		list += netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 1}).String() + " "
	}
	if _, err := Parse(list + "]"); err != nil {
		t.Errorf("a list of 10,000 addresses is refused: %v", err)
	}
}

func TestMatchDoesNotAllocate(t *testing.T) {
	b := randomFlows(10_000)
	e, err := Parse("proto tcp and (port in [80 443] or net 10/8) and not bps > 1M")
	if err != nil {
		t.Fatal(err)
	}
	rows := make([]int, 0, b.Len())
	// The pool may be emptied at any time, and is on purpose under -race.
	if n := testing.AllocsPerRun(50, func() { e.Match(b, rows) }); n > 8 {
		t.Errorf("matching a batch allocates %v times, want none but for an emptied pool", n)
	}
}

func BenchmarkMatch(b *testing.B) {
	flows := randomFlows(16_384)
	rows := make([]int, 0, flows.Len())
	for _, text := range []string{
		"proto tcp", "port 80", "src net 10/8", "port in [53 80 443 8000-9000]", "bps > 1M",
		"ip in [10.0.0.1 10.1.0.3 192.168.0.0/16]", "proto tcp and (src net 10/8 or port 443) and not flags S",
	} {
		e, err := Parse(text)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(text, func(b *testing.B) {
			for b.Loop() {
				rows = e.Match(flows, rows[:0])
			}
			b.ReportMetric(float64(b.N*flows.Len())/b.Elapsed().Seconds()/1e6, "Mflows/s")
		})
	}
}
