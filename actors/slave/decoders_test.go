package slave

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
)

// numbering is a decoder whose packets hold one number each, which becomes the
// number of packets of one record. It accounts as decode.Decoder does.
type numbering struct{ book *ledger.Book }

func (n numbering) Decode(p flow.Packet, out *flow.Batch) error {
	if len(p.Payload) != 8 {
		return errors.New("want 8 octets")
	}
	i := out.Extend(1)
	out.Addr(flow.Exporter)[i] = flow.AddrFrom(p.Exporter.Addr())
	out.Num(flow.Packets)[i] = binary.BigEndian.Uint64(p.Payload)
	n.book.Account(ledger.Key{Hop: ledger.Store, Kind: ledger.Records, Exporter: p.Exporter.Addr()}).Receive(1)
	return nil
}

// shelf keeps records in the order they came, by exporter.
type shelf struct {
	mu    sync.Mutex // guards everything below
	err   error
	calls int
	kept  map[netip.Addr][]uint64
}

func (s *shelf) Append(b *flow.Batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.err != nil {
		return s.err
	}
	if s.kept == nil {
		s.kept = map[netip.Addr][]uint64{}
	}
	for i, e := range b.Addr(flow.Exporter) {
		s.kept[e.Netip()] = append(s.kept[e.Netip()], b.Num(flow.Packets)[i])
	}
	return nil
}

func startDecoders(n int, store appender, book *ledger.Book) *decoders {
	var ds []decoder
	for range n {
		ds = append(ds, numbering{book})
	}
	return newDecoders(ds, store, book, slog.New(slog.DiscardHandler), func(error) {})
}

func packet(exporter netip.Addr, n uint64) flow.Packet {
	return flow.Packet{Exporter: netip.AddrPortFrom(exporter, 2055), Payload: binary.BigEndian.AppendUint64(nil, n)}
}

func TestDecodersKeepTheOrderOfAnExporter(t *testing.T) {
	const exporters, each = 20, 5000
	store, book := &shelf{}, ledger.NewBook()
	d := startDecoders(3, store, book)
	payload := make([]byte, 8)
	for i := range uint64(each) {
		var ps []flow.Packet
		for e := range exporters {
			p := packet(netip.AddrFrom4([4]byte{192, 0, 2, byte(e)}), i)
			ps = append(ps, p)
		}
		d.Take(ps)
		for _, p := range ps {
			copy(p.Payload, payload) // the memory is the reader's again
		}
	}
	d.Close()
	for exporter, numbers := range store.kept {
		if len(numbers) != each {
			t.Errorf("%s: %d records, want %d", exporter, len(numbers), each)
		}
		for i, n := range numbers {
			if n != uint64(i) {
				t.Fatalf("%s: record %d is number %d", exporter, i, n)
			}
		}
	}
	balanced(t, book, exporters*each, 0)
}

func TestDecodersFlushInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, book := &shelf{}, ledger.NewBook()
		d := startDecoders(1, store, book)
		d.Take([]flow.Packet{packet(netip.MustParseAddr("192.0.2.1"), 1)})
		time.Sleep(flushAfter + time.Millisecond)
		synctest.Wait()
		if store.calls != 1 {
			t.Errorf("%d flushes after %v, want 1", store.calls, flushAfter)
		}
		d.Close()
		if store.calls != 1 {
			t.Errorf("an empty batch was stored")
		}
	})
}

func TestRecordsThatTheStoreRefusesAreOnTheLedger(t *testing.T) {
	store, book := &shelf{err: errors.New("disk full")}, ledger.NewBook()
	d := startDecoders(2, store, book)
	for i := range 100 {
		d.Take([]flow.Packet{packet(netip.AddrFrom4([4]byte{192, 0, 2, byte(i % 7)}), 1)})
	}
	d.Close()
	balanced(t, book, 0, 100)
}

func balanced(t *testing.T, book *ledger.Book, kept, failed uint64) {
	t.Helper()
	for _, e := range ledger.Totals(book.Entries()) {
		if e.Missing() != 0 {
			t.Errorf("hop %s: %d records are unexplained", e.Hop, e.Missing())
		}
		if got := e.Dropped[ledger.StoreFailed]; e.Kept != kept || got != failed {
			t.Errorf("hop %s: kept %d, store failed %d, want %d and %d", e.Hop, e.Kept, got, kept, failed)
		}
	}
}

func BenchmarkTake(b *testing.B) {
	for _, shards := range []int{1, 2} {
		b.Run(fmt.Sprintf("shards=%d", shards), func(b *testing.B) {
			d := startDecoders(shards, &shelf{}, ledger.NewBook())
			defer d.Close()
			ps := make([]flow.Packet, 64)
			for i := range ps {
				ps[i] = flow.Packet{
					Exporter: netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), 1),
					Payload:  make([]byte, 1400),
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				d.Take(ps)
			}
			b.ReportMetric(float64(b.N*len(ps))/b.Elapsed().Seconds(), "packets/s")
		})
	}
}
