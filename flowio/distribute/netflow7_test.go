package distribute

import (
	"testing"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/netflow7"
)

// TestV7InTurn deals packets of NetFlow v1 and v7 out whole.
func TestV7InTurn(t *testing.T) {
	for _, version := range []byte{netflow7.Version1, netflow7.Version7} {
		payload := make([]byte, netflow7.HeaderLen7+3*netflow7.RecordLen)
		payload[1], payload[3] = version, 3
		d, k := newKept(t, Config{}, 2)
		for range 10 {
			d.Take([]flow.Packet{packet(payload)})
		}
		if a, b := len(k.to("slave-0")), len(k.to("slave-1")); a != 5 || b != 5 {
			t.Errorf("version %d: %d and %d packets, want 5 each", version, a, b)
		}
		if e := total(d, ledger.Records); e.Kept != 30 {
			t.Errorf("version %d: %d records, want 30", version, e.Kept)
		}
		balance(t, d)
		d.SetSlaves(nil)
		d.Take([]flow.Packet{packet(payload)})
		if e := total(d, ledger.Records); e.Dropped[ledger.NoSlave] != 3 {
			t.Errorf("version %d without a Slave: %+v", version, e)
		}
		balance(t, d)
	}
}
