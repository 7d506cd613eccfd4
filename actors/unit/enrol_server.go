package unit

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	protobuf "google.golang.org/protobuf/proto"

	"example.com/weir/actors/proto"
	"example.com/weir/persistence/identity"
	"example.com/weir/persistence/topology"
)

const (
	// enrolWithin bounds an enrolment, relay and Master included.
	enrolWithin = 20 * time.Second

	// maxEnrolments bounds those in progress; a rack that is set up at once
	// stays below it. More are told to try again.
	maxEnrolments = 32

	// maxFrame bounds a request or reply, in octets: a certificate request
	// and some addresses.
	maxFrame = 64 << 10
)

var (
	errBusy     = errors.New("too many units join at once; try again in a moment")
	errNoEnrol  = errors.New("this unit takes no enrolments; join at the Master, a Slave at its Proxy")
	errRelaying = errors.New("the Proxy has no link to the Master at present; try again when it has")
)

// enrolments answers units that join: at a Master directly, for a Slave
// through its Proxy.
type enrolments struct {
	unit  *Unit
	slots chan struct{}
	calls sync.WaitGroup // only Added to while the unit runs

	nextID  atomic.Uint64
	mu      sync.Mutex
	closed  bool // no call is added any more
	waiting map[uint64]chan *proto.EnrolReply
}

func newEnrolments(u *Unit) *enrolments {
	return &enrolments{unit: u, slots: make(chan struct{}, maxEnrolments), waiting: make(map[uint64]chan *proto.EnrolReply)}
}

// begin takes a slot; end must be called if it is granted.
func (e *enrolments) begin() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return false
	}
	select {
	case e.slots <- struct{}{}:
		e.calls.Add(1)
		return true
	default:
		return false
	}
}

func (e *enrolments) end() {
	<-e.slots
	e.calls.Done()
}

// close waits for the enrolments in progress, whose context has ended.
func (e *enrolments) close() {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.calls.Wait()
}

// serve answers one joining unit and closes the connection.
func (e *enrolments) serve(conn net.Conn) {
	defer conn.Close()
	ctx, cancel := context.WithTimeout(e.unit.ctx, enrolWithin)
	defer cancel()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	reply := &proto.EnrolReply{Error: []byte(errBusy.Error())}
	if e.begin() {
		defer e.end()
		var r proto.EnrolRequest
		if err := readFrame(conn, &r); err != nil {
			e.unit.refusals.about(conn.RemoteAddr(), err.Error()).Warn("enrolment refused")
			return
		}
		reply = e.enrol(ctx, conn.RemoteAddr(), &r)
	}
	if err := writeFrame(conn, reply); err != nil {
		e.unit.log.Warn("enrolment not answered", "reason", err.Error())
	}
}

// enrol answers a request and logs what came of it.
func (e *enrolments) enrol(ctx context.Context, from net.Addr, r *proto.EnrolRequest) *proto.EnrolReply {
	reply, err := e.answer(ctx, r, topology.Role(r.Role))
	if err != nil {
		e.unit.refusals.about(from, err.Error()).Warn("enrolment refused", "name", string(r.Name), "role", r.Role)
		return &proto.EnrolReply{Error: []byte(err.Error())}
	}
	log := e.unit.log.With("remote_address", from.String(), "name", string(r.Name), "role", r.Role, "unit_id", reply.UnitId)
	if identity.IsRenewal(r.Token) {
		log.Info("certificate of a unit renewed")
	} else {
		log.Info("unit enrolled")
	}
	return reply
}

// answer asks the role. A unit joins where it will link to.
func (e *enrolments) answer(ctx context.Context, r *proto.EnrolRequest, role topology.Role) (*proto.EnrolReply, error) {
	own := e.unit.id.Role
	switch {
	case e.unit.hooks.Enrol == nil:
		return nil, errNoEnrol
	case parentOf[role] == "":
		return nil, fmt.Errorf("%.16q is not a role that joins; use proxy, slave or standalone", role)
	case parentOf[role] != own:
		return nil, fmt.Errorf("a %s joins at a %s, this is a %s", role, parentOf[role], own)
	}
	reply, err := e.unit.hooks.Enrol(ctx, r)
	if err == nil && len(reply.GetError()) > 0 {
		err = errors.New(string(reply.GetError()))
	}
	return reply, err
}

// relayed answers a request that a Proxy passes on, without waiting for it.
func (e *enrolments) relayed(from topology.UnitID, r *proto.EnrolRequest) {
	if !e.begin() {
		e.reply(from, r.Id, nil, errBusy)
		return
	}
	go func() {
		defer e.end()
		ctx, cancel := context.WithTimeout(e.unit.ctx, enrolWithin)
		defer cancel()
		if e.unit.hooks.Enrol == nil {
			e.reply(from, r.Id, nil, errNoEnrol)
			return
		}
		reply, err := e.unit.hooks.Enrol(ctx, r)
		e.reply(from, r.Id, reply, err)
	}()
}

func (e *enrolments) reply(to topology.UnitID, id uint64, reply *proto.EnrolReply, err error) {
	if err != nil {
		reply = &proto.EnrolReply{Error: []byte(err.Error())}
	}
	reply.Id = id
	err = e.unit.Send(to, &proto.UnitMessage{Body: &proto.UnitMessage_EnrolReply{EnrolReply: reply}})
	if err != nil {
		e.unit.log.Warn("enrolment not answered", "unit_id", string(to), "reason", err.Error())
	}
}

// relay passes a request to the unit above and waits for the reply with the
// same number.
func (e *enrolments) relay(ctx context.Context, r *proto.EnrolRequest) (*proto.EnrolReply, error) {
	id := e.nextID.Add(1)
	answer := make(chan *proto.EnrolReply, 1)
	e.mu.Lock()
	e.waiting[id] = answer
	e.mu.Unlock()
	defer func() {
		e.mu.Lock()
		delete(e.waiting, id)
		e.mu.Unlock()
	}()
	passed, _ := protobuf.Clone(r).(*proto.EnrolRequest)
	passed.Id = id
	err := e.unit.SendUp(&proto.UnitMessage{Body: &proto.UnitMessage_EnrolRequest{EnrolRequest: passed}})
	if errors.Is(err, ErrDown) {
		return nil, errRelaying
	}
	if err != nil {
		return nil, err
	}
	select {
	case reply := <-answer:
		return reply, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("the Master has not answered: %w", context.Cause(ctx))
	}
}

// replied hands a reply to who waits for it; a late one is nobody's.
func (e *enrolments) replied(r *proto.EnrolReply) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if answer, ok := e.waiting[r.Id]; ok {
		delete(e.waiting, r.Id)
		answer <- r
	}
}

// writeFrame writes a message behind its length.
func writeFrame(w io.Writer, m protobuf.Message) error {
	body, err := protobuf.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode enrolment: %w", err)
	}
	if len(body) > maxFrame {
		return fmt.Errorf("encode enrolment: %d octets, at most %d", len(body), maxFrame)
	}
	_, err = w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...))
	return err
}

// readFrame reads what writeFrame wrote.
func readFrame(r io.Reader, m protobuf.Message) error {
	var length [4]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return fmt.Errorf("read enrolment: %w", err)
	}
	n := binary.BigEndian.Uint32(length[:])
	if n > maxFrame {
		return fmt.Errorf("read enrolment: %d octets, at most %d", n, maxFrame)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(r, body); err != nil {
		return fmt.Errorf("read enrolment: %w", err)
	}
	if err := protobuf.Unmarshal(body, m); err != nil {
		return fmt.Errorf("decode enrolment: %w", err)
	}
	return nil
}
