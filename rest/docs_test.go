package rest

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"example.com/weir/persistence/mastertest"
)

// TestTheAPIBrowserNeedsNothingFromElsewhere follows what the page loads.
func TestTheAPIBrowserNeedsNothingFromElsewhere(t *testing.T) {
	handler := New(Config{Master: mastertest.New(), Docs: Docs()})
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w
	}
	if w := get("/api/docs"); w.Code != http.StatusMovedPermanently || w.Header().Get("Location") != "/api/docs/" {
		t.Errorf("without a slash: %d to %s", w.Code, w.Header().Get("Location"))
	}
	page := get("/api/docs/")
	if page.Code != http.StatusOK || !strings.Contains(page.Header().Get("Content-Security-Policy"), "default-src 'self'") {
		t.Fatalf("the page: %d %v", page.Code, page.Header())
	}
	loaded := regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(page.Body.String(), -1)
	if len(loaded) != 3 {
		t.Errorf("the page loads %q", loaded)
	}
	for _, l := range loaded {
		w := get("/api/docs/" + l[1])
		body := io.Reader(w.Body)
		if w.Header().Get("Content-Encoding") == "gzip" {
			var err error
			if body, err = gzip.NewReader(body); err != nil {
				t.Fatal(err)
			}
		}
		text, err := io.ReadAll(body)
		if w.Code != http.StatusOK || err != nil || len(text) == 0 || strings.Contains(w.Header().Get("Content-Type"), "html") {
			t.Errorf("%s: %d, %d octets of %s, %v", l[1], w.Code, len(text), w.Header().Get("Content-Type"), err)
		}
	}
	if w := get("/api/docs/none.js"); w.Code != http.StatusNotFound {
		t.Errorf("a file that is none: %d", w.Code)
	}
}
