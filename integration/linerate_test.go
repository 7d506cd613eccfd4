package integration

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/weir/flowio/distribute"
	"example.com/weir/flowio/flowtest"
)

// lineRates is what BenchmarkLineRate offers a Proxy. WEIR_RATE_SECONDS says
// how long, 60 s is what the figures of the README are of.
var lineRates = []struct {
	model, delivery string
	rate            int // records per second
}{
	{"round-robin", "udp", 1_000_000},
	{"round-robin", "tls", 1_000_000},
	{"host-pair", "tls", 1_000_000},
	{"flow-source", "udp", 7_200_000}, // 310,000 packets
}

func lasting() time.Duration {
	n, err := strconv.Atoi(os.Getenv("WEIR_RATE_SECONDS"))
	if err != nil || n < 1 {
		n = 10
	}
	return time.Duration(n) * time.Second
}

// rising is how long the load rises at first; WEIR_RATE_RAMP=0s has it begin at
// full rate.
func rising() string { return cmp.Or(os.Getenv("WEIR_RATE_RAMP"), "2s") }

// rig is exporters, a Proxy and two places of Slaves in namespaces.
type rig struct {
	*network
	slaves [2]*runningPart
}

// newRig starts the places of Slaves. Eight exporters have an address each.
func newRig(t testing.TB, p part) *rig {
	t.Helper()
	r := &rig{network: newNetwork(t, "exporters", "slave1", "slave2")}
	for i := range 8 {
		r.ip("-n", r.space("exporters"), "addr", "add", fmt.Sprintf("10.38.1.%d/24", 11+i), "dev", "uplink")
	}
	p.Role = "slave"
	for i := range r.slaves {
		name := fmt.Sprintf("slave%d", i+1)
		p.Listen = r.at(name, false)
		r.slaves[i] = r.startPart(name, p)
	}
	return r
}

// slavesOf returns the places as a Proxy knows them.
func (r *rig) slavesOf() (all []distribute.Slave) {
	for i := range r.slaves {
		name := fmt.Sprintf("slave%d", i+1)
		all = append(all, distribute.Slave{ID: name, Name: name, Host: r.at(name, false), Weight: 1})
	}
	return all
}

// offered is what generate has sent, and what that cost.
type offered struct {
	packets, records, flowPackets, flowBytes uint64
	seconds, cpu                             float64
}

// generate sends and returns what was sent.
func (r *rig) generate(args ...string) (o offered) {
	r.t.Helper()
	cmd := r.command("exporters", append([]string{
		program, "generate", "--output", "json", "--from", "10.38.1.11", "--exporters", "8",
		"--to", r.proxyAt("exporters", false).String() + ":2055",
	}, args...)...)
	var said struct {
		Packets, Records string
		Flows            struct{ Packets, Bytes string }
		Seconds          float64
	}
	if err := decode(r.must(cmd), &said); err != nil {
		r.t.Fatal(err)
	}
	return offered{
		packets: uint64(integer(said.Packets)), records: uint64(integer(said.Records)),
		flowPackets: uint64(integer(said.Flows.Packets)), flowBytes: uint64(integer(said.Flows.Bytes)),
		seconds: said.Seconds, cpu: (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds(),
	}
}

// BenchmarkLineRate offers a Proxy's data path more than exporters send: the
// generator, the Proxy and the places of two Slaves share the machine. The load
// rises for two seconds, in which processes and kernel get their memory. What
// arrives is compared with what was sent: packets, records and the sums of their
// counters under the models that deal records out, packets and octets under
// the one that forwards them.
func BenchmarkLineRate(b *testing.B) {
	for _, c := range lineRates {
		b.Run(fmt.Sprintf("%s/%s/offered=%d", c.model, c.delivery, c.rate), func(b *testing.B) {
			for range b.N {
				dealt := c.model != distribute.FlowSource
				r := newRig(b, part{Port: 2055, Delivery: c.delivery, Sums: dealt})
				proxy := r.startPart("proxy", part{Role: "proxy", Port: 2055, Model: c.model, Delivery: c.delivery, Slaves: r.slavesOf()})
				r.awaitPort("proxy", 2055)
				o := r.generate("--rate", fmt.Sprint(c.rate), "--repeat", "64", "--ipv6", "0", "--protocol", "netflow9", "--ramp", rising(), "--for", lasting().String())
				r.reportRate(b, o, proxy.end(b), dealt)
			}
		})
	}
}

// reportRate compares what arrived with what was sent, and says what each part
// cost.
func (r *rig) reportRate(b *testing.B, o offered, proxy told, dealt bool) {
	b.Helper()
	var arrived told
	var out uint64
	for i, s := range proxy.Sent {
		out += s.Packets
		arrived.add(r.slaves[i].end(b))
	}
	if proxy.Missing != 0 {
		b.Errorf("the ledger misses %d", proxy.Missing)
	}
	if len(proxy.Dropped) == 0 && dealt {
		if got, want := [3]uint64{arrived.Records, arrived.FlowPackets, arrived.FlowBytes}, [3]uint64{o.records, o.flowPackets, o.flowBytes}; got != want {
			b.Errorf("records and their sums arrived: %d, want %d", got, want)
		}
	}
	if len(proxy.Dropped) > 0 || arrived.Packets != out {
		b.Logf("%d packets sent, %d arrived; dropped %v", out, arrived.Packets, proxy.Dropped)
	}
	kept := float64(proxy.Kept)
	b.ReportMetric(float64(o.records)/o.seconds, "offered-records/s")
	b.ReportMetric(float64(o.packets)/o.seconds, "offered-packets/s")
	b.ReportMetric(100*(1-kept/float64(o.records)), "lost-%")
	b.ReportMetric(100*(1-float64(arrived.Packets)/float64(out)), "lost-behind-%")
	b.ReportMetric(proxy.CPU/kept*1e6, "proxy-cpu-s/M")
	b.ReportMetric(o.cpu/float64(o.records)*1e6, "generator-cpu-s/M")
	b.ReportMetric(arrived.CPU/kept*1e6, "receivers-cpu-s/M")
	b.ReportMetric(proxy.CPU/float64(o.packets)*1e6, "proxy-cpu-us/packet")
	b.ReportMetric(float64(out)/float64(o.packets), "out/in")
}

// add adds what another place of a Slave has counted.
func (s *told) add(other told) {
	s.Packets += other.Packets
	s.Octets += other.Octets
	s.Records += other.Records
	s.FlowPackets += other.FlowPackets
	s.FlowBytes += other.FlowBytes
	s.CPU += other.CPU
}

// awaitPort waits until something at a side is bound to a UDP port.
func (n *network) awaitPort(name string, port int) {
	n.t.Helper()
	for deadline := time.Now().Add(15 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if out := n.must(n.command(name, "cat", "/proc/net/udp", "/proc/net/udp6")); strings.Contains(out, fmt.Sprintf(":%04X ", port)) {
			return
		}
		if time.Now().After(deadline) {
			n.t.Fatalf("nothing at %s is bound to UDP port %d", name, port)
		}
	}
}

// peers are collectors that pass on what they get. Each is a command line
// that listens on UDP 2055 and sends to both places of Slaves, or to the one
// that it can; dir is its own.
var peers = []struct {
	name string
	line func(r *rig, dir string) []string
}{
	{"nfacctd-tee-rr", func(r *rig, dir string) []string { return nfacctd(r, dir, "rr", "slave1", "slave2") }},
	// The hash is the first octet of the exporter's address, masked with the
	// number of receivers: 10 and 2 give a receiver that the pool does not have.
	{"nfacctd-tee-hash", func(r *rig, dir string) []string { return nfacctd(r, dir, "hash-agent", "slave1") }},
	{"nfcapd-repeater", func(r *rig, dir string) []string {
		return []string{"nfcapd", "-p", "2055", "-w", dir, "-R", r.at("slave1", false).String() + "/32055"}
	}},
}

// nfacctd writes the configuration of pmacct's tee plugin: transparent, with
// a pool of places.
func nfacctd(r *rig, dir, balance string, places ...string) []string {
	config, receivers := filepath.Join(dir, "nfacctd.conf"), filepath.Join(dir, "receivers")
	var addresses []string
	for _, name := range places {
		addresses = append(addresses, r.at(name, false).String()+":32055")
	}
	pool := fmt.Sprintf("id=1 ip=%s balance-alg=%s\n", strings.Join(addresses, ","), balance)
	text := "nfacctd_port: 2055\nplugins: tee[a]\ntee_receivers[a]: " + receivers + "\ntee_transparent: true\n" +
		"plugin_pipe_size: 67108864\nplugin_buffer_size: 65536\nnfacctd_pipe_size: 33554432\n"
	for name, content := range map[string]string{config: text, receivers: pool} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			r.t.Fatal(err)
		}
	}
	return []string{"nfacctd", "-f", config}
}

