package master

import (
	"log/slog"
)

// Config says how this Master starts.
type Config struct {
	DataDir string
	Name    string // of the unit, unique in the deployment
	Control string // host:port other units reach it at, TCP 2210 by custom
	Query   string // host:port of its end of the query plane; Masters only ask
	// MaxQueries is how many queries are asked at once; the rest wait. 0: by the
	// number of processors.
	MaxQueries int
	Version    string       // shown to other units
	Log        *slog.Logger // nil: discarded
}
