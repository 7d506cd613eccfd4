package graph

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/vektah/gqlparser/v2/ast"

	"example.com/weir/graph/generated"
	"example.com/weir/graph/model"
	"example.com/weir/persistence/access"
)

const (
	// maxTokens bounds what the parser takes: the largest document of the
	// dashboard has some 400 tokens.
	maxTokens = 15_000

	// maxComplexity bounds what one operation may ask for. A field costs 1,
	// one in a list of bounded length its share (see complexity).
	maxComplexity = 20_000

	// queryCache holds parsed documents; the dashboard has a few dozen.
	queryCache = 1000

	keepAlive = 15 * time.Second
	pingPong  = 30 * time.Second

	// initTimeout is how long a WebSocket may take to say who it is.
	initTimeout = 10 * time.Second
)

// Version is the program that answers.
type Version = model.Version

// Config is what New needs.
type Config struct {
	Master    Master
	Principal func(context.Context) (access.Principal, bool) // the caller of a request; nil: from its bearer token
	RequestID func(context.Context) string                   // shown with internal errors
	Version   Version
	Log       *slog.Logger
}

// New returns the handler for /graphql: POST, WebSocket and server-sent
// events. There is no GET: queries would end up in logs, and a link could
// send them.
func New(cfg Config) http.Handler {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	g := &guard{master: cfg.Master, principal: cfg.Principal}
	p := &presenter{log: cfg.Log, requestID: cfg.RequestID}
	schema := generated.Config{
		Resolvers:  &Resolver{master: cfg.Master, version: cfg.Version, log: cfg.Log},
		Directives: generated.DirectiveRoot{HasRole: g.hasRole},
	}
	limitLists(&schema.Complexity)
	server := handler.New(generated.NewExecutableSchema(schema))
	server.AddTransport(transport.Websocket{
		Implementation:        transport.CoderWebsocketImplementation{}, // same origin only
		InitFunc:              g.init,
		InitTimeout:           initTimeout,
		KeepAlivePingInterval: keepAlive,
		PingPongInterval:      pingPong,
	})
	server.AddTransport(transport.SSE{KeepAlivePingInterval: keepAlive, MinEventInterval: eventEvery})
	server.AddTransport(transport.POST{})
	server.SetQueryCache(lru.New[*ast.QueryDocument](queryCache))
	server.SetParserTokenLimit(maxTokens)
	server.SetErrorPresenter(p.present)
	server.SetRecoverFunc(p.recoverPanic)
	server.Use(extension.Introspection{})
	server.Use(extension.FixedComplexityLimit(maxComplexity))
	server.AroundOperations(g.identify)
	if cfg.Principal == nil {
		return g.authenticate(server)
	}
	return server
}

// limitLists makes lists cost what they may hold, so that going back and forth
// between groups and their members soon costs too much. All fields of maxSources
// sources, which lead nowhere, are to fit in one operation.
func limitLists(c *generated.ComplexityRoot) {
	c.Query.Actions = func(child, limit int) int { return times(child, limit/10) }
	c.Query.Queries = func(child, limit int) int { return times(child, limit/10) }
	c.Query.Sources = func(child int, _, _ *string, limit int) int { return times(child, limit/20) }
	c.Query.SourceLedgers = func(child int, _, _, _ *string, limit int) int { return times(child, limit/20) }
	c.Topology.Units = func(child int) int { return times(child, 10) }
	c.Topology.ProxyGroups = func(child int) int { return times(child, 10) }
	c.Topology.SourceGroups = func(child int) int { return times(child, 10) }
	c.SourceGroup.ProxyGroups = func(child int) int { return times(child, 4) }
	c.ProxyGroup.Slaves = func(child int) int { return times(child, 4) }
}

// times returns the cost of n children, without overflow.
func times(child, n int) int {
	return 1 + min(child, maxComplexity+1)*min(max(n, 1), maxList)
}
