package unit

import (
	"errors"
	"strings"
	"testing"

	"example.com/weir/actors/proto"
	"example.com/weir/persistence/identity"
	"example.com/weir/persistence/topology"
)

func TestConfigReportsEverythingAtOnce(t *testing.T) {
	tests := []struct {
		name string
		cfg  Config
		want []string
	}{
		{"empty", Config{}, []string{"role:", "control:"}},
		{"a Slave without parent", Config{Role: topology.Slave, Control: "192.0.2.1:2210"}, []string{"parent:", "the proxy above"}},
		{"a Master with parent", Config{Role: topology.Master, Control: "192.0.2.1:2210", Parent: "192.0.2.2:2210"}, []string{"parent: a master has none"}},
		{"addresses", Config{Role: topology.Slave, Control: "192.0.2.1", Listen: "x", Parent: ":2210"}, []string{"control:", "listen:", "parent:"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Open(test.cfg)
			for _, want := range test.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("Open = %v, want %q in it", err, want)
				}
			}
		})
	}
	if err := (Config{Role: topology.Master, Control: "[2001:db8::1]:2210", Listen: ":2210"}).validate(); err != nil {
		t.Errorf("every address of a machine: %v", err)
	}
}

func TestSendRefusesWhatWouldNotArrive(t *testing.T) {
	u := &Unit{id: &identity.Identity{}}
	u.views.Store(&views{address: map[topology.UnitID]string{"p1": "192.0.2.1:2210"}})
	tests := []struct {
		name string
		to   topology.UnitID
		m    *proto.UnitMessage
		want error
		text string
	}{
		{"no link", "p2", &proto.UnitMessage{Body: &proto.UnitMessage_Goodbye{}}, ErrDown, "p2"},
		{"no body", "p1", &proto.UnitMessage{}, nil, "without a body"},
		{"too large", "p1", &proto.UnitMessage{Body: &proto.UnitMessage_Goodbye{Goodbye: &proto.Goodbye{Reason: make([]byte, maxMessage)}}}, ErrTooLarge, "Goodbye"},
		{"not UTF-8", "p1", &proto.UnitMessage{Body: &proto.UnitMessage_Hello{Hello: &proto.Hello{Version: "\xff"}}}, nil, "UTF-8"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := u.Send(test.to, test.m)
			if err == nil || test.want != nil && !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text) {
				t.Errorf("Send = %v, want %v with %q", err, test.want, test.text)
			}
		})
	}
	if err := u.SendUp(&proto.UnitMessage{}); !errors.Is(err, ErrDown) {
		t.Errorf("SendUp = %v, want ErrDown", err)
	}
}

func TestSplitListen(t *testing.T) {
	for listen, want := range map[string]string{"192.0.2.1:2210": "192.0.2.1", ":2210": "", "[2001:db8::1]:2210": "[2001:db8::1]", "host:2210": "host"} {
		if host, port := splitListen(listen); host != want || port != 2210 {
			t.Errorf("splitListen(%q) = %q, %d, want %q", listen, host, port, want)
		}
	}
}
