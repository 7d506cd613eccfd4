package rest

import (
	"net/http"
	"testing"
)

// ServeFake is serve for tests outside of the package. Ended reports how a
// query ended.
func ServeFake(t *testing.T) (s served, ended func(id string) string) {
	s = serve(t)
	return s, func(id string) string {
		job, err := s.Job(id)
		if err != nil {
			return err.Error()
		}
		return string(job.State)
	}
}

// ServeHTTP makes a served API an http.Handler.
func (s served) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }
