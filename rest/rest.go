package rest

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/query"
	"example.com/weir/flowio/source"
	"example.com/weir/persistence/access"
	"example.com/weir/persistence/topology"
)

const (
	basePath = "/api/v1"

	// maxBody bounds a request body. The largest legitimate one is a query
	// with a filter of 64 KiB.
	maxBody = 1 << 20
)

// Master is what this package needs of the running Master. Its methods are
// safe for concurrent use.
type Master interface {
	Topology() topology.View
	Apply(ctx context.Context, c topology.Change) (topology.Outcome, error)
	Actions() []topology.Action

	StartQuery(ctx context.Context, r query.Request, actor string) (query.Job, error)
	WaitQuery(ctx context.Context, id string) (query.Job, error)
	Job(id string) (query.Job, error)
	Jobs() []query.Job
	Result(id string) (*query.Result, error)
	StopQuery(id string) error
	CancelQuery(id string) error
	StreamFlows(ctx context.Context, r query.Request, emit func(*query.Plan, *flow.Batch) error) (query.FlowsEnd, error)
	Ledger(ctx context.Context) ([]ledger.Unit, error)
	Sources(ctx context.Context) ([]source.Unit, error)

	Authenticate(token string) (access.Principal, error)
	Tokens() []access.Token
	CreateToken(ctx context.Context, name string, role access.Role, expires time.Time, actor string) (secret string, t access.Token, err error)
	RevokeToken(id, actor string) error
	CreateJoinToken(ctx context.Context, role topology.Role, unit topology.UnitID, ttl time.Duration, actor string) (string, error)
}

// Config is what New needs.
type Config struct {
	Master  Master
	Graph   http.Handler // serves /graphql; it finds the caller with PrincipalFrom
	Docs    http.Handler // serves the API browser below /api/docs/; nil: there is none
	Console http.Handler // serves every other path; nil: there is none
	Version Version
	Log     *slog.Logger
}

// api implements the operations of openapi.yaml.
type api struct {
	master   Master
	version  Version
	gate     *gate
	origins  *http.CrossOriginProtection
	answered *answers
	log      *slog.Logger
}

var _ StrictServerInterface = (*api)(nil)

// New returns the handler for the API address of a Master.
func New(cfg Config) http.Handler {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	a := &api{
		master:   cfg.Master,
		version:  cfg.Version,
		gate:     newGate(cfg.Master),
		origins:  http.NewCrossOriginProtection(),
		answered: newAnswers(),
		log:      cfg.Log,
	}
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.ContextWithFallback = true // else neither values nor cancellation reach the operations
	engine.HandleMethodNotAllowed = true
	engine.RedirectTrailingSlash = false
	engine.Use(a.identify, a.recoverPanic, secure, a.refuseCrossOrigin, limitBody)
	a.route(engine, cfg)
	return engine
}

func (a *api) route(engine *gin.Engine, cfg Config) {
	spec := mustSpec()
	group := engine.Group(basePath, newValidator(spec, a).check, a.answered.replay)
	RegisterHandlersWithOptions(group,
		NewStrictHandlerWithOptions(a, nil, StrictGinServerOptions{
			RequestErrorHandlerFunc:  a.refuseRequest,
			HandlerErrorFunc:         a.refuse,
			ResponseErrorHandlerFunc: a.refuse,
		}),
		GinServerOptions{ErrorHandler: func(c *gin.Context, err error, _ int) { a.refuseRequest(c, err) }})
	engine.GET(basePath+"/openapi.yaml", serveDocument("application/yaml", specYAML))
	engine.GET(basePath+"/openapi.json", serveDocument("application/json", specJSON(spec)))
	if cfg.Docs != nil {
		engine.GET("/api/docs", func(c *gin.Context) { c.Redirect(http.StatusMovedPermanently, "/api/docs/") })
		engine.GET("/api/docs/*path", allowInlineStyle, gin.WrapH(http.StripPrefix("/api/docs", cfg.Docs)))
	}
	if cfg.Graph != nil {
		engine.Any("/graphql", a.admitGraph, gin.WrapH(cfg.Graph))
	}
	engine.NoMethod(a.refuseMethod)
	engine.NoRoute(func(c *gin.Context) { a.elsewhere(c, cfg.Console) })
}

// elsewhere answers paths that are not of the API.
func (a *api) elsewhere(c *gin.Context, console http.Handler) {
	path := c.Request.URL.Path
	if console == nil || path == "/api" || strings.HasPrefix(path, "/api/") {
		a.refuse(c, &refusal{status: http.StatusNotFound, code: codeNotFound, detail: "there is no " + path})
		return
	}
	c.Writer.WriteHeader(http.StatusOK) // gin presets 404 for paths that it does not know
	console.ServeHTTP(c.Writer, c.Request)
	c.Abort()
}
