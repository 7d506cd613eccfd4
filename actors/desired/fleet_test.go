package desired

import (
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"example.com/weir/actors/proto"
	"example.com/weir/persistence/topology"
)

// world is what a fleet sees and does.
type world struct {
	mu     sync.Mutex // guards everything below
	want   map[topology.UnitID]*proto.DesiredState
	linked map[topology.UnitID]bool
	told   map[topology.UnitID][]uint64 // revisions
	panics int                          // how often telling still panics
}

func (w *world) set(id topology.UnitID, revision uint64, linked bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.want[id], w.linked[id] = &proto.DesiredState{Revision: revision}, linked
}

func (w *world) tell(id topology.UnitID, d *proto.DesiredState) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.panics > 0 {
		w.panics--
		panic("a bug")
	}
	w.told[id] = append(w.told[id], d.GetRevision())
}

func (w *world) last(id topology.UnitID) uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.told[id]); n > 0 {
		return w.told[id][n-1]
	}
	return 0
}

// copied returns a copy of one of the maps, as a role does.
func copied[V any](w *world, m *map[topology.UnitID]V) func() map[topology.UnitID]V {
	return func() map[topology.UnitID]V {
		w.mu.Lock()
		defer w.mu.Unlock()
		c := map[topology.UnitID]V{}
		for k, v := range *m {
			c[k] = v
		}
		return c
	}
}

func startFleet(t *testing.T) (*Fleet, *world) {
	t.Helper()
	w := &world{
		want: map[topology.UnitID]*proto.DesiredState{}, linked: map[topology.UnitID]bool{},
		told: map[topology.UnitID][]uint64{},
	}
	system := actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger {
		return slog.New(slog.DiscardHandler)
	}))
	t.Cleanup(system.Shutdown)
	f, err := SpawnFleet(system, "fleet", FleetConfig{
		Want: copied(w, &w.want), Linked: copied(w, &w.linked), Tell: w.tell,
		Supervise: actor.NewOneForOneStrategy(10, time.Second, actor.DefaultDecider), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return f, w
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Errorf("not within 30 s: %s", what)
}

func TestFleetTellsUnitsThatAreLinked(t *testing.T) {
	f, w := startFleet(t)
	w.set("a", 1, true)
	w.set("b", 1, false)
	f.Changed()
	eventually(t, "a is told", func() bool { return w.last("a") == 1 })
	f.Link("b", true)
	eventually(t, "b is told when it comes up", func() bool { return w.last("b") == 1 })
	w.set("a", 2, true)
	w.set("b", 2, true)
	f.Changed()
	eventually(t, "both are told of the change", func() bool { return w.last("a") == 2 && w.last("b") == 2 })
}

func TestATwinThatFailsBeginsAgainWithAllItNeeds(t *testing.T) {
	f, w := startFleet(t)
	w.panics = 1
	w.set("a", 1, true)
	f.Changed()
	eventually(t, "a is told by the twin's successor", func() bool { f.Audit(); return w.last("a") == 1 })
}

func TestFleetForgetsUnits(t *testing.T) {
	f, w := startFleet(t)
	w.set("a", 1, true)
	f.Changed()
	eventually(t, "a is told", func() bool { return w.last("a") == 1 })
	w.mu.Lock()
	delete(w.want, "a")
	w.mu.Unlock()
	f.Changed()
	w.set("a", 2, true)
	f.Changed()
	eventually(t, "a is told again when it is back", func() bool { f.Audit(); return w.last("a") == 2 })
}
