package integration

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"example.com/weir/flowio/flowtest"
)

// network is namespaces with addresses of their own, each joined to the
// Proxy's by a veth pair. Between namespace number i and the Proxy's the
// network is 10.38.i.0/24 and fd38:i::/64; the Proxy has host 1, the other
// host 2. It stands for a place: nobody but the Proxy reaches all others.
type network struct {
	t     testing.TB
	name  string // what the names of its namespaces begin with
	proxy string // name of the Proxy's namespace
	sides map[string]int
	six   bool // units and exporters find each other over IPv6
}

// networks counts the networks of this run.
var networks atomic.Int32

// needNamespaces needs the right to make network namespaces.
func needNamespaces(t testing.TB) {
	t.Helper()
	needRoot(t)
	flowtest.Programs(t, "ip")
	probe := fmt.Sprintf("weir-%d-%d-probe", os.Getpid(), networks.Add(1))
	if out, err := exec.Command("ip", "netns", "add", probe).CombinedOutput(); err != nil {
		flowtest.Missing(t, "network namespaces cannot be made here: %v: %s", err, out)
	}
	_ = exec.Command("ip", "netns", "del", probe).Run()
}

// newNetwork makes the namespace of a Proxy and those of the others.
func newNetwork(t testing.TB, others ...string) *network {
	t.Helper()
	needNamespaces(t)
	n := &network{t: t, name: fmt.Sprintf("weir-%d-%d-", os.Getpid(), networks.Add(1)), sides: map[string]int{}}
	n.proxy = n.space("proxy")
	n.add(n.proxy)
	for i, name := range others {
		n.sides[name] = i + 1
		n.join(name, i+1)
	}
	return n
}

func (n *network) add(space string) {
	n.t.Helper()
	n.ip("netns", "add", space)
	n.t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", space).Run() })
	n.ip("-n", space, "link", "set", "lo", "up")
	// Link-local addresses ask for neighbours on behalf of foreign sources;
	// while they look for duplicates, packets are lost.
	n.must(exec.Command("ip", "netns", "exec", space, "sysctl", "-qw", "net.ipv6.conf.default.dad_transmits=0"))
}

// join makes namespace number i and its veth pair. Addresses are used at once,
// without looking for duplicates.
func (n *network) join(name string, i int) {
	n.t.Helper()
	space := n.space(name)
	n.add(space)
	near, far := fmt.Sprintf("to-%d", i), "uplink"
	n.ip("-n", n.proxy, "link", "add", near, "type", "veth", "peer", "name", far, "netns", space)
	for host, end := range [][2]string{{n.proxy, near}, {space, far}} {
		n.ip("-n", end[0], "addr", "add", fmt.Sprintf("10.38.%d.%d/24", i, host+1), "dev", end[1])
		n.ip("-n", end[0], "addr", "add", fmt.Sprintf("fd38:%d::%d/64", i, host+1), "dev", end[1], "nodad")
		n.ip("-n", end[0], "link", "set", end[1], "up")
	}
	n.ip("-n", space, "route", "add", "default", "via", fmt.Sprintf("10.38.%d.1", i))
	n.ip("-n", space, "-6", "route", "add", "default", "via", fmt.Sprintf("fd38:%d::1", i))
}

// meet has the Proxy's kernel find the link address of a side, as the links
// between units do wherever there is a Master: the first packets would wait for
// it, and few may.
func (n *network) meet(name string, six bool) {
	n.t.Helper()
	address := n.at(name, six)
	poll(n.t, "the Proxy to find "+name, 30*time.Second, pollEvery, func() error {
		n.must(n.command("proxy", "bash", "-c", fmt.Sprintf("echo > /dev/udp/%s/9", address)))
		known := n.must(exec.Command("ip", "-n", n.proxy, "neigh", "show", "to", address.String()))
		if !strings.Contains(known, "lladdr") {
			return fmt.Errorf("%s is known as %q", address, known)
		}
		return nil
	})
}

// space is the namespace of a side.
func (n *network) space(name string) string { return n.name + name }

// at returns the address of a side, IPv4 or IPv6.
func (n *network) at(name string, six bool) netip.Addr {
	if six {
		return netip.MustParseAddr(fmt.Sprintf("fd38:%d::2", n.sides[name]))
	}
	return netip.MustParseAddr(fmt.Sprintf("10.38.%d.2", n.sides[name]))
}

// here returns the address of a side where others find it.
func (n *network) here(name string) netip.Addr { return n.at(name, n.six) }

// proxyAt returns the Proxy's address on the link to a side.
func (n *network) proxyAt(name string, six bool) netip.Addr { return n.at(name, six).Prev() }

// setMTU sets the MTU of both ends of the link to a side.
func (n *network) setMTU(name string, mtu int) {
	n.t.Helper()
	n.ip("-n", n.proxy, "link", "set", fmt.Sprintf("to-%d", n.sides[name]), "mtu", fmt.Sprint(mtu))
	n.ip("-n", n.space(name), "link", "set", "uplink", "mtu", fmt.Sprint(mtu))
}

// filterReturnPaths sets rp_filter of a side: 0 off, 1 strict.
func (n *network) filterReturnPaths(name string, mode int) {
	n.t.Helper()
	for _, device := range []string{"all", "uplink"} {
		n.must(n.command(name, "sysctl", "-qw", fmt.Sprintf("net.ipv4.conf.%s.rp_filter=%d", device, mode)))
	}
}

// command returns a command that runs at a side.
func (n *network) command(name string, line ...string) *exec.Cmd {
	return tied("ip", append([]string{"netns", "exec", n.space(name)}, line...)...)
}

func (n *network) ip(line ...string) {
	n.t.Helper()
	n.must(exec.Command("ip", line...))
}

func (n *network) must(cmd *exec.Cmd) string {
	n.t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		n.t.Fatalf("%v: %v: %s", cmd, err, out)
	}
	return string(out)
}

// process is a program that runs at a side until it is stopped.
type process struct {
	cmd       *exec.Cmd
	out, errs said
	ended     chan error
}

// said is what a program prints, which may be read before it ends.
type said struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// start starts a program at a side. It is interrupted when the test ends, if
// not before.
func (n *network) start(name string, env []string, line ...string) *process {
	n.t.Helper()
	p := &process{cmd: n.command(name, line...), ended: make(chan error, 1)}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.errs
	if err := p.cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	go func() { p.ended <- p.cmd.Wait() }()
	n.t.Cleanup(func() { p.interrupt() })
	return p
}

// interrupt ends the program in good order and returns what it printed.
func (p *process) interrupt() (out string, err error) {
	if p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Signal(syscall.SIGINT)
	}
	select {
	case err = <-p.ended:
		p.ended <- err
	case <-time.After(20 * time.Second):
		_ = p.cmd.Process.Kill()
		err = fmt.Errorf("%v does not end", p.cmd)
	}
	if err != nil {
		err = fmt.Errorf("%w: %s", err, strings.TrimSpace(p.errs.String()))
	}
	return p.out.String(), err
}
