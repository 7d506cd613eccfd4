package unit

import (
	"net"
	"strconv"

	"github.com/asynkron/protoactor-go/remote"
	protobuf "google.golang.org/protobuf/proto"

	"example.com/weir/actors/proto"
	"example.com/weir/persistence/identity"
)

const (
	// linkActor is the only actor that peers may send to.
	linkActor = "unit"

	// maxBatch bounds the messages of one batch; our own writer sends 16.
	maxBatch = messagesBurst

	// maxReports bounds the units that one heartbeat reports on.
	maxReports = maxNeighbours

	// maxChecks bounds the readiness checks of one unit.
	maxChecks = 64

	// maxAddress bounds host:port, in octets.
	maxAddress = 256

	// maxText bounds names, versions and reasons from peers, in octets.
	maxText = 4096

	// bootLen is the length of a boot ID, in octets.
	bootLen = 16
)

// messageType is the only type that passes.
var messageType = string((&proto.UnitMessage{}).ProtoReflect().Descriptor().FullName())

// checkBatch refuses what the remote would act upon, or fall over.
func (g *guard) checkBatch(b *remote.MessageBatch, from identity.Peer, rel relation) error {
	if len(b.Envelopes) > maxBatch || len(b.Targets) > maxBatch || len(b.TypeNames) > maxBatch {
		return refusal("%d messages in one batch", len(b.Envelopes))
	}
	if len(b.Senders) > 0 {
		return refusal("a sender is named; units answer by identifier, never to an actor")
	}
	for _, name := range b.TypeNames {
		if name != messageType {
			return refusal("message type %.64q; this unit takes %s only", name, messageType)
		}
	}
	for _, t := range b.Targets {
		switch {
		case t.GetAddress() != g.address:
			return refusal("a message for %.64q has reached %s; use the address that a unit gives as its control address", t.GetAddress(), g.address)
		case t.GetId() != linkActor:
			return refusal("a message for actor %.64q; units send to %s only", t.GetId(), linkActor)
		}
	}
	for _, e := range b.Envelopes {
		if err := g.checkEnvelope(e, b, from, rel); err != nil {
			return err
		}
	}
	return nil
}

func (g *guard) checkEnvelope(e *remote.MessageEnvelope, b *remote.MessageBatch, from identity.Peer, rel relation) error {
	switch {
	case e == nil || e.TypeId < 0 || int(e.TypeId) >= len(b.TypeNames):
		return refusal("type index %d of %d", e.GetTypeId(), len(b.TypeNames))
	case e.Target < 0 || int(e.Target) >= len(b.Targets):
		return refusal("target index %d of %d", e.Target, len(b.Targets))
	case e.Sender != 0:
		return refusal("sender index %d of 0", e.Sender)
	case e.SerializerId != 0:
		return refusal("serializer %d", e.SerializerId)
	case e.MessageHeader != nil || e.TargetRequestId != 0 || e.SenderRequestId != 0:
		return refusal("a message with headers or request numbers")
	}
	var m proto.UnitMessage
	if err := protobuf.Unmarshal(e.MessageData, &m); err != nil {
		return refusal("a message that is not a %s", messageType)
	}
	return g.checkMessage(&m, from, rel)
}

// checkMessage refuses a message in another unit's name, and bodies that a
// unit in that place has no business to send.
func (g *guard) checkMessage(m *proto.UnitMessage, from identity.Peer, rel relation) error {
	switch {
	case m.Protocol == 0:
		return refusal("message without a protocol version")
	case string(m.Cluster) != from.Cluster || string(m.UnitId) != string(from.UnitID):
		return refusal("a message in the name of unit %.64q of cluster %.64q", m.UnitId, m.Cluster)
	case len(m.BootId) != bootLen:
		return refusal("boot ID of %d octets", len(m.BootId))
	case !mayBe(m, from, rel):
		return refusal("a %s may not send %T to a %s", from.Role, m.Body, g.own.Role)
	case !bounded(m):
		return refusal("%T beyond its bounds", m.Body)
	}
	return nil
}

// mayBe is the list of bodies by where the sender stands. A body that we do
// not know passes, to be answered with Unsupported.
func mayBe(m *proto.UnitMessage, from identity.Peer, rel relation) bool {
	switch m.Body.(type) {
	case *proto.UnitMessage_DesiredState, *proto.UnitMessage_EnrolReply:
		return rel == above
	case *proto.UnitMessage_Applied:
		return rel == below
	case *proto.UnitMessage_EnrolRequest:
		return rel == below && relaysEnrolment(from)
	}
	return true
}

// relaysEnrolment reports whether a peer has units below it that join.
func relaysEnrolment(p identity.Peer) bool {
	for _, parent := range parentOf {
		if parent == p.Role {
			return true
		}
	}
	return false
}

// bounded reports whether what a peer says of itself fits the memory that we
// keep it in.
func bounded(m *proto.UnitMessage) bool {
	switch body := m.Body.(type) {
	case *proto.UnitMessage_Hello:
		h := body.Hello
		return len(h.GetName()) <= maxText && len(h.GetVersion()) <= maxText && len(h.GetControl()) <= maxAddress && len(h.GetQuery()) <= maxAddress
	case *proto.UnitMessage_Heartbeat:
		reports := body.Heartbeat.GetReports()
		for _, r := range reports {
			if len(r.GetChecks()) > maxChecks || len(r.GetVersion()) > maxText {
				return false
			}
		}
		return len(reports) <= maxReports
	case *proto.UnitMessage_Goodbye:
		return len(body.Goodbye.GetReason()) <= maxText
	case *proto.UnitMessage_Refused:
		return len(body.Refused.GetReason()) <= maxText
	}
	return true
}

// validAddress reports whether address is host:port with both.
func validAddress(address string) bool {
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}
