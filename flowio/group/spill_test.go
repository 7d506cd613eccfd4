package group

import (
	"errors"
	"strings"
	"testing"
)

// Groups on disk leave it what flows need: the store would remove old flows to
// make room for a query.
func TestSpillLeavesTheDiskToFlows(t *testing.T) {
	s, err := NewSpill(t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	free := int64(5 << 30)
	s.free = func(string) (int64, error) { return free, nil }
	s.Leave(4 << 30)
	r, err := s.create()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	chunk := make([]byte, 1<<20)
	if err := r.write(chunk); err != nil {
		t.Fatal(err)
	}
	free = 4<<30 - 1
	for range 2 * spillCheck >> 20 {
		if err = r.write(chunk); err != nil {
			break
		}
	}
	if !errors.Is(err, ErrBudget) || !strings.Contains(err.Error(), "4096 MiB free that flows need") {
		t.Errorf("%v, want that the disk is left to flows", err)
	}
	other, err := s.create()
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := other.write(chunk); !errors.Is(err, ErrBudget) {
		t.Errorf("%v, want that no other file is begun", err)
	}
}
