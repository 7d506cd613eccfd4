package integration

import (
	"fmt"
	"syscall"
	"testing"
	"time"
)

// TestOverload sends more than a Proxy's socket buffers hold while the Proxy
// stands still: what was offered is what is stored and what is on the books as
// dropped, at the port where it was.
func TestOverload(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	proxy := d.unit("london-proxy")
	if err := syscall.Kill(proxy.PID, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	waking := time.AfterFunc(20*time.Second, func() { syscall.Kill(proxy.PID, syscall.SIGCONT) })
	defer waking.Stop()
	// As many packets as possible: each takes a buffer of its own.
	out, errs, code := d.run("generate", "--to", d.listen("london"), "--rate", "0", "--flows-per-packet", "1",
		"--protocol", "netflow5", "--for", "1500ms", "--output", "json")
	if err := syscall.Kill(proxy.PID, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if code != 0 {
		t.Fatalf("generate: exit code %d: %s", code, errs)
	}
	var sent struct{ Packets string }
	if err := decode(out, &sent); err != nil {
		t.Fatal(err)
	}
	d.await("the Proxy's link", 20*time.Second, func() error { return d.ready(proxy.Name) })
	d.awaitQuiet(proxy.Name)
	// The kernel tells of drops with the next packet of the same socket.
	more := d.export(proxy.Name, d.listen("london"), "127.0.235.1", 1000)
	want := integer(sent.Packets) + more.packets()
	offered := integer(sent.Packets) + int64(more.all().flows) // one record a packet
	d.await("every packet to be accounted for", 10*time.Second, func() error {
		books, err := d.ledger()
		if err != nil {
			return err
		}
		b := books[proxy.Name]
		if got := b.received["receive packets"]; got != want || b.dropped["kernel_dropped"] == 0 {
			return fmt.Errorf("received %d of %d packets, %d dropped by the kernel", got, want, b.dropped["kernel_dropped"])
		}
		return nil
	})
	d.booksBalance()
	books, err := d.ledger()
	if err != nil {
		t.Fatal(err)
	}
	p, first, second := books[proxy.Name], books["london-slave-1"], books["london-slave-2"]
	stored := first.kept["store records"] + second.kept["store records"]
	if sent := p.kept["distribute records"]; stored != sent {
		t.Errorf("%d records stored of %d sent", stored, sent)
	}
	if atPort := p.ports["kernel_dropped"]; atPort != p.dropped["kernel_dropped"] {
		t.Errorf("the kernel dropped %d packets at the listening port, %d in all", atPort, p.dropped["kernel_dropped"])
	}
	dropped := p.droppedAt["receive packets"] + p.droppedAt["distribute records"] +
		first.droppedAt["store records"] + second.droppedAt["store records"]
	if stored+dropped != offered {
		t.Errorf("%d records offered, %d stored and %d dropped: %v", offered, stored, dropped, p.dropped)
	}
	t.Logf("%d records offered, %d stored, dropped %v", offered, stored, p.dropped)
}

// awaitQuiet waits until a unit has not received anything for a moment.
func (d *deployment) awaitQuiet(unit string) {
	d.t.Helper()
	atRest(d.t, "what "+unit+" reads", 500*time.Millisecond, func() (int64, error) {
		books, err := d.ledger()
		if err != nil {
			return 0, err
		}
		return books[unit].received["receive packets"], nil
	})
}
