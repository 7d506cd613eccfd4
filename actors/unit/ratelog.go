package unit

import (
	"log/slog"
	"net"
	"sync"
	"time"
)

const (
	// repeatAfter is how long the same warning about the same peer is kept
	// quiet: a refused unit tries every few seconds, for ever.
	repeatAfter = time.Minute

	// maxQuiet bounds what is remembered. Beyond it everything is forgotten,
	// which costs some lines and no memory.
	maxQuiet = 512
)

// rateLog warns about peers that anybody can play, without letting them fill
// the log.
type rateLog struct {
	log *slog.Logger
	now func() time.Time

	mu   sync.Mutex
	last map[string]time.Time
}

func newRateLog(log *slog.Logger) *rateLog {
	return &rateLog{log: log, now: time.Now, last: make(map[string]time.Time)}
}

// about returns a log for one line that says why a connection from a remote
// address was refused; it keeps quiet if that was said a short while ago. The
// port of the peer changes with every try and does not make it another peer.
func (r *rateLog) about(from net.Addr, reason string) *slog.Logger {
	host, _, err := net.SplitHostPort(from.String())
	if err != nil {
		host = from.String()
	}
	if r.quiet(host + reason) {
		return slog.New(slog.DiscardHandler)
	}
	return r.log.With("remote_address", from.String(), "reason", reason)
}

func (r *rateLog) quiet(key string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if last, ok := r.last[key]; ok && now.Sub(last) < repeatAfter {
		return true
	}
	if len(r.last) >= maxQuiet {
		clear(r.last)
	}
	r.last[key] = now
	return false
}
