package unit

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

func quietSystem() *actor.ActorSystem {
	return actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) }))
}

func TestAsk(t *testing.T) {
	system := quietSystem()
	refused := errors.New("refused")
	pid := system.Root.Spawn(actor.PropsFromFunc(func(ctx actor.Context) {
		switch m := ctx.Message().(type) {
		case int:
			ctx.Respond(m + 1)
			ctx.Respond(m + 2) // is nobody's
		case error:
			ctx.Respond(m)
		}
	}))
	if got, err := Ask[int](t.Context(), system, pid, 41); got != 42 || err != nil {
		t.Errorf("Ask = %d, %v, want 42", got, err)
	}
	if _, err := Ask[int](t.Context(), system, pid, refused); !errors.Is(err, refused) {
		t.Errorf("Ask = %v, want the actor's error", err)
	}
	if _, err := Ask[string](t.Context(), system, pid, 41); err == nil {
		t.Error("an answer of the wrong type was accepted")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := Ask[int](ctx, system, pid, "no answer"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Ask = %v, want the deadline", err)
	}
	if _, err := Ask[int](t.Context(), system, actor.NewPID(system.Address(), "nobody"), 1); !errors.Is(err, ErrNoActor) {
		t.Errorf("Ask = %v, want ErrNoActor", err)
	}
}

func TestSupervisionRestartsForEver(t *testing.T) {
	system := quietSystem()
	var lives atomic.Int64
	done := make(chan struct{})
	const failures = 3
	pid := system.Root.Spawn(actor.PropsFromFunc(func(ctx actor.Context) {
		switch m := ctx.Message().(type) {
		case *actor.Started:
			lives.Add(1)
		case string:
			if lives.Load() <= failures {
				panic(m)
			}
			close(done)
		}
	}, actor.WithGuardian(Supervision(slog.New(slog.DiscardHandler)))))
	for range failures + 1 {
		system.Root.Send(pid, "bug")
	}
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatalf("not restarted: %d lives", lives.Load())
	}
}

func TestRestartWaitGrowsToItsCap(t *testing.T) {
	for _, test := range []struct {
		n           int
		least, most time.Duration
	}{{0, 80, 120}, {1, 80, 120}, {3, 320, 480}, {9, 20480, 30720}, {10, 24000, 36000}, {1000, 24000, 36000}} {
		if got := restartWait(test.n); got < test.least*time.Millisecond || got > test.most*time.Millisecond {
			t.Errorf("wait after failure %d = %s, want %d to %d ms", test.n, got, test.least, test.most)
		}
	}
}
