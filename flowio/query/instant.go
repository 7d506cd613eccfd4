package query

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// parseInstant reads an RFC 3339 time, or one relative to now: now, now-1h,
// now-1h30m, now-7d, now+5m. Units are s, m, h, d and w.
func parseInstant(text string, now time.Time) (time.Time, error) {
	rest, relative := strings.CutPrefix(strings.TrimSpace(text), "now")
	if !relative {
		t, err := time.Parse(time.RFC3339, strings.TrimSpace(text))
		if err != nil {
			return time.Time{}, fmt.Errorf("%q is not a time: write 2026-01-31T12:00:00Z or now-1h", text)
		}
		return t, nil
	}
	if rest == "" {
		return now, nil
	}
	d, err := ParseDuration(rest[1:])
	switch {
	case err != nil || rest[0] != '+' && rest[0] != '-':
		return time.Time{}, fmt.Errorf("%q is not a time: write now-1h, now-30m or now-7d", text)
	case rest[0] == '-':
		d = -d
	}
	return now.Add(d), nil
}

// ParseDuration reads a sum of whole numbers with the units s, m, h, d (24 h)
// and w (7 d): 90s, 1h30m, 7d. At least one is needed.
func ParseDuration(text string) (time.Duration, error) {
	var sum time.Duration
	for rest := text; ; {
		end := strings.IndexFunc(rest, func(c rune) bool { return c < '0' || c > '9' })
		if end <= 0 {
			return 0, fmt.Errorf("%q is not a duration: write 90s, 5m, 1h30m or 7d", text)
		}
		n, err := strconv.ParseInt(rest[:end], 10, 64)
		unit := durationUnits[rest[end]]
		if err != nil || unit == 0 || n > int64((math.MaxInt64-sum)/unit) {
			return 0, fmt.Errorf("%q is not a duration: write 90s, 5m, 1h30m or 7d", text)
		}
		sum += time.Duration(n) * unit
		if rest = rest[end+1:]; rest == "" {
			return sum, nil
		}
	}
}

var durationUnits = map[byte]time.Duration{
	's': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour,
}

// niceSteps are the steps that a series without one chooses from.
var niceSteps = []time.Duration{
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
	24 * time.Hour, 7 * 24 * time.Hour, 28 * 24 * time.Hour,
}

// defaultSteps is about how many steps a series has: as many as a chart of
// ordinary width shows apart.
const defaultSteps = 100

// niceStep returns the step that cuts d nearest to defaultSteps times.
func niceStep(d time.Duration) time.Duration {
	best := niceSteps[0]
	for _, s := range niceSteps {
		if math.Abs(float64(d/defaultSteps-s)) < math.Abs(float64(d/defaultSteps-best)) {
			best = s
		}
	}
	return best
}
