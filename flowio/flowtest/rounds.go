package flowtest

import (
	"os"
	"strconv"
)

// slower is how many times as slow the race detector makes code that compares
// with brute force.
const slower = 10

// Rounds returns how many rounds a property test runs where n are enough: n
// times what WEIR_ROUNDS says, see `make rounds`. Under the race detector it is a
// tenth of n, and at least one: what goroutines share, which it looks for, is the
// same in every round.
func Rounds(n int) int {
	if times, err := strconv.Atoi(os.Getenv("WEIR_ROUNDS")); err == nil && times > 0 {
		n *= times
	}
	if raceDetector {
		return max(1, n/slower)
	}
	return n
}
