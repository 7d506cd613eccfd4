package integration

import (
	"fmt"
	"syscall"
	"testing"
	"time"
)

// TestConversationsShareASlave deals flows out by host pair and freezes a
// Slave: of each conversation, the other one then has both directions whole or
// none of it. Both Slaves have their share.
func TestConversationsShareASlave(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.patchSourceGroup("london", map[string]any{"model": "host-pair"})
	sent := d.export("london-proxy", d.listen("london"), "127.0.218.1", 2000)
	d.awaitStored(sent)
	whole := d.conversations()

	frozen := d.unit("london-slave-2").PID
	if err := syscall.Kill(frozen, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer syscall.Kill(frozen, syscall.SIGCONT)
	var half map[[2]string]uint64
	d.await("answers without a slave", 20*time.Second, func() error {
		half = d.conversations()
		if len(half) == len(whole) {
			return fmt.Errorf("all %d pairs of addresses answer", len(half))
		}
		return nil
	})
	var there, flows uint64
	for pair, n := range whole {
		turned := [2]string{pair[1], pair[0]}
		if got := half[pair]; got != 0 && got != n || (half[turned] != 0) != (got != 0) && whole[turned] != 0 {
			t.Errorf("of %d flows of %v %d are on london-slave-1, of %d back %d", n, pair, got, whole[turned], half[turned])
		}
		flows += n
		there += half[pair]
	}
	if there < flows/5 || there > flows*4/5 {
		t.Errorf("london-slave-1 has %d of %d flows", there, flows)
	}
}

// conversations returns the number of flows of each pair of addresses.
func (d *deployment) conversations() map[[2]string]uint64 {
	d.t.Helper()
	const most = 10_000
	a := d.ask(question{
		"kind": "top", "groupBy": []string{"srcAddr", "dstAddr"}, "metrics": []string{"flows"}, "limit": most, "scaled": false,
		"sourceGroups": []string{"london"},
	})
	if len(a.Rows) == most {
		d.t.Fatalf("more than %d pairs of addresses", most-1)
	}
	flows := map[[2]string]uint64{}
	for _, row := range a.Rows {
		flows[[2]string{text(row[0]), text(row[1])}] = number(d, row[2])
	}
	return flows
}
