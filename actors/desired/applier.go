package desired

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	pb "google.golang.org/protobuf/proto"

	"example.com/weir/actors/proto"
	"example.com/weir/persistence/configdb"
	"example.com/weir/persistence/topology"
)

// applyAgainAfter is how long after an error a desired state is tried again: a
// port may have become free.
const applyAgainAfter = 5 * time.Second

// errNothing is the state of a unit that nobody has told what to do.
var errNothing = errors.New("nobody has told this unit what to do yet; it waits for the unit above, see the check parent")

// ApplierConfig says what an Applier does with a desired state.
type ApplierConfig struct {
	DB     *configdb.Unit
	Apply  func(*proto.DesiredState) error // makes it so; called one at a time, the same again too
	Answer func(*proto.Applied)            // tells the unit above
	Check  func(error)                     // nil: this unit does what it was told
	Log    *slog.Logger
}

// Applier makes this unit do what it was told. It keeps a desired state on
// disk before it takes effect, refuses those of a Master that was replaced,
// and tries again what did not work.
type Applier struct {
	cfg     ApplierConfig
	applied atomic.Uint64 // revision
	wake    chan struct{}
	quit    chan struct{}
	closing sync.Once
	ended   sync.WaitGroup

	mu      sync.Mutex          // guards everything below
	offered *proto.DesiredState // nil: nothing new
}

// NewApplier returns an Applier that does nothing yet; its check fails until it
// has something to do.
func NewApplier(cfg ApplierConfig) *Applier {
	cfg.Check(errNothing)
	return &Applier{cfg: cfg, wake: make(chan struct{}, 1), quit: make(chan struct{})}
}

// Start applies what was kept and then what is offered. What was kept has been
// tried when Start returns, so that a unit works without the units above.
func (a *Applier) Start() {
	kept := a.kept()
	if kept != nil {
		_ = a.effect(kept) // run tries again what did not work
	}
	a.ended.Go(func() { a.run(kept) })
}

// Close waits for what is being applied. Closing twice is harmless.
func (a *Applier) Close() error {
	a.closing.Do(func() { close(a.quit) })
	a.ended.Wait()
	return nil
}

// Offer hands in a desired state. It never waits; the latest one wins.
func (a *Applier) Offer(d *proto.DesiredState) {
	a.mu.Lock()
	a.offered = d
	a.mu.Unlock()
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// Revision returns the revision that this unit has applied.
func (a *Applier) Revision() topology.Revision { return topology.Revision(a.applied.Load()) }

func (a *Applier) kept() *proto.DesiredState {
	octets := a.cfg.DB.Desired()
	if octets == nil {
		return nil
	}
	d := &proto.DesiredState{}
	if err := pb.Unmarshal(octets, d); err != nil {
		a.cfg.Log.Error("read the desired state that was kept", "err", err, "remedy", "none needed: the unit above sends it again")
		return nil
	}
	return d
}

// run applies what is offered, and again what did not work. current is what
// is in force.
func (a *Applier) run(current *proto.DesiredState) {
	again := time.NewTicker(applyAgainAfter)
	defer again.Stop()
	for {
		select {
		case <-a.quit:
			return
		case <-a.wake:
			if d := a.take(); d != nil && a.accept(d) {
				current = d
				a.answer(d, a.effect(d))
			}
		case <-again.C:
			if current != nil && a.Revision() < topology.Revision(current.GetRevision()) {
				a.answer(current, a.effect(current))
			}
		}
	}
}

func (a *Applier) take() *proto.DesiredState {
	a.mu.Lock()
	defer a.mu.Unlock()
	d := a.offered
	a.offered = nil
	return d
}

// accept keeps d on disk; false if it must not take effect.
func (a *Applier) accept(d *proto.DesiredState) bool {
	octets, err := pb.MarshalOptions{Deterministic: true}.Marshal(d)
	if err == nil {
		fence := configdb.Fence{Epoch: d.GetEpoch(), Owner: topology.UnitID(d.GetOwner()), Revision: topology.Revision(d.GetRevision())}
		err = a.cfg.DB.Accept(fence, octets)
	}
	var deposed *configdb.DeposedError
	switch {
	case err == nil:
		return true
	case errors.As(err, &deposed) && deposed.Known.Epoch == d.GetEpoch():
		a.cfg.Log.Debug("an older desired state came late", "revision", d.GetRevision(), "err", err)
	case errors.As(err, &deposed):
		a.cfg.Log.Warn("desired state refused", "epoch", d.GetEpoch(), "owner", string(d.GetOwner()), "err", err)
		a.cfg.Answer(&proto.Applied{Epoch: deposed.Known.Epoch, Revision: d.GetRevision(), Deposed: true})
	default:
		a.cfg.Check(err)
		a.answer(d, err)
	}
	return false
}

// effect makes it so.
func (a *Applier) effect(d *proto.DesiredState) error {
	err := a.cfg.Apply(d)
	a.cfg.Check(err)
	if err == nil {
		a.applied.Store(d.GetRevision())
	} else {
		a.cfg.Log.Warn("desired state not applied whole", "revision", d.GetRevision(), "err", err)
	}
	return err
}

func (a *Applier) answer(d *proto.DesiredState, err error) {
	answer := &proto.Applied{Epoch: d.GetEpoch(), Revision: d.GetRevision()}
	if err != nil {
		answer.Error = fmt.Append(nil, err)
	}
	a.cfg.Answer(answer)
}
