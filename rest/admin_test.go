package rest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/weir/persistence/topology"
)

func TestAdmin(t *testing.T) {
	checks := []topology.Check{{Name: "flowstore", OK: true}}
	counter := prometheus.NewCounter(prometheus.CounterOpts{Name: "weir_test_total", Help: "A test."})
	registry := prometheus.NewRegistry()
	registry.MustRegister(counter)
	admin := Admin(func() []topology.Check { return checks }, registry, Version{Version: "1.2.3"})
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		admin.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w
	}
	tests := []struct {
		path, want string
		status     int
	}{
		{"/healthz", "ok\n", 200},
		{"/readyz", "[+] flowstore ok\n", 200},
		{"/version", `"version":"1.2.3"`, 200},
		{"/metrics", "weir_test_total 0", 200},
		{"/debug/pprof/", "goroutine", 200},
	}
	for _, test := range tests {
		if w := get(test.path); w.Code != test.status || !strings.Contains(w.Body.String(), test.want) {
			t.Errorf("%s = %d %s, want %d with %q", test.path, w.Code, w.Body, test.status, test.want)
		}
	}
	checks = append(checks, topology.Check{Name: "control", Reason: "no master heard for 12s"})
	want := "[+] flowstore ok\n[-] control: no master heard for 12s\n"
	if w := get("/readyz"); w.Code != http.StatusServiceUnavailable || w.Body.String() != want {
		t.Errorf("/readyz = %d %q, want 503 %q", w.Code, w.Body, want)
	}
	if w := get("/healthz"); w.Code != 200 {
		t.Errorf("/healthz of a unit that is not ready = %d", w.Code)
	}
}
