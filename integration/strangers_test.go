package integration

import (
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// testStrangers lets units knock that do not belong: with a certificate of
// another deployment, in the wrong role or place, without any, or removed
// from the topology. Both sides log why they are refused, and no other unit
// is disturbed.
func testStrangers(t *testing.T, d *deployment) {
	master, proxy := d.unit("master"), d.unit("london-proxy")
	for _, c := range []struct {
		name  string
		knock func(t *testing.T, d *deployment)
	}{
		{"another deployment", func(t *testing.T, d *deployment) {
			foreign := extraUnit(d, "foreign-master", "master", d.host(41), "", "api: {address: "+d.host(41)+":8080}")
			foreign.start()
			foreign.awaitUp()
			e := extraUnit(d, "foreign-slave", "standalone", d.host(42), foreign.address+":2210")
			other := *d
			other.demo.API, other.demo.TokenFile = "http://"+foreign.address+":8080", filepath.Join(foreign.dir, "admin-token")
			e.d = &other
			e.join()
			e.d = d
			e.rewrite(foreign.address+":2210", master.Control)
			e.start()
			e.awaitLog("refused", "certificate")
			d.awaitLog("master", "refused", "certificate")
		}},
		{"wrong role", func(t *testing.T, d *deployment) {
			e := extraUnit(d, "upstart", "proxy", d.host(43), master.Control)
			copyDir(t, filepath.Join(d.unit("hq-slave").DataDir, "tls"), filepath.Join(e.dir, "tls"))
			said, code := e.runsTo()
			if code != 1 || !strings.Contains(said, "standalone") || !strings.Contains(said, "proxy") || !strings.Contains(said, e.dir) {
				t.Errorf("exit code %d: %s", code, said)
			}
		}},
		{"wrong place", func(t *testing.T, d *deployment) {
			e := extraUnit(d, "misplaced", "standalone", d.host(44), master.Control)
			e.join()
			e.rewrite(master.Control, proxy.Control)
			e.start()
			e.awaitLog("refuses", "a standalone links to a master")
			d.awaitLog("london-proxy", "refused", "a standalone links to a master")
			e.stop()
			e.forget()
		}},
		{"removed from the topology", func(t *testing.T, d *deployment) {
			e := extraUnit(d, "removed", "standalone", d.host(45), master.Control)
			e.join()
			id := e.id()
			e.forget()
			e.start()
			e.awaitLog("refuses", "not in the topology", "join it again")
			d.awaitLog("master", "refused", id)
		}},
		{"no certificate", func(t *testing.T, d *deployment) {
			for _, address := range []string{master.Control, proxy.Query, strings.Replace(d.unit("london-slave-1").Control, ":2210", ":32055", 1)} {
				if err := knockWithout(address); err == nil {
					t.Errorf("%s lets in who has no certificate", address)
				}
			}
			d.awaitLog("london-proxy", "refused", "certificate")
		}},
		{"not joined", func(t *testing.T, d *deployment) {
			e := extraUnit(d, "fresh", "slave", d.host(46), proxy.Control)
			if said, code := e.runsTo(); code != 1 || !strings.Contains(said, "weir join") || !strings.Contains(said, e.dir) {
				t.Errorf("exit code %d: %s", code, said)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.knock(t, d.on(t))
		})
	}
	d.converged()
}

// rewrite replaces a text in the unit's configuration.
func (e *extra) rewrite(old, replacement string) {
	e.d.t.Helper()
	text, err := os.ReadFile(e.file)
	if err != nil {
		e.d.t.Fatal(err)
	}
	if err := os.WriteFile(e.file, []byte(strings.Replace(string(text), old, replacement, 1)), 0o600); err != nil {
		e.d.t.Fatal(err)
	}
}

func copyDir(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(to, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := os.Chmod(f, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// knockWithout dials a TLS port without a certificate and returns how it was
// refused.
func knockWithout(address string) error {
	conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	// In TLS 1.3 a client learns of its refusal from the first answer.
	if _, err := conn.Write([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")); err != nil {
		return err
	}
	for {
		if _, err := conn.Read(make([]byte, 512)); err != nil {
			if strings.Contains(err.Error(), "timeout") {
				return nil
			}
			return err
		}
	}
}

// testJoinTokens uses join tokens in every way they must not be.
func testJoinTokens(t *testing.T, d *deployment) {
	master := d.unit("master").Control
	e := extraUnit(d, "joiner", "standalone", d.host(51), master)
	refused := func(what, token string, texts ...string) {
		t.Helper()
		_, errs, code := e.joinWith(token)
		if code == 0 {
			t.Errorf("%s: joined", what)
		}
		for _, text := range texts {
			if !strings.Contains(errs, text) {
				t.Errorf("%s: exit code %d: %q does not say %q", what, code, errs, text)
			}
		}
	}
	refused("no token", "", "weir token create --role standalone")
	refused("garbage", "weir-join_garbage", "token")
	refused("of another role", d.joinToken("slave"), "slave", "standalone")
	expired := d.joinToken("standalone", "--valid", "1s")
	made := time.Now()
	d.await("the token to expire", 5*time.Second, func() error {
		if valid := time.Until(made.Add(1100 * time.Millisecond)); valid > 0 {
			return fmt.Errorf("it is valid for %v", valid)
		}
		return nil
	})
	refused("expired", expired, "expired")
	good := d.joinToken("standalone")
	broken := good[:len(good)-1] + string('a'+(good[len(good)-1]+1)%26)
	refused("mistyped", broken, "token")
	if _, errs, code := e.joinWith(good); code != 0 {
		t.Fatalf("a good token after bad ones: exit code %d: %s", code, errs)
	}
	second := extraUnit(d, "joiner-2", "standalone", d.host(52), master)
	if _, errs, code := second.joinWith(good); code == 0 || !strings.Contains(errs, "used") {
		t.Errorf("a used token: exit code %d: %s", code, errs)
	}
	if _, errs, code := e.joinWith(d.joinToken("standalone")); code == 0 || !strings.Contains(errs, e.dir) {
		t.Errorf("joining again over an identity: exit code %d: %s", code, errs)
	}
	e.forget()
	d.converged()
}
