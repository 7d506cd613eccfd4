package queryplane

import (
	"context"
	"encoding/json"
	"io"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"example.com/weir/actors/proto"
	"example.com/weir/flowio/query"
)

// asking is the stream of an asker in the same process.
type asking struct {
	grpc.ServerStream
	ctx      context.Context
	requests chan *proto.HoldRequest // closed when the asker is done
	replies  chan *proto.HoldReply
}

func (a *asking) Context() context.Context      { return a.ctx }
func (a *asking) Send(m *proto.HoldReply) error { a.replies <- m; return nil }
func (a *asking) Recv() (*proto.HoldRequest, error) {
	if m, ok := <-a.requests; ok {
		return m, nil
	}
	return nil, io.EOF
}

// An asker asks for groups when the slowest unit has worked out its answer:
// the others hold theirs for as long as a query may take.
func TestGroupsAreHeldUntilTheSlowestUnitIsDone(t *testing.T) {
	plan := resolve(t, query.Request{Kind: query.Top, GroupBy: []string{"srcAddr"}, Metrics: []string{"bytes"}})
	wire, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		a := &asking{ctx: t.Context(), requests: make(chan *proto.HoldRequest), replies: make(chan *proto.HoldReply, 10)}
		served := make(chan error, 1)
		s := &service{answerer: &holder{name: "fast", source: records(10, 1)}, running: new(atomic.Int64)}
		go func() { served <- s.Hold(a) }()
		a.requests <- &proto.HoldRequest{Body: &proto.HoldRequest_Open{Open: &proto.Open{Plan: wire}}}
		time.Sleep(10*time.Minute - time.Second)
		a.requests <- &proto.HoldRequest{Body: &proto.HoldRequest_Fetch{Fetch: &proto.Fetch{Number: 1}}}
		synctest.Wait()
		close(a.requests)
		if err := <-served; err != nil {
			t.Fatal(err)
		}
		close(a.replies)
		isWhole := false
		for m := range a.replies {
			isWhole = isWhole || m.GetFetched().GetFetch() == 1
		}
		if !isWhole {
			t.Error("the groups are gone")
		}
	})
}

// Chunks of keys without octets take memory too.
func TestKeysAreBounded(t *testing.T) {
	wire, err := json.Marshal(resolve(t, query.Request{Kind: query.Top, GroupBy: []string{"srcAddr"}, Metrics: []string{"bytes"}}))
	if err != nil {
		t.Fatal(err)
	}
	a := &asking{ctx: t.Context(), requests: make(chan *proto.HoldRequest, 10), replies: make(chan *proto.HoldReply, 10)}
	a.requests <- &proto.HoldRequest{Body: &proto.HoldRequest_Open{Open: &proto.Open{Plan: wire}}}
	empty := make([][]byte, 1<<20)
	for range 3 {
		a.requests <- &proto.HoldRequest{Body: &proto.HoldRequest_Fetch{Fetch: &proto.Fetch{Number: 1, Keys: empty, More: true}}}
	}
	defer close(a.requests)
	s := &service{answerer: &holder{name: "s", source: records(10, 1)}, running: new(atomic.Int64)}
	if err := s.Hold(a); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("%v, want that keys are too many", err)
	}
}
