package unit

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/weir/persistence/topology"
)

func TestLinksComeUpGoDownAndReturn(t *testing.T) {
	whole := t // units outlive the subtest that starts them
	r := newRig(t)
	master := start(t, r.master)
	proxyCfg := r.unit(topology.Proxy, "p1", r.master.Control)
	slaveCfg := r.unit(topology.Slave, "s1", proxyCfg.Control)
	proxy, slave := start(t, proxyCfg), start(t, slaveCfg)

	master.awaitLink(0, "p1", true)
	proxy.awaitLink(0, master.id, true)
	proxy.awaitLink(0, "s1", true)
	slave.awaitLink(0, "p1", true)
	master.await("reports of p1", func(e event) bool { return e.Kind == "reports" && e.Peer == "p1" && e.Text == "1" })

	if e := master.do("desire p1", "sent"); e.Reason != "<nil>" {
		t.Errorf("send a desired state: %s", e.Reason)
	}
	proxy.await("desired state", func(e event) bool {
		return e.Kind == "message" && e.Peer == master.id && strings.Contains(e.Text, "DesiredState")
	})
	master.await("applied", func(e event) bool {
		return e.Kind == "message" && e.Peer == "p1" && strings.Contains(e.Text, "Applied")
	})
	if e := master.do("desire s1", "sent"); !strings.Contains(e.Reason, ErrDown.Error()) {
		t.Errorf("a Master sends to a Slave: %s, want %v", e.Reason, ErrDown)
	}

	t.Run("kill -9 is noticed within 3.5 s", func(t *testing.T) {
		mark, killed := proxy.mark(), time.Now()
		slave.kill()
		down := proxy.awaitLink(mark, "s1", false)
		took := time.Since(killed)
		t.Logf("noticed after %s (%s)", took, down.Reason)
		if took > 3500*time.Millisecond {
			t.Errorf("noticed after %s (%s)", took, down.Reason)
		}
		mark = proxy.mark()
		slave = start(whole, slaveCfg)
		slave.awaitLink(0, "p1", true)
		proxy.awaitLink(mark, "s1", true)
	})
	t.Run("a quick restart is a down and an up", func(t *testing.T) {
		mark, markAbove := slave.mark(), master.mark()
		proxy.kill()
		proxy = start(whole, proxyCfg)
		slave.awaitLink(mark, "p1", false)
		slave.awaitLink(mark, "p1", true)
		master.awaitLink(markAbove, "p1", false)
		master.awaitLink(markAbove, "p1", true)
		proxy.awaitLink(0, "s1", true)
	})
	t.Run("a frozen unit is noticed and returns", func(t *testing.T) {
		mark := proxy.mark()
		slave.cmd.Process.Signal(syscall.SIGSTOP)
		down := proxy.awaitLink(mark, "s1", false)
		if !strings.Contains(down.Reason, "no heartbeat for 1.75s") {
			t.Errorf("down because of %q", down.Reason)
		}
		mark = proxy.mark()
		slave.cmd.Process.Signal(syscall.SIGCONT)
		proxy.awaitLink(mark, "s1", true)
	})
	t.Run("goodbye needs no silence", func(t *testing.T) {
		mark := proxy.mark()
		slave.stdin.Close()
		if down := proxy.awaitLink(mark, "s1", false); !strings.Contains(down.Reason, "goodbye") {
			t.Errorf("down because of %s, want a goodbye", down.Reason)
		}
		slave.await("end", func(e event) bool { return e.Kind == "closed" })
	})
}

func TestAUnitWaitsForItsParent(t *testing.T) {
	r := newRig(t)
	proxy := start(t, r.unit(topology.Proxy, "p1", r.master.Control))
	proxy.awaitLog(0, "unit not reached; trying on", r.master.Control, "connection refused")
	mark := proxy.mark()
	master := start(t, r.master)
	proxy.awaitLink(mark, master.id, true)
	logged := 0
	for _, e := range proxy.events {
		if e.Kind == "log" && strings.Contains(e.Text, "not reached") {
			logged++
		}
	}
	if logged != 1 {
		t.Errorf("%d lines about an unreachable Master, want 1", logged)
	}
}

