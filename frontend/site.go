package frontend

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// The build compresses text once (scripts/precompress.mjs) and keeps only the
// compressed file, which spares the binary about two thirds of the bytes.
const gzSuffix = ".gz"

// Assets carry a hash of their content in their name, so they never change.
const (
	assetsFolder = "assets/"
	cacheForever = "public, max-age=31536000, immutable"
	cacheNever   = "no-cache"
)

// contentPolicy allows nothing from elsewhere. Inline style elements are the
// component library's; inline scripts and attributes are not allowed.
const contentPolicy = "default-src 'self'; script-src 'self'; " +
	"style-src-elem 'self' 'unsafe-inline'; style-src-attr 'none'; " +
	"img-src 'self' data:; font-src 'self'; connect-src 'self'; object-src 'none'; " +
	"base-uri 'self'; form-action 'self'; frame-ancestors 'none'"

// The explorer of the GraphQL API is a page of its own beside the dashboard.
// Its editor sets styles in attributes.
const (
	explorer       = "graphiql"
	explorerPage   = "graphiql.html"
	explorerPolicy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; " +
		"object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)

// site serves the files of a built dashboard.
type site struct {
	files fs.FS
}

func newSite(files fs.FS) http.Handler { return &site{files: files} }

// ServeHTTP implements http.Handler.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "the dashboard is only read", http.StatusMethodNotAllowed)
		return
	}
	setPolicy(w.Header())
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	switch {
	case name == explorer:
		w.Header().Set("Content-Security-Policy", explorerPolicy)
		if !s.serve(w, r, explorerPage, cacheNever) {
			serveMissing(w)
		}
	case strings.HasPrefix(name, assetsFolder):
		if !s.serve(w, r, name, cacheForever) {
			http.NotFound(w, r)
		}
	case name != "" && s.serve(w, r, name, cacheNever):
	case s.serve(w, r, "index.html", cacheNever):
	default:
		serveMissing(w)
	}
}

func setPolicy(h http.Header) {
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}

// serve answers with the named file and reports whether there is one.
func (s *site) serve(w http.ResponseWriter, r *http.Request, name, cache string) bool {
	if strings.HasSuffix(name, gzSuffix) {
		return false // the stored form is not a name of its own
	}
	packed, err := fs.ReadFile(s.files, name+gzSuffix)
	if err != nil {
		plain, err := fs.ReadFile(s.files, name)
		if err != nil {
			return false
		}
		write(w, r, name, cache, plain)
		return true
	}
	w.Header().Set("Vary", "Accept-Encoding")
	if acceptsGzip(r.Header.Values("Accept-Encoding")) {
		w.Header().Set("Content-Encoding", "gzip")
		write(w, r, name, cache, packed)
		return true
	}
	plain, err := unpack(packed)
	if err != nil {
		http.Error(w, "unpack "+name+": "+err.Error(), http.StatusInternalServerError)
		return true
	}
	write(w, r, name, cache, plain)
	return true
}

func write(w http.ResponseWriter, r *http.Request, name, cache string, body []byte) {
	w.Header().Set("Content-Type", contentType(name))
	w.Header().Set("Cache-Control", cache)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client left: nothing to do
	}
}

func contentType(name string) string {
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

func unpack(packed []byte) ([]byte, error) {
	zr, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(zr)
}

// acceptsGzip reports whether an Accept-Encoding allows gzip.
func acceptsGzip(values []string) bool {
	for _, value := range values {
		for part := range strings.SplitSeq(value, ",") {
			coding, params, _ := strings.Cut(strings.TrimSpace(part), ";")
			coding = strings.ToLower(strings.TrimSpace(coding))
			if (coding == "gzip" || coding == "*") && !refused(params) {
				return true
			}
		}
	}
	return false
}

// refused reports whether the parameters of a coding carry a weight of zero.
func refused(params string) bool {
	_, weight, ok := strings.Cut(strings.ReplaceAll(params, " ", ""), "q=")
	if !ok {
		return false
	}
	q, err := strconv.ParseFloat(weight, 64)
	return err == nil && q == 0
}

// missingPage is what a binary built without the dashboard shows.
const missingPage = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>weir</title>
<h1>The dashboard is not in this binary</h1>
<p>It was built without the frontend. Run <code>make ui</code> (needs Node and npm),
then <code>make build</code>, and start the new <code>bin/weir</code>.</p>
<p>The APIs work without it: GraphQL at <code>/graphql</code>, REST at <code>/api/v1</code>.</p>
</html>
`

func serveMissing(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", cacheNever)
	w.WriteHeader(http.StatusNotFound)
	_, _ = io.WriteString(w, missingPage)
}
