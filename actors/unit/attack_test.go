package unit

import (
	"context"
	"crypto/tls"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/remote"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
	protobuf "google.golang.org/protobuf/proto"

	"example.com/weir/actors/proto"
	"example.com/weir/persistence/identity"
	"example.com/weir/persistence/topology"
)

// attacker is a program with the certificate of a unit that speaks gRPC to
// the control port of another.
type attacker struct {
	t    *testing.T
	id   *identity.Identity
	to   string
	conn *grpc.ClientConn
}

func newAttacker(t *testing.T, id *identity.Identity, to string) *attacker {
	t.Helper()
	cfg := id.ClientTLS(identity.Peer{})
	cfg.NextProtos = []string{alpnRemote}
	conn, err := grpc.NewClient("passthrough:///"+to, grpc.WithTransportCredentials(credentials.NewTLS(cfg)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &attacker{t, id, to, conn}
}

// attack sends messages on a new stream and returns how the stream ends.
func (a *attacker) attack(messages ...*remote.RemoteMessage) error {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	stream, err := remote.NewRemotingClient(a.conn).Receive(ctx)
	if err != nil {
		return err
	}
	for _, m := range messages {
		if err := stream.Send(m); err != nil {
			break // the reason is in RecvMsg
		}
	}
	for {
		if _, err := stream.Recv(); err != nil {
			return err
		}
	}
}

func connectAs(address string) *remote.RemoteMessage {
	return &remote.RemoteMessage{MessageType: &remote.RemoteMessage_ConnectRequest{ConnectRequest: &remote.ConnectRequest{
		ConnectionType: &remote.ConnectRequest_ServerConnection{ServerConnection: &remote.ServerConnection{SystemId: "x", Address: address}},
	}}}
}

// batch returns one message of a type to an actor, to be spoiled.
func batch(address, id string, m protobuf.Message, spoil func(*remote.MessageBatch)) *remote.RemoteMessage {
	body, _ := protobuf.Marshal(m)
	b := &remote.MessageBatch{
		TypeNames: []string{string(m.ProtoReflect().Descriptor().FullName())},
		Targets:   []*actor.PID{{Address: address, Id: id}},
		Envelopes: []*remote.MessageEnvelope{{MessageData: body}},
	}
	if spoil != nil {
		spoil(b)
	}
	return &remote.RemoteMessage{MessageType: &remote.RemoteMessage_MessageBatch{MessageBatch: b}}
}

func TestAttacksAreRefused(t *testing.T) {
	r := newRig(t)
	master := start(t, r.master)
	proxy := start(t, r.unit(topology.Proxy, "p1", r.master.Control))
	master.awaitLink(0, "p1", true)

	rogue := newAttacker(t, r.identity(topology.Proxy, "rogue"), r.master.Control)
	own, home := r.master.Control, "127.0.0.1:9"
	said := func(body func(*proto.UnitMessage)) *proto.UnitMessage {
		m := &proto.UnitMessage{
			Protocol: 1, Cluster: []byte(r.ca.Cluster()), UnitId: []byte("rogue"), BootId: make([]byte, bootLen),
			Body: &proto.UnitMessage_Heartbeat{Heartbeat: &proto.Heartbeat{}},
		}
		body(m)
		return m
	}
	good := said(func(*proto.UnitMessage) {})
	spoiled := func(spoil func(*remote.MessageBatch)) []*remote.RemoteMessage {
		return []*remote.RemoteMessage{connectAs(home), batch(own, linkActor, good, spoil)}
	}
	message := func(body func(*proto.UnitMessage)) []*remote.RemoteMessage {
		return []*remote.RemoteMessage{connectAs(home), batch(own, linkActor, said(body), nil)}
	}
	third := &actor.PID{Address: "192.0.2.9:2210", Id: "x"}
	tests := []struct {
		name     string
		messages []*remote.RemoteMessage
		want     string
	}{
		{"unknown message type", spoiled(func(b *remote.MessageBatch) { b.TypeNames[0] = "no.such.Type" }), "message type"},
		{"type index out of range", spoiled(func(b *remote.MessageBatch) { b.Envelopes[0].TypeId = 7 }), "type index 7 of 1"},
		{"type index negative", spoiled(func(b *remote.MessageBatch) { b.Envelopes[0].TypeId = -1 }), "type index -1"},
		{"target index out of range", spoiled(func(b *remote.MessageBatch) { b.Envelopes[0].Target = 7 }), "target index 7 of 1"},
		{"target index negative", spoiled(func(b *remote.MessageBatch) { b.Envelopes[0].Target = -1 }), "target index -1"},
		{"sender index out of range", spoiled(func(b *remote.MessageBatch) { b.Envelopes[0].Sender = 7 }), "sender index"},
		{"serializer", spoiled(func(b *remote.MessageBatch) { b.Envelopes[0].SerializerId = 9 }), "serializer 9"},
		{"headers", spoiled(func(b *remote.MessageBatch) { b.Envelopes[0].MessageHeader = &remote.MessageHeader{} }), "headers"},
		{"a batch without end", spoiled(func(b *remote.MessageBatch) {
			for range maxBatch {
				b.Envelopes = append(b.Envelopes, b.Envelopes[0])
			}
		}), "messages in one batch"},
		{"relay to a third host", spoiled(func(b *remote.MessageBatch) { b.Targets[0].Address = "192.0.2.9:2210" }), "has reached"},
		{"another actor", spoiled(func(b *remote.MessageBatch) { b.Targets[0].Id = "EndpointSupervisor" }), "a message for actor"},
		{"no target", spoiled(func(b *remote.MessageBatch) { b.Targets[0] = nil }), "has reached"},
		{"sender on a third host", spoiled(func(b *remote.MessageBatch) { b.Senders = []*actor.PID{third}; b.Envelopes[0].Sender = 1 }), "a sender is named"},
		{"stop an actor", []*remote.RemoteMessage{connectAs(home), batch(own, linkActor, &actor.Stop{}, nil)}, "message type"},
		{"poison an actor", []*remote.RemoteMessage{connectAs(home), batch(own, linkActor, &actor.PoisonPill{}, nil)}, "message type"},
		{"watch from a third host", []*remote.RemoteMessage{connectAs(home), batch(own, linkActor, &actor.Watch{Watcher: third}, nil)}, "message type"},
		{"terminated of a third host", []*remote.RemoteMessage{connectAs(home), batch(own, linkActor, &actor.Terminated{Who: third}, nil)}, "message type"},
		{"spawn through the activator", []*remote.RemoteMessage{connectAs(home), batch(own, "activator", &remote.ActorPidRequest{Name: "x", Kind: "y"}, nil)}, "message type"},
		{"messages before connecting", []*remote.RemoteMessage{batch(own, linkActor, good, nil)}, "before the connect request"},
		{"connecting twice", []*remote.RemoteMessage{connectAs(home), connectAs(home)}, "second connect request"},
		{"client connection", []*remote.RemoteMessage{{MessageType: &remote.RemoteMessage_ConnectRequest{ConnectRequest: &remote.ConnectRequest{
			ConnectionType: &remote.ConnectRequest_ClientConnection{ClientConnection: &remote.ClientConnection{}},
		}}}}, "connect request of type"},
		{"no connection type", []*remote.RemoteMessage{{MessageType: &remote.RemoteMessage_ConnectRequest{ConnectRequest: &remote.ConnectRequest{}}}}, "connect request of type"},
		{"our address as its own", []*remote.RemoteMessage{connectAs(own)}, "own address"},
		{"another unit's address as its own", []*remote.RemoteMessage{connectAs(proxy.cfg.Control)}, "unit p1 has the address"},
		{"no address", []*remote.RemoteMessage{connectAs("")}, "not an address"},
		{"empty remote message", []*remote.RemoteMessage{{}}, "remote message of type"},
		{"disconnect request", []*remote.RemoteMessage{connectAs(home), {MessageType: &remote.RemoteMessage_DisconnectRequest{DisconnectRequest: &remote.DisconnectRequest{}}}}, "remote message of type"},
		{"another unit's name", message(func(m *proto.UnitMessage) { m.UnitId = []byte("p1") }), "in the name of unit"},
		{"another cluster's name", message(func(m *proto.UnitMessage) { m.Cluster = []byte("c2") }), "in the name of unit"},
		{"no protocol version", message(func(m *proto.UnitMessage) { m.Protocol = 0 }), "without a protocol version"},
		{"no boot ID", message(func(m *proto.UnitMessage) { m.BootId = nil }), "boot ID"},
		{"orders from below", message(func(m *proto.UnitMessage) { m.Body = &proto.UnitMessage_DesiredState{} }), "may not send"},
		{"reports without end", message(func(m *proto.UnitMessage) {
			m.Body = &proto.UnitMessage_Heartbeat{Heartbeat: &proto.Heartbeat{Reports: make([]*proto.Report, maxReports+1)}}
			for i := range m.GetHeartbeat().Reports {
				m.GetHeartbeat().Reports[i] = &proto.Report{}
			}
		}), "beyond its bounds"},
		{"garbage", spoiled(func(b *remote.MessageBatch) { b.Envelopes[0].MessageData = []byte("\xff\xff") }), "not a weir.control.v1.UnitMessage"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := rogue.attack(test.messages...)
			if status.Code(err) != codes.PermissionDenied || !strings.Contains(err.Error(), test.want) {
				t.Errorf("stream ended with %v, want PermissionDenied with %q", err, test.want)
			}
		})
	}
	t.Run("calls", func(t *testing.T) {
		client := remote.NewRemotingClient(rogue.conn)
		if _, err := client.ListProcesses(t.Context(), &remote.ListProcessesRequest{}); status.Code(err) != codes.Unimplemented {
			t.Errorf("ListProcesses = %v, want Unimplemented", err)
		}
		if _, err := client.GetProcessDiagnostics(t.Context(), &remote.GetProcessDiagnosticsRequest{}); status.Code(err) != codes.Unimplemented {
			t.Errorf("GetProcessDiagnostics = %v, want Unimplemented", err)
		}
	})
	t.Run("a Slave that poses as a Proxy", func(t *testing.T) {
		err := newAttacker(t, r.identity(topology.Slave, "s1"), own).attack(connectAs(home))
		if status.Code(err) != codes.PermissionDenied || !strings.Contains(err.Error(), "a slave links to a proxy") {
			t.Errorf("stream ended with %v", err)
		}
	})
	t.Run("the unit's own certificate", func(t *testing.T) {
		stolen, err := identity.Load(r.master.DataDir)
		if err != nil {
			t.Fatal(err)
		}
		if err := newAttacker(t, stolen, own).attack(connectAs(home)); status.Code(err) != codes.PermissionDenied {
			t.Errorf("stream ended with %v", err)
		}
	})

	master.do("ping", "pong")
	mark := master.mark()
	master.awaitAfter(mark, "reports of p1 after the attacks", func(e event) bool { return e.Kind == "reports" && e.Peer == "p1" })
	proxy.do("ping", "pong")
	for _, e := range master.events {
		if e.Kind == "link" && !e.Up {
			t.Errorf("a link went down: %+v", e)
		}
	}
}

func TestWithoutACertificate(t *testing.T) {
	r := newRig(t)
	master := start(t, r.master)
	tests := []struct {
		name string
		cfg  *tls.Config
		want string
	}{
		{"none", &tls.Config{InsecureSkipVerify: true, NextProtos: []string{alpnRemote}}, "run weir join on it"},
		{"another deployment's", func() *tls.Config {
			cfg := newRig(t).identity(topology.Proxy, "p1").ClientTLS(identity.Peer{})
			cfg.VerifyConnection = nil // it does not care who we are
			cfg.NextProtos = []string{alpnRemote}
			return cfg
		}(), "made by another deployment"},
		{"old TLS", &tls.Config{InsecureSkipVerify: true, NextProtos: []string{alpnRemote}, MaxVersion: tls.VersionTLS12}, "unsupported versions"},
		{"unknown protocol", &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"smtp"}}, "unsupported application protocols"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			conn, err := tls.Dial("tcp", r.master.Control, test.cfg)
			if err == nil {
				conn.SetDeadline(time.Now().Add(5 * time.Second))
				_, err = conn.Read(make([]byte, 1))
				conn.Close()
			}
			if err == nil {
				t.Error("the connection was accepted")
			}
			master.awaitLog(0, "connection refused", test.want)
		})
	}
}
