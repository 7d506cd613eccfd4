package queryplane

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"example.com/weir/actors/proto"
	"example.com/weir/flowio/group"
	"example.com/weir/flowio/query"
)

// holdFor is how long groups are held for an asker that asks for nothing. It
// first waits for the slowest of its units, so this is longer than a query may
// take, 10 minutes; an asker that is gone ends the stream much sooner.
const holdFor = 12 * time.Minute

// maxKeys bounds the octets of keys that one fetch may ask for: those of the
// candidates of a threshold query. A chunk of keys counts keyCost octets more,
// what it takes in memory, so that empty ones come to an end too.
const (
	maxKeys = 64 << 20
	keyCost = 24
)

// errSuperseded ends a fetch when the next one comes.
var errSuperseded = errors.New("another fetch has come")

// Hold serves proto.Answers.
func (s *service) Hold(stream grpc.BidiStreamingServer[proto.HoldRequest, proto.HoldReply]) error {
	s.running.Add(1)
	defer s.running.Add(-1)
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	if first.GetOpen() == nil {
		return status.Error(codes.InvalidArgument, "the first message must open a query")
	}
	ctx, cancel := context.WithCancelCause(stream.Context())
	defer cancel(nil)
	h := &holdServer{ctx: ctx, stream: stream, stop: make(chan struct{}), fetches: make(chan fetchRequest)}
	go h.receive(cancel)
	q := Question{ID: first.GetOpen().GetId(), Plan: first.GetOpen().GetPlan(), Alone: first.GetOpen().GetAlone()}
	node, err := s.answerer.Hold(ctx, q, Holding{Stop: h.stop, Progress: h.progress, Snapshot: h.snapshot})
	if err != nil {
		return toStatus(err)
	}
	defer node.Close()
	if err := h.serve(node); err != nil && !errors.Is(err, io.EOF) {
		return toStatus(err)
	}
	return nil
}

// holdServer is the serving end of a held answer.
type holdServer struct {
	ctx     context.Context // ends with io.EOF when the asker is done
	stream  grpc.BidiStreamingServer[proto.HoldRequest, proto.HoldReply]
	stop    chan struct{}
	fetches chan fetchRequest

	mu sync.Mutex // held while sending
}

// fetchRequest is a fetch; ctx ends when it is superseded.
type fetchRequest struct {
	ctx    context.Context
	number uint32
	fetch  group.Fetch
}

// receive takes the asker's requests until there are no more.
func (h *holdServer) receive(end context.CancelCauseFunc) {
	isStopped := false
	supersede := func(error) {}
	var keys [][]byte
	size := 0
	for {
		m, err := h.stream.Recv()
		if err != nil {
			end(err)
			return
		}
		switch body := m.GetBody().(type) {
		case *proto.HoldRequest_Stop:
			if !isStopped {
				isStopped = true
				close(h.stop)
			}
		case *proto.HoldRequest_Fetch:
			f := body.Fetch
			for _, k := range f.GetKeys() {
				keys, size = append(keys, k), size+len(k)+keyCost
			}
			if size > maxKeys {
				end(fmt.Errorf("%w: keys of more than %d octets", ErrTooLarge, maxKeys))
				return
			}
			if f.GetMore() {
				continue
			}
			supersede(errSuperseded)
			var one context.Context
			one, supersede = withCause(h.ctx)
			r := fetchRequest{one, f.GetNumber(), group.Fetch{What: group.FetchKind(f.GetWhat()), Least: f.GetLeast(), Keys: keys}}
			keys, size = nil, 0
			select {
			case h.fetches <- r:
			case <-h.ctx.Done():
				return
			}
		}
	}
}

func withCause(ctx context.Context) (context.Context, func(error)) {
	c, cancel := context.WithCancelCause(ctx)
	return c, cancel
}

// serve answers fetches until the asker is done, or silent for too long.
func (h *holdServer) serve(node query.Node) error {
	summary, err := encodeSummary(node.Summary())
	if err != nil {
		return err
	}
	if err := h.send(&proto.HoldReply{Body: &proto.HoldReply_Summary{Summary: summary}}); err != nil {
		return err
	}
	idle := time.NewTimer(holdFor)
	defer idle.Stop()
	for {
		select {
		case r := <-h.fetches:
			if err := h.fetch(node, r); err != nil {
				return err
			}
			idle.Reset(holdFor)
		case <-h.ctx.Done():
			return context.Cause(h.ctx)
		case <-idle.C:
			return fmt.Errorf("the answer was held for %s and not asked for: %w", holdFor, context.DeadlineExceeded)
		}
	}
}

func (h *holdServer) fetch(node query.Node, r fetchRequest) error {
	for chunk, err := range node.Fetch(r.ctx, r.fetch) {
		switch {
		case err == nil:
			err = h.send(&proto.HoldReply{Body: &proto.HoldReply_Groups{Groups: &proto.Groups{Fetch: r.number, Chunk: chunk}}})
		case errors.Is(err, query.ErrChanged):
			return h.fetched(node, r, true)
		case errors.Is(context.Cause(r.ctx), errSuperseded):
			return nil
		}
		if err != nil {
			return err
		}
	}
	return h.fetched(node, r, false)
}

func (h *holdServer) fetched(node query.Node, r fetchRequest, isChanged bool) (err error) {
	f := &proto.Fetched{Fetch: r.number, Wire: node.Wire()}
	if isChanged {
		if f.Changed, err = encodeSummary(node.Summary()); err != nil {
			return err
		}
	}
	return h.send(&proto.HoldReply{Body: &proto.HoldReply_Fetched{Fetched: f}})
}

func (h *holdServer) progress(p query.UnitProgress) {
	// An asker that is gone shows in the next part.
	_ = h.send(&proto.HoldReply{Body: &proto.HoldReply_Progress{Progress: encodeProgress(p)}})
}

func (h *holdServer) snapshot(chunk []byte) {
	_ = h.send(&proto.HoldReply{Body: &proto.HoldReply_Snapshot{Snapshot: chunk}})
}

func (h *holdServer) send(m *proto.HoldReply) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.stream.Send(m)
}

func encodeSummary(s query.Summary) (*proto.Summary, error) {
	coverage, err := json.Marshal(s.Coverage)
	if err != nil {
		return nil, err
	}
	stats, err := json.Marshal(s.Stats)
	return &proto.Summary{
		Units: uint32(s.Units), Groups: s.Groups, Most: s.Most, Total: s.Total, Best: s.Best, Coverage: coverage, Stats: stats,
		Left: s.Left, Estimated: s.Estimated, Points: s.Points, Steps: s.Steps,
	}, err
}

func decodeSummary(w *proto.Summary) (query.Summary, error) {
	s := query.Summary{Summary: group.Summary{
		Units: int(w.GetUnits()), Groups: w.GetGroups(), Most: w.GetMost(), Total: w.GetTotal(), Best: w.GetBest(),
		Left: w.GetLeft(), Estimated: w.GetEstimated(), Points: w.GetPoints(), Steps: w.GetSteps(),
	}}
	if err := json.Unmarshal(w.GetCoverage(), &s.Coverage); err != nil {
		return s, fmt.Errorf("coverage of the answer: %w", err)
	}
	if err := json.Unmarshal(w.GetStats(), &s.Stats); err != nil {
		return s, fmt.Errorf("stats of the answer: %w", err)
	}
	return s, nil
}
