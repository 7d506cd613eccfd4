package rest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/pprof"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"example.com/weir/persistence/topology"
)

// Admin returns the handler for the admin address, which every unit has. It
// asks for no credentials: the address is loopback unless configured
// otherwise, and profiles and metrics are not for everybody. Version is
// answered as JSON.
func Admin(checks func() []topology.Check, metrics prometheus.Gatherer, version any) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		status, text := readiness(checks())
		plain(w, status, text)
	})
	mux.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(version) // a caller that is gone needs no answer
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}

// readiness returns 200 if every check is good, and one line per check.
func readiness(checks []topology.Check) (status int, text string) {
	status = http.StatusOK
	for _, c := range checks {
		if c.OK {
			text += fmt.Sprintf("[+] %s ok\n", c.Name)
			continue
		}
		status = http.StatusServiceUnavailable
		text += fmt.Sprintf("[-] %s: %s\n", c.Name, c.Reason)
	}
	return status, text
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	fmt.Fprint(w, text)
}
