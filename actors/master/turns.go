package master

import (
	"errors"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"example.com/weir/actors/desired"
	"example.com/weir/persistence/topology"
)

// commitAgainAfter is how long after a commit that failed it is tried again.
const commitAgainAfter = 10 * time.Second

// turn lets the proxy groups of a source group take turns at forwarding: it is
// the part of a groupActor that commits who does.
type turn struct {
	turns     *desired.Turns
	isWaiting bool // for a commit
	notBefore time.Time
}

// turnCommitted tells a groupActor how its commit ended.
type turnCommitted struct{ err error }

// look commits another forwarder if there should be one. It never waits: the
// outcome comes as a turnCommitted.
func (t *turn) look(ctx actor.Context, m *Master, v topology.View, group topology.GroupID) {
	sg, now := v.SourceGroups[group], time.Now()
	if !sg.HasTurns() || t.isWaiting || now.Before(t.notBefore) {
		return
	}
	to := t.turns.Choose(candidates(v, group), sg.Forwarder, now)
	if to == "" {
		return
	}
	root, self := ctx.ActorSystem().Root, ctx.Self()
	t.isWaiting = m.running.Go(func() {
		_, err := m.Apply(m.ctx, topology.Change{
			Actor: "weir", Command: topology.Command{SetForwarder: &topology.Forwarder{SourceGroup: group, ProxyGroup: to}},
		})
		root.Send(self, &turnCommitted{err})
	})
}

// committed ends the wait of look.
func (t *turn) committed(m *Master, group topology.GroupID, err error) {
	t.isWaiting = false
	if err == nil || errors.Is(err, ErrStopping) {
		return
	}
	t.notBefore = time.Now().Add(commitAgainAfter)
	m.cfg.Log.Error("let another proxy group forward", "source_group", m.board.View().SourceGroups[group].Name, "err", err,
		"remedy", "see that the Master can write its data directory; it is tried again")
}

// candidates are the proxy groups of a source group, preferred first.
func candidates(v topology.View, group topology.GroupID) []desired.Candidate {
	var all []desired.Candidate
	for _, g := range v.GroupsOf(group) {
		all = append(all, desired.Candidate{Group: g.ID, IsUp: isUp(v.Status[g.Proxy].State)})
	}
	return all
}
