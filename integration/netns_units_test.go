package integration

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// deployUnits starts a Master, a Proxy and Slaves at the sides of those names,
// each with addresses of its own, and makes the source group london of them. The
// Proxy is at the middle; nobody can pass through it, so that the Master has no
// way to the Slaves.
func (n *network) deployUnits(slaves ...string) *deployment {
	n.t.Helper()
	dir := n.t.TempDir()
	d := &deployment{t: n.t, dir: dir, client: n.client("master"), front: n.command("master").Args}
	d.demo.API = "http://" + netip.AddrPortFrom(n.here("master"), 8080).String()
	d.demo.TokenFile = filepath.Join(dir, "master", "admin-token")
	n.ip("-n", n.space("master"), "route", "del", "default")
	n.ip("-n", n.space("master"), "-6", "route", "del", "default")

	master := netip.AddrPortFrom(n.here("master"), 2210)
	proxy := netip.AddrPortFrom(n.proxyAt("master", n.six), 2210)
	n.startUnit(d, "master", "master", master, "", "api: {address: '"+netip.AddrPortFrom(master.Addr(), 8080).String()+"'}")
	d.await("the admin token", 15*time.Second, func() error {
		token, err := os.ReadFile(d.demo.TokenFile)
		d.token = strings.TrimSpace(string(token))
		return err
	})
	d.await("the API", 15*time.Second, func() error { return d.call("GET", "/topology", nil, nil) })
	n.startUnit(d, "proxy", "proxy", proxy, master.String(), `flows: {address: "::"}`)
	for _, side := range slaves {
		d.await("the Proxy", 15*time.Second, func() error { return d.heard("proxy") })
		n.startUnit(d, side, "slave", netip.AddrPortFrom(n.here(side), 2210), proxy.String(), `flows: {address: "::"}`)
	}
	for _, side := range slaves {
		d.await(side, 15*time.Second, func() error { return d.heard(side) })
	}
	for _, line := range [][]string{
		{"create-source-group", "london", "--listen", "2055", "--delivery", "udp"},
		{"create-proxy-group", "london-1", "--source-group", "london", "--proxy", "proxy", "--slaves", strings.Join(slaves, ",")},
	} {
		if _, errs, code := d.run(append([]string{"topology"}, line...)...); code != 0 {
			n.t.Fatalf("weir topology %v: exit code %d: %s", line, code, errs)
		}
	}
	d.converged()
	for _, side := range slaves {
		n.meet(side, n.six)
	}
	return d
}

// heard returns nil when the Master hears of a unit.
func (d *deployment) heard(name string) error {
	if s := d.status(name).Status; s.State == "expected" || s.State == "lost" {
		return fmt.Errorf("%s is %s: %s", name, s.State, s.Reason)
	}
	return nil
}

// startUnit joins a unit, unless it is a Master, and runs it at its side.
func (n *network) startUnit(d *deployment, side, role string, control netip.AddrPort, parent string, settings ...string) {
	n.t.Helper()
	dir := filepath.Join(d.dir, side)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		n.t.Fatal(err)
	}
	lines := append([]string{"role: " + role, "name: " + side, "data-dir: " + dir, "control: '" + control.String() + "'", "log: {format: text}"}, settings...)
	if parent != "" {
		lines = append(lines, "parent: '"+parent+"'")
	}
	config, token := filepath.Join(d.dir, side+".yaml"), filepath.Join(d.dir, side+".token")
	n.write(config, strings.Join(lines, "\n")+"\n")
	if parent != "" {
		n.write(token, d.joinToken(role))
		n.must(n.command(side, program, "join", "--config", config, "--token-file", token))
	}
	p := n.start(side, nil, program, "run", "--config", config)
	if d.logs == nil {
		d.logs = map[string]func() (string, error){}
	}
	d.logs[side] = func() (string, error) { return p.errs.String(), nil }
	t := n.t
	t.Cleanup(func() {
		if _, err := p.interrupt(); err != nil {
			t.Errorf("%s: %v", side, err)
		}
		if t.Failed() {
			t.Logf("log of %s:\n%s", side, p.errs.String())
		}
	})
}

func (n *network) write(file, text string) {
	n.t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		n.t.Fatal(err)
	}
}

// client makes HTTP requests from a side.
func (n *network) client(side string) *http.Client {
	space := n.space(side)
	dial := func(ctx context.Context, kind, address string) (conn net.Conn, err error) {
		err = within(space, func() error {
			conn, err = new(net.Dialer).DialContext(ctx, kind, address)
			return err
		})
		return conn, err
	}
	return &http.Client{Transport: &http.Transport{DialContext: dial}}
}

// within calls f in a network namespace; what f opens stays there.
func within(space string, f func() error) error {
	runtime.LockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	defer home.Close()
	there, err := os.Open("/var/run/netns/" + space)
	if err != nil {
		return err
	}
	defer there.Close()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		return err
	}
	err = f()
	if unix.Setns(int(home.Fd()), unix.CLONE_NEWNET) == nil {
		runtime.UnlockOSThread() // else the thread ends with its goroutine
	}
	return err
}

// cut makes a black hole of the link between the Proxy and a side, both ways:
// the kernels have a wrong link address for each other and do not ask.
func (n *network) cut(side string) {
	n.linkAddresses(side, "replace", "lladdr", "02:00:00:00:00:de", "nud", "permanent")
}

// heal ends what cut began.
func (n *network) heal(side string) { n.linkAddresses(side, "del") }

func (n *network) linkAddresses(side, verb string, more ...string) {
	n.t.Helper()
	device := fmt.Sprintf("to-%d", n.sides[side])
	for _, six := range []bool{false, true} {
		n.ip(append([]string{"-n", n.proxy, "neigh", verb, n.at(side, six).String(), "dev", device}, more...)...)
		n.ip(append([]string{"-n", n.space(side), "neigh", verb, n.proxyAt(side, six).String(), "dev", "uplink"}, more...)...)
	}
}
