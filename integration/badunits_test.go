package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/weir/flowio/flowtest"
)

// TestMissingCapability runs a Proxy without the privileges that delivery udp
// needs: it says so with the remedies, the other units go on, and with
// delivery tls it works.
func TestMissingCapability(t *testing.T) {
	t.Parallel()
	needRoot(t)
	flowtest.Programs(t, "setpriv")
	d := deploy(t)
	proxy := extraUnit(d, "paris-proxy", "proxy", d.host(21), d.unit("master").Control)
	proxy.join()
	proxy.start("setpriv", "--bounding-set=-net_admin,-net_raw", "--inh-caps=-net_admin,-net_raw")
	d.await("the Proxy to be linked", 10*time.Second, proxy.linked)
	slave := extraUnit(d, "paris-slave", "slave", d.host(22), proxy.address+":2210")
	slave.join()
	slave.start()
	d.await("the Slave to be linked", 10*time.Second, slave.linked)

	d.makeGroup("paris", 2074, "udp", proxy, slave)
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
	d.awaitStored(d.export("paris-proxy", proxy.address+":2074", "127.0.232.1", 500))
}

// testBadDataDirectory starts units on data directories that cannot be used:
// each ends with exit code 1 and names the directory and what to do.
func testBadDataDirectory(t *testing.T, d *deployment) {
	hq := d.unit("hq-slave")
	config := filepath.Join(hq.DataDir, "weir.yaml")
	for _, c := range []struct {
		name  string
		args  []string
		texts []string
	}{
		{"of a running unit", []string{"run", "--config", config, "--set", "admin=" + d.host(61) + ":8210"}, []string{hq.DataDir, "another weir process"}},
		{"missing", []string{"run", "--config", config, "--set", "data-dir=/nonexistent/weir"}, []string{"/nonexistent/weir", "weir join"}},
		{"a file", []string{"run", "--config", config, "--set", "data-dir=" + config}, []string{config}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := d.on(t)
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
		needRoot(t)
		flowtest.Programs(t, "setpriv")
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
	d.converged()
}