// The remote leaves a connection behind for every try but the last, and we try
// for ever.
func TestTryingOnLeavesNothingBehind(t *testing.T) {
	r := newRig(t)
	start(t, r.master)
	for name, cfg := range map[string]Config{
		"unreachable": r.unit(topology.Proxy, "p1", freeAddress(t)),
		"refused":     r.unit(topology.Slave, "s1", r.master.Control),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, cfg)
			goroutines := func() int {
				var n int
				if _, err := fmt.Sscan(p.do("goroutines", "goroutines").Text, &n); err != nil {
					t.Fatal(err)
				}
				return n
			}
			p.awaitLog(0, "trying on")
			before := goroutines()
			for end := time.Now().Add(9 * time.Second); time.Now().Before(end); {
				p.do("ping", "pong")
				<-time.After(time.Second)
			}
			if after := goroutines(); after > before+10 {
				t.Errorf("%d goroutines, %d after 9 s of trying", before, after)
			}
		})
	}
}

func TestRefusedOnBothSidesWithAReason(t *testing.T) {
	r, other := newRig(t), newRig(t)
	master := start(t, r.master)
	t.Run("wrong role", func(t *testing.T) {
		mark := master.mark()
		slave := start(t, r.unit(topology.Slave, "s1", r.master.Control))
		slave.awaitLog(0, "unit refuses this one", "a slave links to a proxy, this is a master")
		master.awaitLog(mark, "peer refused", "a slave links to a proxy, this is a master", "unit_id=s1")
	})
	t.Run("another deployment", func(t *testing.T) {
		mark := master.mark()
		proxy := start(t, other.unit(topology.Proxy, "p1", r.master.Control))
		proxy.awaitLog(0, "unit not verified", "made by another deployment")
		master.awaitLog(mark, "connection refused", "belongs to another deployment")
	})
	t.Run("deleted unit", func(t *testing.T) {
		mark := master.mark()
		proxy := start(t, r.unit(topology.Proxy, "deleted1", r.master.Control))
		proxy.awaitLog(0, "unit refuses this one", "unit deleted1 was deleted")
		master.awaitLog(mark, "peer refused", "unit deleted1 was deleted")
	})
	t.Run("parent known by another address", func(t *testing.T) {
		_, port, _ := strings.Cut(r.master.Control, ":")
		proxy := start(t, r.unit(topology.Proxy, "p2", "localhost:"+port))
		proxy.awaitLog(0, "unit refuses this one", "use the address that a unit gives as its control address")
	})
}

func TestRefuseTakesALinkDown(t *testing.T) {
	r := newRig(t)
	master := start(t, r.master)
	proxy := start(t, r.unit(topology.Proxy, "p1", r.master.Control))
	master.awaitLink(0, "p1", true)
	mark := proxy.mark()
	master.do("refuse p1", "link")
	down := proxy.awaitLink(mark, master.id, false)
	if !strings.Contains(down.Reason, "taken out by the test") {
		t.Errorf("reason = %q", down.Reason)
	}
}

func TestStartErrorsSayWhereAndWhatToDo(t *testing.T) {
	r := newRig(t)
	start(t, r.master)
	other := newRig(t)
	taken := other.master
	taken.Control = r.master.Control
	wrongRole := r.unit(topology.Proxy, "p1", r.master.Control)
	wrongRole.Role = topology.Standalone
	fresh := r.unit(topology.Proxy, "p2", r.master.Control)
	fresh.DataDir = t.TempDir()
	noParent := r.unit(topology.Proxy, "p3", "")
	tests := []struct {
		name string
		cfg  Config
		want []string
	}{
		{"taken port", taken, []string{r.master.Control, "address already in use", "set another control address"}},
		{"role of the certificate", wrongRole, []string{wrongRole.DataDir, "for a proxy", "says standalone"}},
		{"not joined", fresh, []string{fresh.DataDir, "weir join"}},
		{"no parent", noParent, []string{"parent:", "control address of the master"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := launch(t, test.cfg)
			e := p.await("error", func(e event) bool { return e.Kind == "error" })
			for _, want := range test.want {
				if !strings.Contains(e.Text, want) {
					t.Errorf("error = %q, want %q in it", e.Text, want)
				}
			}
		})
	}
}
