package distribute

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
)

var twoWays = netip.MustParseAddrPort("192.0.2.1:50000")

func distinct(from, to int) (ps []flow.Packet) {
	for i := from; i < to; i++ {
		ps = append(ps, flow.Packet{Exporter: twoWays, Payload: fmt.Appendf(nil, "packet %d", i)})
	}
	return ps
}

// newOnce returns a Once with twins and what counts the packets it lets through.
func newOnce(now func() time.Time) (o *Once, book *ledger.Book, next func([]flow.Packet), passed func() int) {
	book = ledger.NewBook()
	o = NewOnce(book, ledger.Distribute)
	o.Want(true)
	o.now = now
	var mu sync.Mutex
	n := 0
	next = func(ps []flow.Packet) {
		mu.Lock()
		defer mu.Unlock()
		n += len(ps)
	}
	return o, book, next, func() int { return n }
}

func TestAPacketThatComesBothWaysPassesOnce(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	o, book, next, passed := newOnce(func() time.Time { return now })
	steps := []struct {
		name string
		do   func()
		want int // packets let through
	}{
		{"exported", func() { o.Exported(distinct(0, 10), next) }, 10},
		{"and copied", func() { o.Copied(distinct(5, 12), next) }, 12},
		{"copied first", func() { o.Copied(distinct(20, 30), next) }, 22},
		{"then exported", func() { o.Exported(distinct(18, 30), next) }, 24},
		{"the network doubles", func() { o.Exported(distinct(18, 20), next) }, 26},
		{"and the copies of that", func() { o.Copied(append(distinct(18, 20), distinct(18, 20)...), next) }, 26},
	}
	for _, s := range steps {
		if s.do(); passed() != s.want {
			t.Errorf("%s: %d packets passed, want %d", s.name, passed(), s.want)
		}
	}
	var e ledger.Entry
	for _, entry := range book.Entries() {
		e.Add(entry)
	}
	if e.Received != 19 || e.Dropped[ledger.Duplicate] != 19 {
		t.Errorf("%d duplicates of %d on the books, want 19", e.Dropped[ledger.Duplicate], e.Received)
	}
	if got := o.Twice(); !slices.Equal(got, []netip.Addr{twoWays.Addr()}) {
		t.Errorf("%v send twice, want %v", got, twoWays.Addr())
	}
	now = now.Add(twiceFor + time.Second)
	if got := o.Twice(); len(got) != 0 {
		t.Errorf("%v send twice a minute later", got)
	}
}

// TestBothWaysAtOnce: exporters and twins have goroutines of their own.
func TestBothWaysAtOnce(t *testing.T) {
	o, _, next, passed := newOnce(time.Now)
	const n = 20_000
	var both sync.WaitGroup
	for _, take := range []func([]flow.Packet, func([]flow.Packet)){o.Exported, o.Copied} {
		both.Go(func() {
			for i := 0; i < n; i += 50 {
				take(distinct(i, i+50), next)
			}
		})
	}
	both.Wait()
	if got := passed(); got != n {
		t.Errorf("%d packets passed, want %d", got, n)
	}
}

func TestWithoutTwinsEverythingPasses(t *testing.T) {
	o, _, next, passed := newOnce(time.Now)
	o.Want(false)
	o.Exported(distinct(0, 5), next)
	if o.Copied(distinct(0, 5), next); passed() != 10 {
		t.Errorf("%d packets passed, want 10", passed())
	}
	o.Want(true)
	for range 2 * maxTwiceSenders {
		o.drop(netip.AddrFrom4([4]byte{10, 0, 0, byte(len(o.twice))}))
	}
	if got := len(o.Twice()); got != maxTwiceSenders {
		t.Errorf("%d exporters are named, want %d", got, maxTwiceSenders)
	}
}

func BenchmarkOnce(b *testing.B) {
	o, _, _, _ := newOnce(time.Now)
	ps := []flow.Packet{{Exporter: twoWays, Payload: make([]byte, 1400)}}
	b.SetBytes(1400)
	b.ReportAllocs()
	for i := range b.N {
		ps[0].Payload[i%1400]++
		o.Exported(ps, func([]flow.Packet) {})
	}
}
