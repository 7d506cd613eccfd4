package unit

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

const (
	// restartFirst and restartLast bound the wait before a restart, which
	// doubles with every failure in restartWindow.
	restartFirst  = 100 * time.Millisecond
	restartLast   = 30 * time.Second
	restartWindow = 10 * time.Minute
)

// Supervision is the whole supervision policy: a failed actor is restarted
// with fresh state after a wait that grows, and never given up. Expected
// failures are values and never get here; what does is a bug, and is logged.
//
// Use it as guardian of root actors and as supervisor of parents.
func Supervision(log *slog.Logger) actor.SupervisorStrategy { return &supervision{log: log} }

type supervision struct{ log *slog.Logger }

func (s *supervision) HandleFailure(_ *actor.ActorSystem, supervisor actor.Supervisor, child *actor.PID, rs *actor.RestartStatistics, reason, message any) {
	rs.Fail()
	n := rs.NumberOfFailures(restartWindow)
	wait := restartWait(n)
	s.log.Error("actor failed", "actor", child.GetId(), "reason", fmt.Sprint(reason),
		"message_type", fmt.Sprintf("%T", message), "failures", n, "restart_in", wait)
	time.AfterFunc(wait, func() { supervisor.RestartChildren(child) })
}

// restartWait is the wait after the n-th failure, give or take a fifth, so
// that actors that failed together do not return together.
func restartWait(n int) time.Duration {
	wait := restartLast
	if shift := n - 1; shift < 10 {
		wait = min(restartFirst<<max(shift, 0), restartLast)
	}
	return time.Duration(float64(wait) * (0.8 + 0.4*rand.Float64()))
}
