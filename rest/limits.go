package rest

import (
	"net/http"
	"net/netip"
	"sync"

	"golang.org/x/time/rate"

	"example.com/weir/persistence/access"
)

const (
	// requestsPerSecond and requestBurst bound what one token may ask. A
	// dashboard sends a few requests per second, a script that walks every
	// page some hundred; beyond that something runs in a circle.
	requestsPerSecond, requestBurst = 500, 1000

	// failuresPerSecond and failureBurst bound the wrong tokens of one address.
	// They cannot be guessed; this keeps somebody who tries from filling the
	// log. Right tokens from the same address still pass.
	failuresPerSecond, failureBurst = 1, 20

	// maxLimited bounds the tokens and the addresses that are counted, about
	// 150 octets each. Beyond it some are forgotten and begin anew.
	maxLimited = 4096
)

// errTooFast refuses a caller that asks too often.
var errTooFast = &refusal{
	status: http.StatusTooManyRequests, code: codeRateLimited,
	detail: "too many requests; wait as long as Retry-After says",
}

// limits bounds how often callers may ask. It is safe for concurrent use.
type limits struct {
	mu       sync.Mutex // guards everything below
	requests map[string]*rate.Limiter
	failures map[netip.Prefix]*rate.Limiter
}

func newLimits() *limits {
	return &limits{requests: map[string]*rate.Limiter{}, failures: map[netip.Prefix]*rate.Limiter{}}
}

// request reports whether a caller may ask once more.
func (l *limits) request(p access.Principal) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return limiter(l.requests, p.TokenID, requestsPerSecond, requestBurst).Allow()
}

// failure notes a wrong token and reports whether its sender may try another.
func (l *limits) failure(r *http.Request) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return limiter(l.failures, networkOf(r), failuresPerSecond, failureBurst).Allow()
}

// limiter returns the limiter of a key, which it makes if need be.
func limiter[K comparable](all map[K]*rate.Limiter, key K, perSecond rate.Limit, burst int) *rate.Limiter {
	l := all[key]
	if l != nil {
		return l
	}
	for old := range all {
		if len(all) < maxLimited {
			break
		}
		delete(all, old)
	}
	l = rate.NewLimiter(perSecond, burst)
	all[key] = l
	return l
}

// networkOf returns the address that r came from, of IPv6 the subnet: a host
// has as many addresses there as it likes.
func networkOf(r *http.Request) netip.Prefix {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Prefix{}
	}
	a, bits := from.Addr().Unmap(), 32
	if a.Is6() {
		bits = 64
	}
	network, _ := a.WithZone("").Prefix(bits) // the length fits the family
	return network
}
