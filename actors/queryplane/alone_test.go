package queryplane

import (
	"context"
	"testing"

	"example.com/weir/flowio/query"
	"example.com/weir/persistence/identity"
	"example.com/weir/persistence/topology"
)

// listener is a Slave that hears whether it answers alone, and has left out
// groups if so.
type listener struct {
	*holder
	alone chan bool
}

func (l *listener) Hold(ctx context.Context, ask Question, h Holding) (query.Node, error) {
	l.alone <- ask.Alone
	node, err := l.holder.Hold(ctx, ask, h)
	if err != nil || !ask.Alone {
		return node, err
	}
	return leaving{node}, nil
}

type leaving struct{ query.Node }

func (l leaving) Summary() query.Summary {
	s := l.Node.Summary()
	s.Groups, s.Left, s.Estimated = s.Groups+5, 5, true
	return s
}

// TestAloneReachesTheOnlySlave asks through a Proxy: a Slave is told that it
// answers alone if nobody else is asked, and what it says of the groups that
// it left out comes back.
func TestAloneReachesTheOnlySlave(t *testing.T) {
	d := newDeployment(t, "c1")
	master, below := NewPool(d.unit(topology.Master, "m"), ""), NewPool(d.unit(topology.Proxy, "p"), topology.Slave)
	defer master.Close()
	defer below.Close()
	var slaves []Target
	alone := make(chan bool, 2)
	for _, name := range []string{"s1", "s2"} {
		l := &listener{&holder{name: name, source: records(10, 1)}, alone}
		server, _ := serve(t, d.unit(topology.Slave, topology.UnitID(name)), identity.Peer{Role: topology.Proxy}.Fits, l)
		if err := below.Up(topology.UnitID(name), server.Address().String()); err != nil {
			t.Fatal(err)
		}
		slaves = append(slaves, Target{Holders: []string{name}, Asker: below.Peer(topology.UnitID(name))})
	}
	target, p := d.group(master, "g", manyFlows(10), 1)
	down := Target{Holders: []string{"s3"}, Down: "it is not linked"}
	plan := resolve(t, query.Request{Kind: query.Top, GroupBy: []string{"srcAddr"}})
	for name, test := range map[string]struct {
		asks  bool // for one unit alone
		below []Target
		want  bool
	}{
		"one Slave":             {true, slaves[:1], true},
		"one Slave that is up":  {true, []Target{slaves[0], down}, true},
		"two Slaves":            {true, slaves, false},
		"others are asked, too": {false, slaves[:1], false},
	} {
		p.targets = test.below
		node, err := Hold(t.Context(), Ask{Plan: plan, Alone: test.asks}, []Target{target})
		if err != nil {
			t.Fatal(err)
		}
		if len(alone) == 0 {
			t.Fatalf("%s: no Slave was asked; coverage %+v", name, node.Summary().Coverage)
		}
		if got := <-alone; got != test.want {
			t.Errorf("%s: alone %v, want %v", name, got, test.want)
		}
		if s := node.Summary(); (s.Left == 5) != test.want || s.Estimated != test.want {
			t.Errorf("%s: %d groups are left out, estimated %v", name, s.Left, s.Estimated)
		}
		for len(alone) > 0 {
			<-alone
		}
		node.Close()
	}
}
