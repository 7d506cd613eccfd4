package rest

import (
	"embed"
	"io/fs"
	"net/http"

	"github.com/swaggest/swgui/v5/static"
)

//go:embed docs
var docsFiles embed.FS

// docsAssets are the parts of Swagger UI that the page uses, by name; they are
// packed with gzip, which every browser takes.
var docsAssets = map[string]string{
	"/swagger-ui.css":       "text/css; charset=utf-8",
	"/swagger-ui-bundle.js": "text/javascript; charset=utf-8",
}

// Docs returns the browser of the API, to be served below a path of its own.
// It loads nothing from elsewhere, has no inline script, and asks for no
// credentials: what it shows is the description of the API.
func Docs() http.Handler {
	own, err := fs.Sub(docsFiles, "docs")
	if err != nil {
		panic("rest: the API browser is not part of the program: " + err.Error())
	}
	pages := http.FileServerFS(own)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mediaType, isAsset := docsAssets[r.URL.Path]
		if !isAsset {
			pages.ServeHTTP(w, r)
			return
		}
		packed, err := static.FS.ReadFile(r.URL.Path[1:] + ".gz")
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", mediaType)
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(packed) // a browser that is gone needs no page
	})
}
