package unit

import (
	"context"
	"errors"
	"fmt"

	"github.com/asynkron/protoactor-go/actor"
)

// ErrNoActor reports that nobody was there to answer.
var ErrNoActor = errors.New("actor does not exist")

// Ask sends m to an actor of this process and waits for the reply or the end
// of ctx. Never call it in an actor: its Receive must not wait.
//
// The engine's own futures race a late reply against their timeout.
func Ask[T any](ctx context.Context, system *actor.ActorSystem, pid *actor.PID, m any) (T, error) {
	var none T
	q := question(make(chan any, 1))
	self, ok := system.ProcessRegistry.Add(q, "ask"+system.ProcessRegistry.NextId())
	if !ok {
		return none, fmt.Errorf("ask %s: no free name", pid.GetId())
	}
	defer system.ProcessRegistry.Remove(self)
	system.Root.RequestWithCustomSender(pid, m, self)
	select {
	case answer := <-q:
		switch a := answer.(type) {
		case T:
			return a, nil
		case error:
			return none, a
		case *actor.DeadLetterResponse:
			return none, fmt.Errorf("ask %s: %w", pid.GetId(), ErrNoActor)
		}
		return none, fmt.Errorf("ask %s: answer of type %T", pid.GetId(), answer)
	case <-ctx.Done():
		return none, fmt.Errorf("ask %s: %w", pid.GetId(), context.Cause(ctx))
	}
}

// question is a process that takes one answer.
type question chan any

var _ actor.Process = question(nil)

func (q question) SendUserMessage(_ *actor.PID, m any) {
	_, answer, _ := actor.UnwrapEnvelope(m)
	select {
	case q <- answer:
	default: // a second answer is nobody's
	}
}

func (q question) SendSystemMessage(*actor.PID, any) {}

func (q question) Stop(*actor.PID) {}
