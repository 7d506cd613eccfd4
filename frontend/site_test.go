package frontend

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func packed(t *testing.T, text string) *fstest.MapFile {
	t.Helper()
	var b bytes.Buffer
	zw := gzip.NewWriter(&b)
	if _, err := zw.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	return &fstest.MapFile{Data: b.Bytes()}
}

func get(h http.Handler, path, accept string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if accept != "" {
		r.Header.Set("Accept-Encoding", accept)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestSite(t *testing.T) {
	h := newSite(fstest.MapFS{
		"index.html.gz":       packed(t, "<p>index"),
		"graphiql.html":       {Data: []byte("<p>explorer")},
		"assets/app-1a.js.gz": packed(t, "let a"),
		"assets/logo-2b.png":  {Data: []byte("png")},
		"icon.svg.gz":         packed(t, "<svg/>"),
	})
	tests := []struct {
		name, path, accept         string
		status                     int
		body, encoding, kind, keep string
	}{
		{"root", "/", "", 200, "<p>index", "", "text/html", cacheNever},
		{"route of the dashboard", "/explore/x", "", 200, "<p>index", "", "text/html", cacheNever},
		{"explorer of the API", "/graphiql", "", 200, "<p>explorer", "", "text/html", cacheNever},
		{"file at the root", "/icon.svg", "", 200, "<svg/>", "", "image/svg+xml", cacheNever},
		{"asset", "/assets/app-1a.js", "", 200, "let a", "", "text/javascript; charset=utf-8", cacheForever},
		{"asset stored plain", "/assets/logo-2b.png", "gzip", 200, "png", "", "image/png", cacheForever},
		{"gzip", "/assets/app-1a.js", "br, gzip;q=0.5", 200, "", "gzip", "text/javascript", cacheForever},
		{"gzip refused", "/assets/app-1a.js", "gzip;q=0", 200, "let a", "", "text/javascript", cacheForever},
		{"old asset", "/assets/app-0.js", "", 404, "404 page not found\n", "", "text/plain", ""},
		{"stored form", "/assets/app-1a.js.gz", "", 404, "404 page not found\n", "", "text/plain", ""},
		{"climbing out", "/assets/../../etc/passwd", "", 200, "<p>index", "", "text/html", cacheNever},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := get(h, tt.path, tt.accept)
			if w.Code != tt.status {
				t.Errorf("status %d, want %d", w.Code, tt.status)
			}
			if tt.encoding == "" && w.Body.String() != tt.body {
				t.Errorf("body %q, want %q", w.Body, tt.body)
			}
			for name, want := range map[string]string{"Content-Encoding": tt.encoding, "Cache-Control": tt.keep} {
				if got := w.Header().Get(name); got != want {
					t.Errorf("%s %q, want %q", name, got, want)
				}
			}
			if got := w.Header().Get("Content-Type"); !strings.HasPrefix(got, tt.kind) {
				t.Errorf("Content-Type %q, want %q", got, tt.kind)
			}
			if !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'self'") {
				t.Error("no content policy")
			}
		})
	}
}

func TestSiteWithoutBuild(t *testing.T) {
	w := get(newSite(fstest.MapFS{".gitkeep": {}}), "/topology", "")
	if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "make ui") {
		t.Errorf("%d %q, want 404 with the remedy", w.Code, w.Body)
	}
}

// The explorer's page allows no more than its editor needs.
func TestExplorerPolicy(t *testing.T) {
	w := get(newSite(fstest.MapFS{"graphiql.html": {}}), "/graphiql", "")
	policy := w.Header().Get("Content-Security-Policy")
	if policy != explorerPolicy || strings.Contains(policy, "script-src") || strings.Contains(policy, "http") {
		t.Errorf("policy %q lets scripts in, or something from elsewhere", policy)
	}
	if w := get(newSite(fstest.MapFS{"index.html": {}}), "/graphiql", ""); w.Code != http.StatusNotFound {
		t.Errorf("status %d without the page, want 404", w.Code)
	}
}

func TestSiteIsReadOnly(t *testing.T) {
	w := httptest.NewRecorder()
	newSite(fstest.MapFS{}).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("status %d, want 405", w.Code)
	}
}