// BenchmarkPeers gives the same packets to weir's Proxy, whole and by record,
// and to its peers, none of which deals records out.
func BenchmarkPeers(b *testing.B) {
	flowtest.Programs(b, "nfacctd", "nfcapd")
	load := []string{"--rate", "1000000", "--repeat", "64", "--ipv6", "0", "--protocol", "netflow9", "--for", lasting().String()}
	for _, peer := range peers {
		b.Run(peer.name, func(b *testing.B) {
			for range b.N {
				r := newRig(b, part{Port: 2055, Delivery: "udp"})
				p := r.start("proxy", nil, peer.line(r, b.TempDir())...)
				r.awaitPort("proxy", 2055)
				before := treeSeconds(b, p.cmd.Process.Pid)
				o := r.generate(load...)
				time.Sleep(time.Second) // what it has queued
				cpu := treeSeconds(b, p.cmd.Process.Pid) - before
				p.interrupt()
				r.reportPeer(b, cpu, o.packets)
			}
		})
	}
	for _, model := range []string{"flow-source", "round-robin"} {
		b.Run("weir-"+model, func(b *testing.B) {
			for range b.N {
				r := newRig(b, part{Port: 2055, Delivery: "udp"})
				p := r.startPart("proxy", part{Role: "proxy", Port: 2055, Model: model, Delivery: "udp", Slaves: r.slavesOf()})
				r.awaitPort("proxy", 2055)
				o := r.generate(load...)
				said := p.end(b)
				r.reportPeer(b, said.CPU, o.packets)
				b.ReportMetric(100*(1-float64(said.Kept)/float64(o.records)), "lost-%") // packets out are fewer than in
			}
		})
	}
}

func (r *rig) reportPeer(b *testing.B, cpu float64, packets uint64) {
	b.Helper()
	arrived := r.slaves[0].end(b).Packets + r.slaves[1].end(b).Packets
	b.ReportMetric(cpu/float64(packets)*1e6, "cpu-us/packet")
	b.ReportMetric(100*(1-float64(arrived)/float64(packets)), "lost-%")
	b.ReportMetric(float64(packets)/lasting().Seconds(), "offered-packets/s")
}

// treeSeconds returns the processor seconds of a process and its children,
// those of peers that work in several.
func treeSeconds(b *testing.B, pid int) float64 {
	b.Helper()
	total := processorSeconds(b, pid)
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return total
	}
	for _, text := range strings.Fields(string(children)) {
		if child, err := strconv.Atoi(text); err == nil {
			total += treeSeconds(b, child)
		}
	}
	return total
}
