package decode_test

import (
	"testing"
	"time"

	"example.com/weir/flowio/decode"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/flowtest"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/source"
)

// FuzzDecode feeds two hostile packets in a row, so that the first may bring
// the template of the second. Decoding may refuse, but it must not panic,
// must not make records out of nothing, and its books must balance.
func FuzzDecode(f *testing.F) {
	for _, datagrams := range flowtest.Seeds(f) {
		for i := 1; i < len(datagrams); i++ {
			f.Add(datagrams[i-1], datagrams[i])
		}
		f.Add(datagrams[0], datagrams[len(datagrams)-1])
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		book := ledger.NewBook()
		sources := source.NewRegistry(source.Config{})
		d := decode.New(decode.Config{
			Book: book, Hop: ledger.Store, Sources: sources, Relayed: func(uint16) bool { return true },
		})
		out := flow.NewBatch(flow.AllFields)
		now := time.Now()
		for _, payload := range [][]byte{first, second} {
			d.Decode(flow.Packet{Exporter: exporter, Received: now, Payload: payload}, out)
		}
		// A biflow makes two records.
		if out.Len() > 2*(len(first)+len(second)) {
			t.Fatalf("%d records out of %d octets", out.Len(), len(first)+len(second))
		}
		for _, last := range out.Num(flow.Last) {
			if last > uint64(now.UnixMilli())+61_000 {
				t.Fatalf("a flow ends %d ms from now", last-uint64(now.UnixMilli()))
			}
		}
		sources.Snapshot(nil)
		decode.NewAccounts(book, ledger.Store).Keep(out)
		for _, e := range book.Entries() {
			if e.Missing() != 0 {
				t.Fatalf("books miss %d: %+v", e.Missing(), e)
			}
		}
	})
}
