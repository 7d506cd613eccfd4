package graph

import (
	"context"
	"log/slog"
	"time"

	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/query"
	"example.com/weir/flowio/source"
	"example.com/weir/graph/model"
	"example.com/weir/persistence/access"
	"example.com/weir/persistence/topology"
)

// Master is what this package needs of the running Master. Its methods are
// safe for concurrent use.
type Master interface {
	Topology() topology.View
	Apply(ctx context.Context, c topology.Change) (topology.Outcome, error)
	Actions() []topology.Action
	Watch(ctx context.Context) <-chan struct{}

	StartQuery(ctx context.Context, r query.Request, actor string) (query.Job, error)
	WaitQuery(ctx context.Context, id string) (query.Job, error)
	Job(id string) (query.Job, error)
	Jobs() []query.Job
	Result(id string) (*query.Result, error)
	StopQuery(id string) error
	CancelQuery(id string) error
	Limits() query.Limits
	Ledger(ctx context.Context) ([]ledger.Unit, error)
	Sources(ctx context.Context) ([]source.Unit, error)

	Authenticate(token string) (access.Principal, error)
	Tokens() []access.Token
	CreateToken(ctx context.Context, name string, role access.Role, expires time.Time, actor string) (secret string, t access.Token, err error)
	RevokeToken(id, actor string) error
	CreateJoinToken(ctx context.Context, role topology.Role, unit topology.UnitID, ttl time.Duration, actor string) (string, error)
}

// Resolver answers the root fields of the schema.
type Resolver struct {
	master  Master
	version model.Version
	log     *slog.Logger
}
