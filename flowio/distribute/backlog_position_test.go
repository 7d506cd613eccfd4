package distribute

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBacklogForgetsWhatItHasRead reads a file in part and then to its end, and
// goes on with another process after the next one was begun: what is known of the
// first is not taken for what was read of those that follow.
func TestBacklogForgetsWhatItHasRead(t *testing.T) {
	dir := t.TempDir()
	first := 0
	for range 3 {
		b := openBacklog(t, dir, 1<<30)
		b.add(numbered(first, 100))
		b.done(b.next(nil, 1)[0].octets)
		if got := len(drain(b, 10)); got != 99 {
			t.Fatalf("%d packets after the first, want 99", got)
		}
		b.add(numbered(first+100, 3))
		b.Close()

		again := openBacklog(t, dir, 1<<30)
		want := []int{first + 100, first + 101, first + 102}
		if diff := cmp.Diff(want, drain(again, 10)); diff != "" {
			t.Errorf("another process reads (-want +got):\n%s", diff)
		}
		again.Close()
		first += 1000
	}
}
