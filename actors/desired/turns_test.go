package desired

import (
	"testing"
	"time"

	"example.com/weir/persistence/topology"
)

// step is a look at the candidates a, b and c, preferred first.
type step struct {
	after time.Duration // since the look before
	up    string        // the groups that are up
	want  topology.GroupID
}

// follow lets whoever is chosen forward.
func follow(t *testing.T, present topology.GroupID, steps []step) {
	t.Helper()
	now := time.Unix(1_700_000_000, 0)
	turns := NewTurns(now)
	for i, s := range steps {
		now = now.Add(s.after)
		var candidates []Candidate
		for _, id := range "abc" {
			c := Candidate{Group: topology.GroupID(id)}
			for _, up := range s.up {
				c.IsUp = c.IsUp || up == id
			}
			candidates = append(candidates, c)
		}
		got := turns.Choose(candidates, present, now)
		if got != s.want {
			t.Errorf("look %d: %q should forward, want %q", i, got, s.want)
		}
		if got != "" {
			present = got
		}
	}
}

func TestTheNextTakesOverAtOnceAndGivesBackLater(t *testing.T) {
	follow(t, "a", []step{
		{0, "", ""},
		{time.Second, "b", ""}, // the Master has just started
		{settleFor, "abc", ""},
		{time.Second, "bc", "b"},
		{time.Second, "c", "c"},
		{time.Second, "bc", ""},
		{giveBackAfter, "abc", ""}, // not to b, which would give back to a
		{giveBackAfter, "abc", "a"},
	})
}

func TestNobodyIsUp(t *testing.T) {
	follow(t, "b", []step{
		{0, "", ""},
		{time.Hour, "", ""},
		{time.Second, "c", "c"},
	})
}

func TestOneThatComesAndGoesWaitsLonger(t *testing.T) {
	once := []step{
		{time.Second, "bc", "b"},
		{time.Second, "abc", ""},
		{giveBackAfter - time.Second, "abc", ""},
	}
	steps := []step{{0, "abc", ""}, {settleFor, "abc", ""}}
	steps = append(append(steps, once...), step{time.Second, "abc", "a"})
	steps = append(append(steps, once...), step{time.Second, "abc", ""}, step{giveBackAfter, "abc", "a"})
	steps = append(steps, step{time.Second, "abc", ""}, step{giveBackAtMost + time.Second, "abc", ""}) // all is forgiven
	steps = append(append(steps, once...), step{time.Second, "abc", "a"})
	follow(t, "a", steps)
}

// A group that is preferred from now on, or the first one where the one that
// forwarded is gone, is chosen without delay.
func TestOtherPriorities(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	turns := NewTurns(now)
	look := func(after time.Duration, present topology.GroupID, ids string) topology.GroupID {
		now = now.Add(after)
		var candidates []Candidate
		for _, id := range ids {
			candidates = append(candidates, Candidate{topology.GroupID(id), true})
		}
		return turns.Choose(candidates, present, now)
	}
	look(0, "a", "ab")
	if got := look(time.Minute, "a", "ba"); got != "b" {
		t.Errorf("%q, want the one that is preferred now", got)
	}
	if got := look(time.Second, "a", "bc"); got != "b" {
		t.Errorf("%q, want one of those that are there", got)
	}
}
