package rest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// deadlines notes the read deadlines of a connection.
type deadlines struct {
	*httptest.ResponseRecorder
	set []time.Time
}

func (d *deadlines) SetReadDeadline(at time.Time) error {
	d.set = append(d.set, at)
	return nil
}

// A body must come in time; what follows it may take longer.
func TestABodyHasItsTime(t *testing.T) {
	s := serve(t)
	r := httptest.NewRequest(http.MethodPost, "/api/v1/session", strings.NewReader(`{"token":"viewer"}`))
	r.Header.Set("Content-Type", "application/json")
	w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	s.handler.ServeHTTP(w, r)
	if w.Code != http.StatusOK || len(w.set) != 2 || w.set[0].After(time.Now().Add(bodyTime)) || !w.set[1].IsZero() {
		t.Errorf("status %d, deadlines %v, want one within %v and none after the body", w.Code, w.set, bodyTime)
	}
	w = &deadlines{ResponseRecorder: httptest.NewRecorder()}
	s.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/v1/openapi.json", nil))
	if len(w.set) != 0 {
		t.Errorf("without a body: deadlines %v", w.set)
	}
}
