package desired

import (
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/weir/actors/proto"
	"example.com/weir/persistence/configdb"
	"example.com/weir/persistence/identity"
)

// unitDB opens the database of a unit in dir.
func unitDB(t *testing.T, dir string) *configdb.Unit {
	t.Helper()
	db, err := configdb.OpenUnit(dir, identity.Peer{Cluster: "c", Role: "slave", UnitID: "u"})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// bench is an Applier with what it did.
type bench struct {
	*Applier
	mu      sync.Mutex // guards everything below
	applied []uint64
	fail    error
	answers []*proto.Applied
	check   error
}

func newBench(db *configdb.Unit) *bench {
	b := &bench{}
	b.Applier = NewApplier(ApplierConfig{
		DB: db, Log: slog.New(slog.DiscardHandler),
		Apply: func(d *proto.DesiredState) error {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.applied = append(b.applied, d.GetRevision())
			return b.fail
		},
		Answer: func(a *proto.Applied) { b.mu.Lock(); defer b.mu.Unlock(); b.answers = append(b.answers, a) },
		Check:  func(err error) { b.mu.Lock(); defer b.mu.Unlock(); b.check = err },
	})
	return b
}

func (b *bench) last() *proto.Applied {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.answers) == 0 {
		return nil
	}
	return b.answers[len(b.answers)-1]
}

func state(epoch, revision uint64, owner string) *proto.DesiredState {
	return &proto.DesiredState{Epoch: epoch, Revision: revision, Owner: []byte(owner)}
}

func TestApplierFence(t *testing.T) {
	db := unitDB(t, t.TempDir())
	defer db.Close()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(db)
		b.Start()
		if !errors.Is(b.check, errNothing) {
			t.Errorf("check before the first state: %v", b.check)
		}
		offer := func(d *proto.DesiredState) *proto.Applied {
			b.Offer(d)
			synctest.Wait()
			return b.last()
		}
		if a := offer(state(2, 7, "m")); a.GetRevision() != 7 || len(a.GetError()) > 0 || b.Revision() != 7 || b.check != nil {
			t.Errorf("first state: answer %v, revision %d, check %v", a, b.Revision(), b.check)
		}
		n := len(b.answers)
		if offer(state(2, 6, "m")); len(b.answers) != n || b.Revision() != 7 {
			t.Error("an older revision was not ignored")
		}
		if a := offer(state(1, 9, "old")); !a.GetDeposed() || a.GetEpoch() != 2 || b.Revision() != 7 {
			t.Errorf("a deposed Master: answer %v, revision %d", a, b.Revision())
		}
		if a := offer(state(2, 7, "m")); a.GetRevision() != 7 || a.GetDeposed() {
			t.Errorf("the same again: answer %v", a)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestApplierTriesAgain(t *testing.T) {
	db := unitDB(t, t.TempDir())
	defer db.Close()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(db)
		b.fail = errors.New("udp port 2055 is taken")
		b.Start()
		b.Offer(state(1, 1, "m"))
		synctest.Wait()
		if a := b.last(); string(a.GetError()) != b.fail.Error() || b.Revision() != 0 || b.check == nil {
			t.Errorf("answer %v, revision %d, check %v", a, b.Revision(), b.check)
		}
		b.mu.Lock()
		b.fail = nil
		b.mu.Unlock()
		time.Sleep(applyAgainAfter + time.Second)
		synctest.Wait()
		if a := b.last(); len(a.GetError()) > 0 || b.Revision() != 1 || b.check != nil {
			t.Errorf("after the port was freed: answer %v, revision %d, check %v", a, b.Revision(), b.check)
		}
		b.Close()
	})
}

func TestApplierWorksFromWhatWasKept(t *testing.T) {
	dir := t.TempDir()
	db := unitDB(t, dir)
	b := newBench(db)
	b.Start()
	b.Offer(state(1, 3, "m"))
	for deadline := time.Now().Add(5 * time.Second); b.Revision() != 3 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	b.Close()
	db.Close()

	db = unitDB(t, dir)
	defer db.Close()
	b = newBench(db)
	b.Start()
	defer b.Close()
	if b.Revision() != 3 {
		t.Errorf("after a restart without the unit above: revision %d, want 3", b.Revision())
	}
}
