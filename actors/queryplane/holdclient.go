package queryplane

import (
	"context"
	"iter"
	"sync"

	"google.golang.org/grpc"

	"example.com/weir/actors/proto"
	"example.com/weir/flowio/group"
	"example.com/weir/flowio/query"
)

// keysPerMessage is how many octets of keys go into one message.
const keysPerMessage = 1 << 20

// Hold has the unit work out its answer and hold it. The node lives until it
// is closed or ctx ends.
func (c *Client) Hold(ctx context.Context, ask Question, h Holding) (query.Node, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	n := &heldThere{ctx: ctx, cancel: cancel}
	err := n.open(c.answers, ask, h)
	if err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

// heldThere is an answer that another unit holds.
type heldThere struct {
	ctx     context.Context // of the stream
	cancel  context.CancelCauseFunc
	stream  grpc.BidiStreamingClient[proto.HoldRequest, proto.HoldReply]
	summary query.Summary
	number  uint32 // of the last fetch
	octets  uint64 // of answers received
	below   uint64 // of answers between the units below

	mu sync.Mutex // held while sending
}

func (n *heldThere) open(answers proto.AnswersClient, ask Question, h Holding) (err error) {
	if n.stream, err = answers.Hold(n.ctx); err != nil {
		return fromStatus(n.ctx, err)
	}
	open := &proto.HoldRequest{Body: &proto.HoldRequest_Open{Open: &proto.Open{Id: ask.ID, Plan: ask.Plan, Alone: ask.Alone}}}
	if err := n.send(open); err != nil {
		return err
	}
	ready := make(chan struct{})
	defer close(ready)
	go func() {
		select {
		case <-h.Stop:
			_ = n.write(&proto.HoldRequest{Body: &proto.HoldRequest_Stop{Stop: &proto.Stop{}}}) // else receiving fails
		case <-ready:
		case <-n.ctx.Done():
		}
	}()
	return n.await(h)
}

// await takes what comes until the answer is held.
func (n *heldThere) await(h Holding) error {
	for {
		m, err := n.receive()
		if err != nil {
			return err
		}
		switch body := m.GetBody().(type) {
		case *proto.HoldReply_Progress:
			if h.Progress != nil {
				h.Progress(decodeProgress(body.Progress))
			}
		case *proto.HoldReply_Snapshot:
			n.octets += uint64(len(body.Snapshot))
			if h.Snapshot != nil {
				h.Snapshot(body.Snapshot)
			}
		case *proto.HoldReply_Summary:
			return n.take(body.Summary)
		}
	}
}

func (n *heldThere) take(w *proto.Summary) (err error) {
	n.octets += uint64(len(w.GetTotal()) + len(w.GetBest()) + len(w.GetSteps()))
	n.summary, err = decodeSummary(w)
	return err
}

func (n *heldThere) receive() (*proto.HoldReply, error) {
	m, err := n.stream.Recv()
	if err != nil {
		return nil, fromStatus(n.ctx, err)
	}
	return m, nil
}

// send is write for those who receive too, as one at a time may: it says why
// writing failed.
func (n *heldThere) send(m *proto.HoldRequest) error {
	if n.write(m) == nil {
		return nil
	}
	_, err := n.stream.Recv()
	return fromStatus(n.ctx, err)
}

func (n *heldThere) write(m *proto.HoldRequest) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.stream.Send(m)
}

// Summary implements query.Node.
func (n *heldThere) Summary() query.Summary { return n.summary }

// Wire implements query.Node.
func (n *heldThere) Wire() uint64 { return n.octets + n.below }

// Close implements query.Node: the unit drops the groups.
func (n *heldThere) Close() { n.cancel(context.Canceled) }

// Fetch implements query.Node. It ends when the context of Hold does.
func (n *heldThere) Fetch(_ context.Context, f group.Fetch) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		n.number++
		if err := n.request(f); err != nil {
			yield(nil, err)
			return
		}
		for {
			m, err := n.receive()
			if err != nil {
				yield(nil, err)
				return
			}
			if g := m.GetGroups(); g != nil {
				n.octets += uint64(len(g.GetChunk()))
				if g.GetFetch() == n.number && !yield(g.GetChunk(), nil) {
					return // the next fetch ends this one
				}
			}
			if end := m.GetFetched(); end != nil && end.GetFetch() == n.number {
				if err := n.ended(end); err != nil {
					yield(nil, err)
				}
				return
			}
		}
	}
}

// ended takes the end of a fetch.
func (n *heldThere) ended(end *proto.Fetched) error {
	n.below = end.GetWire()
	if end.GetChanged() == nil {
		return nil
	}
	if err := n.take(end.GetChanged()); err != nil {
		return err
	}
	return query.ErrChanged
}

// request sends a fetch, its keys in as many messages as they need.
func (n *heldThere) request(f group.Fetch) error {
	m := &proto.Fetch{Number: n.number, What: uint32(f.What), Least: f.Least}
	size := 0
	for _, k := range f.Keys {
		if size > 0 && size+len(k) > keysPerMessage {
			m.More = true
			if err := n.send(&proto.HoldRequest{Body: &proto.HoldRequest_Fetch{Fetch: m}}); err != nil {
				return err
			}
			m, size = &proto.Fetch{Number: n.number, What: uint32(f.What), Least: f.Least}, 0
		}
		m.Keys, size = append(m.Keys, k), size+len(k)
	}
	return n.send(&proto.HoldRequest{Body: &proto.HoldRequest_Fetch{Fetch: m}})
}

// Hold asks the unit; see Client.Hold. The node ends, with the reason, when
// the unit goes down.
func (p *Peer) Hold(ctx context.Context, ask Question, h Holding) (query.Node, error) {
	ctx, release := p.whileUp(ctx)
	node, err := p.client.Hold(ctx, ask, h)
	if err != nil {
		release()
		return nil, p.explain(err)
	}
	return closing{node, release}, nil
}
