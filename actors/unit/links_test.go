package unit

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/actors/proto"
	"example.com/weir/persistence/identity"
	"example.com/weir/persistence/topology"
)

// wire is two ends of a link without a network: what one sends the other gets
// at once, unless it is cut.
type wire struct {
	t          *testing.T
	now        time.Time
	up, down   *links // the Proxy, and the Slave below it
	upBoot     []byte
	downBoot   []byte
	cut        bool
	said       []string // what happened, for the test
	deliveries int
}

var (
	proxyPeer = identity.Peer{Cluster: "c1", Role: topology.Proxy, UnitID: "p1"}
	slavePeer = identity.Peer{Cluster: "c1", Role: topology.Slave, UnitID: "s1"}
)

const proxyAt, slaveAt = "192.0.2.1:2210", "192.0.2.2:2210"

func bootID(n byte) []byte { return bytes.Repeat([]byte{n}, bootLen) }

func noFaults(string) fault { return fault{} }

func newWire(t *testing.T) *wire {
	w := &wire{t: t, now: time.Unix(1_800_000_000, 0)}
	w.restartProxy(1)
	w.restartSlave(2)
	return w
}

func (w *wire) restartProxy(n byte) {
	w.up = newLinks(proxyPeer, &proto.Hello{Role: "proxy", Control: proxyAt}, "192.0.2.9:2210", noFaults)
	w.upBoot = bootID(n)
}

func (w *wire) restartSlave(n byte) {
	w.down = newLinks(slavePeer, &proto.Hello{Role: "slave", Control: slaveAt}, proxyAt, noFaults)
	w.downBoot = bootID(n)
}

// run brings effects about.
func (w *wire) run(at string, effects []effect) {
	for _, e := range effects {
		switch e := e.(type) {
		case send:
			w.send(at, e.address, e.body)
		case beat:
			w.send(at, e.address, &proto.UnitMessage{Body: &proto.UnitMessage_Heartbeat{Heartbeat: &proto.Heartbeat{Sequence: e.sequence}}})
		case linkChange:
			w.said = append(w.said, fmt.Sprintf("%s up=%t %s", e.peer.UnitID, e.up, e.reason))
		case deliver:
			w.deliveries++
		case note:
			w.said = append(w.said, textOf(e))
		}
	}
}

// textOf returns the message that a note logs.
func textOf(n note) string {
	var line bytes.Buffer
	n(slog.New(slog.NewTextHandler(&line, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.MessageKey {
			return a
		}
		return slog.Attr{}
	}})))
	return strings.Trim(strings.TrimPrefix(line.String(), slog.MessageKey+"="), "\"\n")
}

func (w *wire) send(from, to string, m *proto.UnitMessage) {
	if w.cut {
		return
	}
	switch {
	case from == slaveAt && to == proxyAt:
		w.toProxy(w.downBoot, m)
	case from == proxyAt && to == slaveAt:
		w.toSlave(w.upBoot, m)
	}
}

func (w *wire) toProxy(boot []byte, m *proto.UnitMessage) {
	w.run(proxyAt, w.up.receive(identified{slavePeer, slaveAt}, &proto.UnitMessage{Protocol: 1, BootId: boot, Body: m.Body}, w.now))
}

func (w *wire) toSlave(boot []byte, m *proto.UnitMessage) {
	w.run(slaveAt, w.down.receive(identified{proxyPeer, proxyAt}, &proto.UnitMessage{Protocol: 1, BootId: boot, Body: m.Body}, w.now))
}

// pass lets time go by on both ends.
func (w *wire) pass(d time.Duration) {
	for end := w.now.Add(d); w.now.Before(end); {
		w.now = w.now.Add(tickEvery)
		w.run(proxyAt, w.up.tick(w.now))
		w.run(slaveAt, w.down.tick(w.now))
	}
}

// happened returns what was said since the last call.
func (w *wire) happened() []string {
	said := w.said
	w.said = nil
	return said
}

func (w *wire) want(when string, want ...string) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.happened()); diff != "" {
		w.t.Errorf("%s:\n%s", when, diff)
	}
}

