package rest

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"example.com/weir/persistence/access"
)

func request(from string) *http.Request { return &http.Request{RemoteAddr: from} }

func TestWrongTokensAreLimited(t *testing.T) {
	l := newLimits()
	for i := range failureBurst {
		if !l.failure(request("192.0.2.1:4000")) {
			t.Fatalf("refused after %d", i)
		}
	}
	if l.failure(request("192.0.2.1:4001")) {
		t.Error("another port gets more")
	}
	if !l.failure(request("192.0.2.2:4000")) || !l.request(access.Principal{TokenID: "t"}) {
		t.Error("others are refused too")
	}
	for range failureBurst {
		l.failure(request("[2001:db8::1]:1"))
	}
	if l.failure(request("[2001:db8::ffff]:1")) {
		t.Error("another address of the same host gets more")
	}
}

// A token that asks too much does not lose the connections that it has open.
func TestTooManyRequestsEndNoConnection(t *testing.T) {
	s := serve(t)
	g := newGate(s.Master)
	r := &http.Request{Header: http.Header{"Authorization": {"Bearer viewer"}}, RemoteAddr: "192.0.2.1:1"}
	for g.limits.request(access.Principal{TokenID: "t1"}) {
	}
	if _, err := g.caller(r); !errors.Is(err, errTooFast) {
		t.Fatalf("caller = %v, want %v", err, errTooFast)
	}
	if !g.accepts(r) {
		t.Error("the connection ends though its token is good")
	}
	r.Header.Set("Authorization", "Bearer wrong")
	if g.accepts(r) {
		t.Error("a wrong token is accepted")
	}
}

func TestLimitsAreBounded(t *testing.T) {
	l := newLimits()
	for i := range 2 * maxLimited {
		l.request(access.Principal{TokenID: string(rune(i + 0x10000))})
	}
	if len(l.requests) > maxLimited {
		t.Errorf("%d tokens are counted, want at most %d", len(l.requests), maxLimited)
	}
}

func TestTooManyRequestsSayWhenToComeBack(t *testing.T) {
	s := serve(t)
	for range failureBurst {
		if w := s.ask("nobody", "GET", "/api/v1/topology", ""); w.Code != http.StatusUnauthorized {
			t.Fatalf("a wrong token: %d %s", w.Code, w.Body)
		}
	}
	w := s.ask("nobody", "GET", "/api/v1/topology", "")
	if w.Code != http.StatusTooManyRequests || !strings.Contains(w.Body.String(), codeRateLimited) || w.Header().Get("Retry-After") == "" {
		t.Errorf("one too many: %d %s, Retry-After %q", w.Code, w.Body, w.Header().Get("Retry-After"))
	}
	if w := s.ask("viewer", "GET", "/api/v1/topology", ""); w.Code != http.StatusOK {
		t.Errorf("a right token from the same address: %d", w.Code)
	}
}
