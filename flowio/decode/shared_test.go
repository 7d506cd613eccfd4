package decode_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"example.com/weir/flowio/decode"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/flowtest"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/sampling"
)

// TestShared deals the packets of an exporter out to decoders that share its
// templates: whichever of them sees the template, no record is lost.
func TestShared(t *testing.T) {
	const decoders, flows = 4, 1000
	packets := flowtest.Packets(t, flowtest.Data(t, "flow/gen_softflowd_v9_echo.pcap"))
	book := ledger.NewBook()
	templates, rates := decode.NewTemplates(book, ledger.Store), sampling.NewTable()
	var total atomic.Int64
	var all sync.WaitGroup
	for n := range decoders {
		all.Go(func() {
			d := decode.New(decode.Config{Book: book, Hop: ledger.Store, Templates: templates, Rates: rates})
			out := flow.NewBatch(flow.AllFields)
			for i := n; i < len(packets); i += decoders {
				if err := d.Decode(packets[i], out); err != nil {
					t.Error(err)
				}
			}
			decode.NewAccounts(book, ledger.Store).Keep(out)
			total.Add(int64(out.Len()))
		})
	}
	all.Wait()
	if n := total.Load(); n != flows {
		t.Errorf("%d records and %d parked sets, want %d records", n, templates.Parked(), flows)
	}
	checkBooks(t, book, int(total.Load()))
}