func TestLinkComesUpOnBothEndsAndStays(t *testing.T) {
	w := newWire(t)
	w.pass(time.Second)
	w.want("start", "p1 up=true ", "s1 up=true ")
	w.pass(time.Minute)
	w.want("a minute later")
	if w.deliveries < 220 || w.deliveries > 260 {
		t.Errorf("%d heartbeats delivered in a minute, want about 240", w.deliveries)
	}
}

func TestSilenceTakesTheLinkDownAndItReturns(t *testing.T) {
	w := newWire(t)
	w.pass(time.Second)
	w.happened()
	w.cut = true
	began := w.now
	for len(w.said) < 2 {
		w.pass(tickEvery)
	}
	if took := w.now.Sub(began); took > 2*time.Second {
		t.Errorf("noticed after %s, want 2 s at most", took)
	}
	w.happened()
	w.cut = false
	w.pass(2 * time.Second)
	w.want("healed", "p1 up=true ", "s1 up=true ")
}

func TestAPeerThatIsGoneIsNoticedSooner(t *testing.T) {
	w := newWire(t)
	var f fault
	w.up.faults = func(address string) fault {
		if address == slaveAt {
			return f
		}
		return fault{}
	}
	w.pass(time.Second)
	w.happened()
	f = fault{unreachable, "connection refused"}
	w.pass(10 * time.Second)
	w.want("a fault alone")
	w.cut = true
	w.pass(1500 * time.Millisecond)
	w.want("a fault and silence", "s1 up=false no heartbeat and no connection: connection refused")
}

func TestAMasterIsMorePatient(t *testing.T) {
	l := newLinks(identity.Peer{Cluster: "c1", Role: topology.Master, UnitID: "m1"}, &proto.Hello{}, "", noFaults)
	now := time.Unix(1_800_000_000, 0)
	from := identified{proxyPeer, proxyAt}
	l.receive(from, &proto.UnitMessage{BootId: bootID(1), Body: &proto.UnitMessage_Hello{Hello: &proto.Hello{Role: "proxy", Control: proxyAt}}}, now)
	l.receive(from, &proto.UnitMessage{BootId: bootID(1), Body: &proto.UnitMessage_Heartbeat{Heartbeat: &proto.Heartbeat{}}}, now)
	began, beats := now, 0
	for l.linked() == 1 {
		now = now.Add(tickEvery)
		for _, e := range l.tick(now) {
			if _, ok := e.(beat); ok {
				beats++
			}
		}
	}
	if took := now.Sub(began); took < 3*time.Second || took > 3500*time.Millisecond || beats != 3 {
		t.Errorf("down after %s and %d heartbeats, want 3 to 3.5 s and 3", took, beats)
	}
}

func TestAHalfOpenLinkIsDownOnBothEnds(t *testing.T) {
	w := newWire(t)
	w.pass(time.Second)
	w.happened()
	// Only the Slave notices a silence, such as after it was cut off one way.
	w.run(slaveAt, w.down.reset("test", w.now))
	w.pass(2 * time.Second)
	w.want("after hello", "p1 up=false test", "s1 up=false the unit has lost the link", "p1 up=true ", "s1 up=true ")
}

func TestRestartsAreADownAndAnUp(t *testing.T) {
	w := newWire(t)
	w.pass(time.Second)
	w.happened()
	w.restartSlave(3)
	w.pass(time.Second)
	w.want("Slave restarted", "s1 up=false the unit has restarted", "p1 up=true ", "s1 up=true ")
	w.restartProxy(4)
	w.pass(3 * time.Second)
	w.want("Proxy restarted", "p1 up=false the unit has restarted", "p1 up=true ", "s1 up=true ")
}

func TestGhostsAreNotHeard(t *testing.T) {
	w := newWire(t)
	w.pass(time.Second)
	w.restartSlave(3)
	w.pass(time.Second)
	w.happened()
	w.deliveries = 0
	ghost := bootID(2)
	for _, m := range []*proto.UnitMessage{
		{Body: &proto.UnitMessage_Hello{Hello: &proto.Hello{Role: "slave", Control: slaveAt}}},
		{Body: &proto.UnitMessage_Heartbeat{Heartbeat: &proto.Heartbeat{}}},
		{Body: &proto.UnitMessage_Applied{Applied: &proto.Applied{}}},
		goodbyeBody("late"),
	} {
		w.toProxy(ghost, m)
	}
	w.want("ghosts")
	if w.deliveries != 0 {
		t.Errorf("%d messages of a ghost were delivered", w.deliveries)
	}
}

