// Package frontend holds the built dashboard inside the binary and serves it.
//
// It knows nothing of what the dashboard asks for: GraphQL and REST are other
// handlers, mounted beside this one. The files come from `make ui`, so a
// binary built without Node has only a page that says so.
package frontend

import (
	"embed"
	"io/fs"
	"net/http"
)

//go:embed all:dist
var dist embed.FS

// Handler serves the dashboard. It answers every path: unknown ones get
// index.html, since the dashboard routes them itself. The caller must keep
// paths that mean something else, such as /api/, away from it.
func Handler() http.Handler {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic("frontend: dist is not embedded: " + err.Error()) // go:embed guarantees the folder
	}
	return newSite(files)
}
