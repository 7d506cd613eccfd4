package unit

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/weir/actors/proto"
	"example.com/weir/persistence/identity"
	"example.com/weir/persistence/topology"
)

func TestEnrolment(t *testing.T) {
	r := newRig(t)
	master := start(t, r.master)
	token := func(role string) string { return master.do("token "+role, "token").Text }
	enrol := func(t *testing.T, parent, token string, role topology.Role) (Config, error) {
		cfg := Config{DataDir: t.TempDir(), Name: "new-" + string(role), Role: role, Control: freeAddress(t), Query: freeAddress(t), Parent: parent}
		_, err := Enrol(context.Background(), Enrolment{
			Parent: parent, Token: token, Name: cfg.Name, Role: role, Control: cfg.Control, Query: cfg.Query, DataDir: cfg.DataDir,
		})
		return cfg, err
	}

	proxyCfg, err := enrol(t, r.master.Control, token("proxy"), topology.Proxy)
	if err != nil {
		t.Fatalf("a Proxy at the Master: %v", err)
	}
	proxy := start(t, proxyCfg)
	proxy.awaitLink(0, master.id, true)

	used := token("slave")
	slaveCfg, err := enrol(t, proxyCfg.Control, used, topology.Slave)
	if err != nil {
		t.Fatalf("a Slave through its Proxy: %v", err)
	}
	start(t, slaveCfg).awaitLink(0, proxy.id, true)
	files, err := filepath.Glob(filepath.Join(slaveCfg.DataDir, "tls", "*"))
	if err != nil || len(files) != 3 {
		t.Errorf("files of the Slave: %v, %v, want 3", files, err)
	}
	for _, f := range files {
		if st, err := os.Stat(f); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v, want 0600", f, st.Mode(), err)
		}
	}

	fresh := token("slave")
	tests := []struct {
		name   string
		parent string
		token  string
		role   topology.Role
		want   string
	}{
		{"used token", proxyCfg.Control, used, topology.Slave, "was used on"},
		{"expired token", proxyCfg.Control, master.do("expired-token slave", "token").Text, topology.Slave, "expired on"},
		{"token of another role", r.master.Control, fresh, topology.Standalone, "for a slave, not for a standalone"},
		{"a Slave at the Master", r.master.Control, fresh, topology.Slave, "a slave joins at a proxy, there is a master"},
		{"a Proxy at a Proxy", proxyCfg.Control, token("proxy"), topology.Proxy, "a proxy joins at a master, there is a proxy"},
		{"token of another deployment", proxyCfg.Control, identity.NewJoinToken(identity.Fingerprint{1}).String(), topology.Slave, "another deployment"},
		{"mistyped token", proxyCfg.Control, fresh[:len(fresh)-1] + "?", topology.Slave, "mistyped"},
		{"nobody there", freeAddress(t), fresh, topology.Slave, "connection refused"},
		{"a Master", r.master.Control, fresh, topology.Master, "not a role that joins"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cfg, err := enrol(t, test.parent, test.token, test.role)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Enrol = %v, want %q", err, test.want)
			}
			if identity.Exists(cfg.DataDir) {
				t.Error("an identity was written")
			}
		})
	}
	t.Run("log names the peer and the reason", func(t *testing.T) {
		proxy.awaitLog(0, "enrolment refused", "was used on", "new-slave")
		master.awaitLog(0, "enrolment refused", "for a slave, not for a standalone")
	})
	t.Run("twice into one directory", func(t *testing.T) {
		_, err := Enrol(context.Background(), Enrolment{
			Parent: proxyCfg.Control, Token: fresh, Role: topology.Slave,
			Control: slaveCfg.Control, Query: slaveCfg.Query, DataDir: slaveCfg.DataDir,
		})
		if !errors.Is(err, identity.ErrExists) {
			t.Errorf("Enrol = %v, want ErrExists", err)
		}
	})
	t.Run("Master gone", func(t *testing.T) {
		mark := proxy.mark()
		master.kill()
		proxy.awaitLink(mark, master.id, false)
		if _, err := enrol(t, proxyCfg.Control, fresh, topology.Slave); err == nil || !strings.Contains(err.Error(), "no link to the Master") {
			t.Errorf("Enrol = %v, want that the Proxy has no link", err)
		}
	})
}

func TestEnrolmentSurvivesNonsense(t *testing.T) {
	r := newRig(t)
	master := start(t, r.master)
	connect := func() net.Conn {
		t.Helper()
		conn, err := tls.Dial("tcp", r.master.Control, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{alpnEnrol}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		conn.SetDeadline(time.Now().Add(5 * time.Second))
		return conn
	}
	for name, octets := range map[string]string{
		"a huge length": "\xff\xff\xff\xff", "not a message": "\x00\x00\x00\x02\xff\xff", "HTTP": "GET / HTTP/1.1\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			conn := connect()
			if _, err := conn.Write([]byte(octets)); err != nil {
				t.Fatal(err)
			}
			if n, err := conn.Read(make([]byte, 1)); err == nil {
				t.Errorf("read %d octets, want the connection closed", n)
			}
		})
	}
	t.Run("an empty request", func(t *testing.T) {
		conn := connect()
		if err := writeFrame(conn, &proto.EnrolRequest{}); err != nil {
			t.Fatal(err)
		}
		var reply proto.EnrolReply
		if err := readFrame(conn, &reply); err != nil || len(reply.Error) == 0 {
			t.Errorf("reply = %v, %v, want an error in it", &reply, err)
		}
	})
	master.do("ping", "pong")
}

// FuzzReadFrame feeds hostile frames: no panic and no allocation beyond the
// bound.
func FuzzReadFrame(f *testing.F) {
	f.Add("\x00\x00\x00\x00")
	f.Add("\xff\xff\xff\xff")
	f.Fuzz(func(t *testing.T, frame string) {
		var r proto.EnrolRequest
		if err := readFrame(strings.NewReader(frame), &r); err == nil && len(r.Csr) > maxFrame {
			t.Errorf("accepted %d octets", len(r.Csr))
		}
	})
}
