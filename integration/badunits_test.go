package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMissingCapability runs a Proxy without the privileges that delivery udp
// needs: it says so with the remedies, the other units go on, and with
// delivery tls it works, for exporters over IPv6 as well.
func TestMissingCapability(t *testing.T) {
	needRoot(t)
	need(t, "setpriv")
	d := deploy(t, "--first", "127.0.74.11")
	proxy := extraUnit(d, "paris-proxy", "proxy", "127.0.74.21", d.unit("master").Control, `flows: {address: "::"}`)
	proxy.join()
	proxy.start("setpriv", "--bounding-set=-net_admin,-net_raw", "--inh-caps=-net_admin,-net_raw")
	proxy.awaitUp()
	d.await("the Proxy to be linked", 10*time.Second, func() error { return d.linked("paris-proxy") })
	slave := extraUnit(d, "paris-slave", "slave", "127.0.74.22", "127.0.74.21:2210")
	slave.join()
	slave.start()
	slave.awaitUp()

	var group, pair outcome
	if err := d.call("POST", "/source-groups", map[string]any{"name": "paris", "listen": []int{2074}, "delivery": "udp"}, &group); err != nil {
		t.Fatal(err)
	}
	if err := d.call("POST", "/proxy-groups", map[string]any{
		"name": "paris-1", "sourceGroup": group.ID, "proxy": proxy.id(), "slaves": []any{map[string]any{"unit": slave.id(), "weight": 1}},
	}, &pair); err != nil {
		t.Fatal(err)
	}
	d.await("the Proxy to say what is missing", 15*time.Second, func() error {
		s := d.status("paris-proxy").Status
		for _, c := range s.Checks {
			if !c.OK && strings.Contains(c.Reason, "CAP_NET_ADMIN") && strings.Contains(c.Reason, "setcap") && strings.Contains(c.Reason, "delivery tls") {
				return nil
			}
		}
		return fmt.Errorf("it is %s: %s %+v", s.State, s.Reason, s.Checks)
	})
	proxy.awaitLog("CAP_NET_ADMIN", "delivery tls")
	for _, u := range d.topology().Units {
		if !strings.HasPrefix(u.Name, "paris") && u.Status.State != "active" {
			t.Errorf("%s is %s: %s", u.Name, u.Status.State, u.Status.Reason)
		}
	}
	d.awaitStored(d.export("london-proxy", d.listen("london"), "127.0.231.1", 500))

	d.patchSourceGroup("paris", map[string]any{"delivery": "tls"})
	d.awaitStored(d.export("paris-proxy", "127.0.74.21:2074", "127.0.232.1", 500))
	d.awaitOverIPv6("paris", "[::1]:2074")
}

// linked reports an error unless the Master hears of a unit.
func (d *deployment) linked(name string) error {
	if s := d.status(name).Status; s.State == "lost" || s.State == "joining" || s.State == "expected" {
		return fmt.Errorf("%s is %s: %s", name, s.State, s.Reason)
	}
	return nil
}

// awaitOverIPv6 sends flows from ::1 and waits until a source group has them
// all, from that exporter.
func (d *deployment) awaitOverIPv6(group, to string) {
	d.t.Helper()
	sent := d.generate("--to", to, "--rate", "5000", "--for", "500ms")
	d.await("the flows that came over IPv6", 15*time.Second, func() error {
		got, coverage := d.total("exporter ip ::1", group)
		if got != sent || !coverage.Complete {
			return fmt.Errorf("%v, want %v; coverage %+v", got, sent, coverage)
		}
		return nil
	})
}

// TestStandaloneOverIPv6 adds a standalone Slave that listens on every
// address and receives over IPv4 and IPv6.
func TestStandaloneOverIPv6(t *testing.T) {
	d := deploy(t, "--first", "127.0.76.11")
	e := extraUnit(d, "rome", "standalone", "127.0.76.21", d.unit("master").Control, `flows: {address: "::"}`)
	e.join()
	e.start()
	e.awaitUp()
	var group outcome
	if err := d.call("POST", "/source-groups", map[string]any{"name": "rome", "listen": []int{2076}}, &group); err != nil {
		t.Fatal(err)
	}
	if err := d.call("POST", "/proxy-groups", map[string]any{"name": "rome-1", "sourceGroup": group.ID, "proxy": e.id()}, nil); err != nil {
		t.Fatal(err)
	}
	d.converged()
	d.awaitOverIPv6("rome", "[::1]:2076")
	d.awaitStored(d.export("rome", "127.0.76.21:2076", "127.0.233.1", 500))
	d.booksBalance()
}

// TestBadDataDirectory starts units on data directories that cannot be used:
// each ends with exit code 1 and names the directory and what to do.
func TestBadDataDirectory(t *testing.T) {
	d := shared(t)
	hq := d.unit("hq-slave")
	config := filepath.Join(hq.DataDir, "weir.yaml")
	for _, c := range []struct {
		name  string
		args  []string
		texts []string
	}{
		{"of a running unit", []string{"run", "--config", config, "--set", "admin=127.0.71.61:8210"}, []string{hq.DataDir, "another weir process"}},
		{"missing", []string{"run", "--config", config, "--set", "data-dir=/nonexistent/weir"}, []string{"/nonexistent/weir", "weir join"}},
		{"a file", []string{"run", "--config", config, "--set", "data-dir=" + config}, []string{config}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d.t = t
			_, errs, code := d.run(c.args...)
			if code != 1 {
				t.Errorf("exit code %d", code)
			}
			for _, text := range c.texts {
				if !strings.Contains(errs, text) {
					t.Errorf("it does not say %q:\n%s", text, errs)
				}
			}
		})
	}
	t.Run("unreadable", func(t *testing.T) {
		d.t = t
		needRoot(t)
		need(t, "setpriv")
		open := t.TempDir() // the program and the configuration are readable, the data directory is not
		for _, dir := range []string{open, filepath.Dir(open)} {
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		copyFile(t, program, filepath.Join(open, "weir"), 0o755)
		copyFile(t, config, filepath.Join(open, "weir.yaml"), 0o644)
		out, code := runAs(t, open, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", filepath.Join(open, "weir"), "run", "--config", filepath.Join(open, "weir.yaml"))
		if code != 1 || !strings.Contains(out, hq.DataDir) || !strings.Contains(out, "permission denied") {
			t.Errorf("exit code %d: %s", code, out)
		}
	})
	d.t = t
	d.converged()
}
