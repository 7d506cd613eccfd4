package queryplane

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"example.com/weir/actors/proto"
	"example.com/weir/flowio/group"
	"example.com/weir/flowio/query"
)

// service translates between the wire and an Answerer.
type service struct {
	proto.UnimplementedQueriesServer
	proto.UnimplementedAnswersServer
	answerer Answerer
	running  *atomic.Int64
}

func (s *service) Run(r *proto.QueryRequest, stream grpc.ServerStreamingServer[proto.QueryChunk]) error {
	s.running.Add(1)
	defer s.running.Add(-1)
	sink := &streamSink{stream: stream}
	q := Question{ID: r.GetId(), Plan: r.GetPlan()}
	coverage, stats, err := s.answerer.Answer(stream.Context(), q, sink)
	if err != nil {
		return toStatus(err)
	}
	end, err := encodeEnd(coverage, stats)
	if err != nil {
		return toStatus(err)
	}
	return sink.send(&proto.QueryChunk{Body: &proto.QueryChunk_End{End: end}})
}

func (s *service) Ledger(ctx context.Context, _ *proto.LedgerRequest) (*proto.LedgerReply, error) {
	return encodeLedger(s.answerer.Ledger(ctx)), nil
}

// streamSink sends the parts of an answer over a stream, which allows one
// sender at a time.
type streamSink struct {
	mu     sync.Mutex // held while sending
	stream grpc.ServerStreamingServer[proto.QueryChunk]
}

func (s *streamSink) Partial(chunk []byte) error {
	return s.send(&proto.QueryChunk{Body: &proto.QueryChunk_Partial{Partial: chunk}})
}

func (s *streamSink) Progress(p query.UnitProgress) error {
	return s.send(&proto.QueryChunk{Body: &proto.QueryChunk_Progress{Progress: encodeProgress(p)}})
}

func encodeProgress(p query.UnitProgress) *proto.Progress {
	return &proto.Progress{
		Unit:         []byte(p.Unit),
		State:        p.State,
		RowsScanned:  p.RowsScanned,
		SegmentsDone: uint32(p.SegmentsDone),
		Segments:     uint32(p.Segments),
	}
}

func (s *streamSink) send(c *proto.QueryChunk) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stream.Send(c)
}

func encodeEnd(c query.Coverage, st query.Stats) (*proto.End, error) {
	coverage, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	stats, err := json.Marshal(st)
	return &proto.End{Coverage: coverage, Stats: stats}, err
}

// codes of errors that the asker must tell apart: a budget that was exceeded
// here would be exceeded again by whoever merges, so the whole query fails.
var statusCodes = []struct {
	err  error
	code codes.Code
}{
	{context.Canceled, codes.Canceled},
	{context.DeadlineExceeded, codes.DeadlineExceeded},
	{ErrTooLarge, codes.ResourceExhausted},
	{group.ErrBudget, codes.ResourceExhausted},
}

func toStatus(err error) error {
	for _, c := range statusCodes {
		if errors.Is(err, c.err) {
			return status.Error(c.code, err.Error())
		}
	}
	return status.Error(codes.Internal, err.Error())
}
