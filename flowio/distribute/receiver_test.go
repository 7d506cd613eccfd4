package distribute

import (
	"crypto/tls"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/weir/flowio/flow"
)

// TestTLSGarbage sends what is not a frame after a proper greeting.
func TestTLSGarbage(t *testing.T) {
	ca := newAuthority(t)
	r := startReceiver(t, ReceiverConfig{TLS: ca.config("a")}, func([]flow.Packet) { t.Error("garbage was taken") })
	cfg := ca.config("proxy")
	cfg.ServerName = "127.0.0.1"
	conn, err := tls.Dial("tcp", r.Addr().String(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.Write(greeting(token{1}))
	if _, _, err := readGreeting(conn, slaveGreeting); err != nil {
		t.Fatal(err)
	}
	conn.Write(slices.Repeat([]byte{0xff}, 100))
	conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := conn.Read(make([]byte, 1)); err == nil || strings.Contains(err.Error(), "timeout") {
		t.Errorf("the connection stays: %v", err)
	}
}

func TestReceiverNeedsClientCertificates(t *testing.T) {
	for _, cfg := range []*tls.Config{nil, {}} {
		if err := NewTLSReceiver(ReceiverConfig{TLS: cfg}, nil).Start(); err == nil {
			t.Errorf("a receiver starts with %v", cfg)
		}
	}
}

func TestReceiverTakenPort(t *testing.T) {
	ca := newAuthority(t)
	r := startReceiver(t, ReceiverConfig{TLS: ca.config("a")}, nil)
	err := NewTLSReceiver(ReceiverConfig{Address: r.Addr(), TLS: ca.config("a")}, nil).Start()
	if err == nil || !strings.Contains(err.Error(), "ss -ltnp") {
		t.Errorf("second receiver on the port: %v", err)
	}
}
