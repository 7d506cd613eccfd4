package listen

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// filteredFor is how long a drop of the reverse-path filter is told of:
	// longer than exporters are silent.
	filteredFor = time.Minute

	// lookEvery bounds how often the kernel's counters are read.
	lookEvery = time.Second

	// maxNamed bounds the interfaces that a remedy names.
	maxNamed = 4
)

// ReturnPath watches whether the kernel drops packets because the way back to
// their source leads elsewhere (RFC 3704 section 2, rp_filter of Linux). Flows
// delivered with their exporters' addresses are dropped that way without a trace
// at any socket. The zero ReturnPath is ready and safe for concurrent use.
//
// It sees IPv4 only: for IPv6 the kernel has no such setting. Filters of
// nftables (fib) and iptables (rpfilter) count in their own rules.
type ReturnPath struct {
	root string // of the file system, for tests

	mu      sync.Mutex // guards everything below
	looked  time.Time
	counted uint64    // by the kernel at that time
	since   uint64    // counted when the present drops began
	dropped time.Time // last seen; zero: never
}

// Dropped returns how many packets the kernel has dropped since it started, in
// this network namespace.
func (r *ReturnPath) Dropped() uint64 {
	text, err := os.ReadFile(r.root + "/proc/self/net/netstat")
	if err != nil {
		return 0 // a kernel without it cannot say
	}
	return counterIn(string(text), "TcpExt", "IPReversePathFilter")
}

// Look returns an error with the remedy if packets were dropped within the last
// minute and a filter is on still.
func (r *ReturnPath) Look(now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.looked) >= lookEvery {
		r.lookLocked(now)
	}
	if r.dropped.IsZero() {
		return nil
	}
	filters := r.filters()
	if len(filters) == 0 { // somebody has followed the remedy
		r.dropped = time.Time{}
		return nil
	}
	return fmt.Errorf("the kernel drops packets because the way back to their source leads elsewhere (%d so far, TcpExt IPReversePathFilter); "+
		"flows with their exporters' addresses look like that: with sysctl set %s to 2 if this machine has a default route, else to 0, or use delivery tls",
		r.counted-r.since, strings.Join(filters, ", "))
}

func (r *ReturnPath) lookLocked(now time.Time) {
	n := r.Dropped()
	switch first := r.looked.IsZero(); {
	case first || n < r.counted: // what was before is none of this unit's flows
		r.since = n
	case n > r.counted:
		if r.dropped.IsZero() {
			r.since = r.counted
		}
		r.dropped = now
	case now.Sub(r.dropped) > filteredFor:
		r.dropped = time.Time{}
	}
	r.looked, r.counted = now, n
}

// filters names the settings that are on: the kernel takes the higher one of
// all and of the interface.
func (r *ReturnPath) filters() []string {
	files, _ := filepath.Glob(r.root + "/proc/sys/net/ipv4/conf/*/rp_filter") // only a bad pattern is an error
	var on []string
	for _, file := range files {
		device := filepath.Base(filepath.Dir(file))
		text, err := os.ReadFile(file)
		if mode, numErr := strconv.Atoi(strings.TrimSpace(string(text))); device == "default" || errors.Join(err, numErr) != nil || mode == 0 {
			continue
		}
		on = append(on, "net.ipv4.conf."+device+".rp_filter")
	}
	slices.Sort(on)
	if len(on) > maxNamed {
		on = append(on[:maxNamed], fmt.Sprintf("%d more", len(on)-maxNamed))
	}
	return on
}

// counterIn returns a counter of a protocol in the text of /proc/net/netstat,
// where a line of names stands above a line of numbers; 0 if it is not there.
func counterIn(text, protocol, name string) uint64 {
	var names []string
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] != protocol+":" {
			continue
		}
		if names == nil {
			names = fields
			continue
		}
		i := slices.Index(names, name)
		if i < 0 || i >= len(fields) {
			return 0
		}
		n, _ := strconv.ParseUint(fields[i], 10, 64) // 0 if it is no number
		return n
	}
	return 0
}
