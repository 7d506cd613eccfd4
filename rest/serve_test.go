package rest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/weir/persistence/mastertest"
)

// served is an API over a Master.
type served struct {
	*mastertest.Master
	handler http.Handler
}

func serve(t *testing.T) served {
	t.Helper()
	m := mastertest.New()
	return served{m, New(Config{
		Master:  m,
		Graph:   http.HandlerFunc(answerCaller),
		Console: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "console") }),
		Docs:    http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "docs ", r.URL.Path) }),
		Version: Version{Version: "1.2.3"},
	})}
}

// answerCaller stands for GraphQL: it says whom it sees.
func answerCaller(w http.ResponseWriter, r *http.Request) {
	p, known := PrincipalFrom(r.Context())
	fmt.Fprintf(w, "%t %s %s", known, p.Name, r.Header.Get("Authorization"))
}

// ask sends a request as the holder of a token; headers are "Name: value".
func (s served) ask(token, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w
}
