package desired

import (
	"time"

	"example.com/weir/actors/proto"
)

const (
	// auditEvery is how often a unit gets its whole desired state although it
	// has confirmed it: control messages are delivered at most once.
	auditEvery = 30 * time.Second

	// retryAfter is how long a unit may take to confirm before it is told again.
	retryAfter = 3 * time.Second
)

// twin reconciles one unit: what it should do and what it has confirmed. It never sends; its methods return what to send, nil
// for nothing.
type twin struct {
	linked  bool
	desired *proto.DesiredState
	applied uint64    // revision that the unit confirmed since the link came up
	failed  bool      // its last answer was an error
	sent    time.Time // when it was last told
}

// link notes that the link came up or went down. A unit that comes up is told
// at once.
func (t *twin) link(up bool, now time.Time) *proto.DesiredState {
	t.linked, t.applied, t.failed = up, 0, false
	return t.tell(now)
}

// change notes what the unit should do from now on.
func (t *twin) change(d *proto.DesiredState, now time.Time) *proto.DesiredState {
	t.desired, t.failed = d, false
	return t.tell(now)
}

// confirm notes the unit's answer.
func (t *twin) confirm(a *proto.Applied) {
	t.failed = len(a.GetError()) > 0
	if !t.failed {
		t.applied = max(t.applied, a.GetRevision())
	}
}

// audit lets time pass.
func (t *twin) audit(now time.Time) *proto.DesiredState {
	wait := auditEvery
	if t.applied < t.desired.GetRevision() && !t.failed {
		wait = retryAfter
	}
	if now.Sub(t.sent) < wait {
		return nil
	}
	return t.tell(now)
}

func (t *twin) tell(now time.Time) *proto.DesiredState {
	if !t.linked || t.desired == nil {
		return nil
	}
	t.sent = now
	return t.desired
}
