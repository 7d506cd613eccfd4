package queryplane

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"example.com/weir/actors/proto"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/query"
)

const (
	// pingAfter and pingTimeout notice a dead path under a quiet answer; 10 s is
	// the shortest that gRPC allows. Heartbeats notice dead units sooner.
	pingAfter   = 10 * time.Second
	pingTimeout = 3 * time.Second

	connectTimeout = 3 * time.Second
	maxBackoff     = 2 * time.Second
)

// ErrIncomplete reports an answer whose stream ended before its end.
var ErrIncomplete = errors.New("the answer broke off")

// ErrTooLarge reports a question whose answer exceeds a bound of the unit
// that was asked: it fails the query as a whole.
var ErrTooLarge = errors.New("the answer is too large")

// Client asks one unit. It is safe for concurrent use.
type Client struct {
	conn    *grpc.ClientConn
	queries proto.QueriesClient
	answers proto.AnswersClient
}

// NewClient returns a client of the unit at address, which must present what
// cfg verifies. It connects when it is first used.
func NewClient(address string, cfg *tls.Config) (*Client, error) {
	conn, err := grpc.NewClient("passthrough:///"+address,
		grpc.WithTransportCredentials(credentials.NewTLS(cfg)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: pingAfter, Timeout: pingTimeout, PermitWithoutStream: true}),
		grpc.WithConnectParams(grpc.ConnectParams{
			MinConnectTimeout: connectTimeout,
			Backoff:           backoff.Config{BaseDelay: 200 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: maxBackoff},
		}))
	if err != nil {
		return nil, fmt.Errorf("query plane of %s: %w", address, err)
	}
	return &Client{conn: conn, queries: proto.NewQueriesClient(conn), answers: proto.NewAnswersClient(conn)}, nil
}

// Close ends the connection and every call on it.
func (c *Client) Close() error { return c.conn.Close() }

// Answer asks the unit for records and gives the parts of its answer to sink.
func (c *Client) Answer(ctx context.Context, ask Question, sink Sink) (query.Coverage, query.Stats, error) {
	ctx, cancel := context.WithCancel(ctx) // ends the stream when sink refuses
	defer cancel()
	stream, err := c.queries.Run(ctx, &proto.QueryRequest{Id: ask.ID, Plan: ask.Plan})
	if err != nil {
		return query.Coverage{}, query.Stats{}, fromStatus(ctx, err)
	}
	for {
		chunk, err := stream.Recv()
		if err != nil {
			return query.Coverage{}, query.Stats{}, fromStatus(ctx, err)
		}
		switch body := chunk.GetBody().(type) {
		case *proto.QueryChunk_Partial:
			err = sink.Partial(body.Partial)
		case *proto.QueryChunk_Progress:
			err = sink.Progress(decodeProgress(body.Progress))
		case *proto.QueryChunk_End:
			return decodeEnd(body.End)
		}
		if err != nil {
			return query.Coverage{}, query.Stats{}, err
		}
	}
}

// maxLedger bounds an answer with accounts: a Book holds 65,536 of some 60
// octets, and a Proxy answers for its Slaves too.
const maxLedger = 64 << 20

// Ledger returns the accounts of the unit and of those below it.
func (c *Client) Ledger(ctx context.Context) ([]ledger.Unit, error) {
	reply, err := c.queries.Ledger(ctx, &proto.LedgerRequest{}, grpc.MaxCallRecvMsgSize(maxLedger))
	if err != nil {
		return nil, fromStatus(ctx, err)
	}
	return decodeLedger(reply), nil
}

func decodeProgress(p *proto.Progress) query.UnitProgress {
	return query.UnitProgress{
		Unit:         string(p.GetUnit()),
		State:        p.GetState(),
		RowsScanned:  p.GetRowsScanned(),
		SegmentsDone: int(p.GetSegmentsDone()),
		Segments:     int(p.GetSegments()),
	}
}

func decodeEnd(e *proto.End) (c query.Coverage, st query.Stats, err error) {
	if err := json.Unmarshal(e.GetCoverage(), &c); err != nil {
		return c, st, fmt.Errorf("coverage of the answer: %w", err)
	}
	if err := json.Unmarshal(e.GetStats(), &st); err != nil {
		return c, st, fmt.Errorf("stats of the answer: %w", err)
	}
	return c, st, nil
}

// fromStatus returns what ended a call: the reason why ctx ended when it did,
// else the peer's words.
func fromStatus(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.Is(err, io.EOF) {
		return ErrIncomplete
	}
	s, ok := status.FromError(err)
	switch {
	case !ok:
		return err
	case s.Code() == codes.ResourceExhausted:
		return fmt.Errorf("%w: %s", ErrTooLarge, s.Message())
	default:
		return errors.New(s.Message())
	}
}