func TestOrdersBeforeTheLinkAreNotHeard(t *testing.T) {
	w := newWire(t)
	w.toSlave(w.upBoot, &proto.UnitMessage{Body: &proto.UnitMessage_DesiredState{DesiredState: &proto.DesiredState{}}})
	if w.deliveries != 0 {
		t.Error("a desired state was delivered over a link that is down")
	}
}

func TestAHelloMustBeTrue(t *testing.T) {
	for name, hello := range map[string]*proto.Hello{
		"role":    {Role: "proxy", Control: slaveAt},
		"address": {Role: "slave", Control: "192.0.2.77:2210"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(t)
			w.toProxy(w.downBoot, &proto.UnitMessage{Body: &proto.UnitMessage_Hello{Hello: hello}})
			w.want("the Slave is told", "unit refuses this one; trying on", "hello refused")
			w.happened()
		})
	}
}

func TestAnUnknownBodyIsAnswered(t *testing.T) {
	w := newWire(t)
	w.pass(time.Second)
	w.happened()
	w.toProxy(w.downBoot, &proto.UnitMessage{})
	w.want("unknown body", "message not understood by the peer", "message not understood")
}

func TestGoodbyeIsAnswered(t *testing.T) {
	w := newWire(t)
	w.pass(time.Second)
	w.happened()
	w.run(slaveAt, w.down.close("this unit stops"))
	w.want("goodbye", "p1 up=false goodbye", "s1 up=false goodbye: this unit stops")
	if n := w.down.linked(); n != 0 {
		t.Errorf("%d links after the answer", n)
	}
	w.pass(5 * time.Second)
	w.want("a closing unit says no hello")
}

func TestAPausedProcessDoesNotBlameItsPeers(t *testing.T) {
	w := newWire(t)
	w.pass(time.Second)
	w.happened()
	w.now = w.now.Add(time.Minute) // both ends stand still
	w.pass(time.Second)
	w.want("after the pause")
}

func TestFaultsAreNotedOncePerKind(t *testing.T) {
	f := fault{}
	l := newLinks(slavePeer, &proto.Hello{}, proxyAt, func(string) fault { return f })
	now := time.Unix(1_800_000_000, 0)
	var noted []string
	for _, kind := range []faultKind{unreachable, unreachable, refused, refused, unverified} {
		f = fault{kind, fmt.Sprintf("reason %d", kind)}
		for range 20 {
			now = now.Add(tickEvery)
			for _, e := range l.tick(now) {
				if n, ok := e.(note); ok {
					noted = append(noted, strings.Fields(textOf(n))[1])
				}
			}
		}
	}
	if diff := cmp.Diff([]string{"not", "refuses", "not"}, noted); diff != "" {
		t.Error(diff)
	}
	if l.parent.Reason != "reason 2" {
		t.Errorf("reason = %q", l.parent.Reason)
	}
}

func TestNeighboursAreBounded(t *testing.T) {
	l := newLinks(proxyPeer, &proto.Hello{}, "", noFaults)
	now := time.Unix(1_800_000_000, 0)
	for i := range maxNeighbours + 10 {
		address := fmt.Sprintf("192.0.2.1:%d", i+1)
		from := identified{identity.Peer{Cluster: "c1", Role: topology.Slave, UnitID: topology.UnitID(fmt.Sprint(i))}, address}
		boot := bootID(1)
		l.receive(from, &proto.UnitMessage{BootId: boot, Body: &proto.UnitMessage_Hello{Hello: &proto.Hello{Role: "slave", Control: address}}}, now)
		l.receive(from, &proto.UnitMessage{BootId: boot, Body: &proto.UnitMessage_Goodbye{Goodbye: &proto.Goodbye{}}}, now)
	}
	if n := len(l.below); n > maxNeighbours {
		t.Errorf("%d links are remembered, want %d at most", n, maxNeighbours)
	}
}
