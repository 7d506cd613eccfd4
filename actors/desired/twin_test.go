package desired

import (
	"testing"
	"time"

	"example.com/weir/actors/proto"
)

var begin = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

func TestTwinTellsUntilItIsConfirmed(t *testing.T) {
	var tw twin
	state := func(revision uint64) *proto.DesiredState { return &proto.DesiredState{Revision: revision} }
	steps := []struct {
		name string
		do   func(now time.Time) *proto.DesiredState
		at   time.Duration
		told uint64 // revision; 0 = nothing
	}{
		{"wanted while down", func(now time.Time) *proto.DesiredState { return tw.change(state(1), now) }, 0, 0},
		{"audit while down", tw.audit, time.Minute, 0},
		{"link comes up", func(now time.Time) *proto.DesiredState { return tw.link(true, now) }, time.Minute, 1},
		{"a moment later", tw.audit, time.Minute + time.Second, 0},
		{"not confirmed", tw.audit, time.Minute + retryAfter, 1},
		{"confirmed", func(time.Time) *proto.DesiredState { tw.confirm(&proto.Applied{Revision: 1}); return nil }, time.Minute + retryAfter, 0},
		{"no need", tw.audit, time.Minute + 3*retryAfter, 0},
		{"periodic", tw.audit, time.Minute + retryAfter + auditEvery, 1},
		{"change", func(now time.Time) *proto.DesiredState { return tw.change(state(2), now) }, 2 * time.Minute, 2},
		{"error", func(time.Time) *proto.DesiredState {
			tw.confirm(&proto.Applied{Revision: 2, Error: []byte("port is taken")})
			return nil
		}, 2 * time.Minute, 0},
		{"the unit tries itself", tw.audit, 2*time.Minute + retryAfter, 0},
		{"next audit", tw.audit, 2*time.Minute + auditEvery, 2},
		{"link goes down", func(now time.Time) *proto.DesiredState { return tw.link(false, now) }, 3 * time.Minute, 0},
		{"and comes back", func(now time.Time) *proto.DesiredState { return tw.link(true, now) }, 3 * time.Minute, 2},
	}
	for _, s := range steps {
		told := s.do(begin.Add(s.at))
		if told.GetRevision() != s.told {
			t.Errorf("%s: told revision %d, want %d", s.name, told.GetRevision(), s.told)
		}
	}
}
