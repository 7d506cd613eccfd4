package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// clockTick is the unit of processor times in /proc, 1/100 s on Linux.
const clockTick = 100

// processorSeconds returns what a process has used so far.
func processorSeconds(b *testing.B, pid int) float64 {
	b.Helper()
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		b.Fatal(err)
	}
	// The second field, the name, is in parentheses and may hold spaces.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	var ticks float64
	for _, f := range fields[11:13] { // utime, stime
		n, err := strconv.ParseFloat(f, 64)
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return ticks / clockTick
}

// residentMiB returns the memory of a process.
func residentMiB(b *testing.B, pid int) float64 {
	b.Helper()
	mib, err := residentOf(pid)
	if err != nil {
		b.Fatal(err)
	}
	return mib
}

func residentOf(pid int) (mib float64, err error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "statm"))
	if err != nil {
		return 0, err
	}
	pages, err := strconv.ParseFloat(strings.Fields(string(text))[1], 64)
	return pages * float64(os.Getpagesize()) / (1 << 20), err
}

// BenchmarkIdle reports the memory of each unit of a deployment at rest.
func BenchmarkIdle(b *testing.B) {
	d := launch(b, b.TempDir())
	defer d.halt()
	for range b.N {
		for _, u := range d.demo.Units {
			b.ReportMetric(residentMiB(b, u.PID), u.Name+"-MiB")
		}
	}
}

// BenchmarkProxy loads a round-robin group of two Slaves over loopback: the
// generator, the Proxy and the Slaves share the machine.
func BenchmarkProxy(b *testing.B) {
	for _, rate := range []int{100_000, 200_000, 300_000, 400_000} {
		b.Run(fmt.Sprintf("offered=%d", rate), func(b *testing.B) {
			d := launch(b, b.TempDir())
			defer d.halt()
			proxy, slave := d.unit("london-proxy").PID, d.unit("london-slave-1").PID
			for range b.N {
				proxyBefore, slaveBefore := processorSeconds(b, proxy), processorSeconds(b, slave)
				started := time.Now()
				sent := d.generate("--to", d.listen("london"), "--rate", strconv.Itoa(rate), "--exporters", "8", "--ipv6", "0", "--for", "10s")
				took := time.Since(started).Seconds()
				d.booksBalance()
				books, err := d.ledger()
				if err != nil {
					b.Fatal(err)
				}
				kept := float64(books["london-proxy"].kept["distribute records"])
				b.ReportMetric(float64(sent.flows)/took, "offered-records/s")
				b.ReportMetric(100*(1-kept/float64(sent.flows)), "lost-%")
				b.ReportMetric((processorSeconds(b, proxy)-proxyBefore)/kept*1e6, "proxy-cpu-s/M")
				b.ReportMetric((processorSeconds(b, slave)-slaveBefore)/(kept/2)*1e6, "slave-cpu-s/M")
			}
		})
	}
}

// queries is what BenchmarkQuery asks, with the same question for nfdump.
var queries = []struct {
	name   string
	ask    question
	nfdump []string
}{
	{"top-source", question{"kind": "top", "groupBy": []string{"srcAddr"}}, []string{"-A", "srcip", "-s", "record/bytes", "-n", "10"}},
	{"top-pair", question{"kind": "top", "groupBy": []string{"srcAddr", "dstAddr"}}, []string{"-A", "srcip,dstip", "-s", "record/bytes", "-n", "10"}},
	{"top-port", question{"kind": "top", "groupBy": []string{"dstPort"}}, []string{"-s", "dstport/bytes", "-n", "10"}},
	{"filtered", question{"kind": "top", "groupBy": []string{"srcAddr"}, "filter": "proto tcp and dst port 443"}, []string{"-A", "srcip", "-s", "record/bytes", "-n", "10", "proto tcp and dst port 443"}},
	{"by-protocol", question{"kind": "top", "groupBy": []string{"proto"}}, []string{"-s", "proto/bytes", "-n", "10"}},
	{
		"top-tuple",
		question{"kind": "top", "groupBy": []string{"srcAddr", "dstAddr", "srcPort", "dstPort", "proto"}},
		[]string{"-A", "srcip,dstip,srcport,dstport,proto", "-s", "record/bytes", "-n", "10"},
	},
	{"network", question{"kind": "top", "groupBy": []string{"srcAddr"}, "filter": "net 198.18.16.0/24"}, []string{"-A", "srcip", "-s", "record/bytes", "-n", "10", "net 198.18.16.0/24"}},
	{"host", question{"kind": "total", "filter": "host 198.18.0.1"}, []string{"-A", "proto", "-s", "record/bytes", "-n", "10", "host 198.18.0.1"}},
}

// benchFlows is how many flows BenchmarkQuery asks about: 5 million, which take
// two minutes to send, unless WEIR_BENCH_FLOWS says otherwise. The README's
// table is of 20 million.
func benchFlows(b *testing.B) int {
	text := os.Getenv("WEIR_BENCH_FLOWS")
	if text == "" {
		return 5_000_000
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// BenchmarkQuery stores flows in a standalone Slave and in nfcapd's files, and
// asks both the same, warm. It reports the clock, and the processor time of the
// Slave and of nfdump, which other work on the machine does not spoil; what
// storing cost both; and the memory of the Slave after each question.
func BenchmarkQuery(b *testing.B) {
	flows := benchFlows(b)
	d := launch(b, b.TempDir())
	defer d.halt()
	oracle := startNfcapd(b)
	stored := d.fill(b, flows, oracle)
	b.Run("store", func(b *testing.B) {
		for range b.N { // once is enough
		}
		for name, value := range stored {
			b.ReportMetric(value, name)
		}
	})
	for _, q := range queries {
		q.ask["metrics"] = []string{"bytes", "packets", "flows"}
		b.Run("weir/"+q.name, func(b *testing.B) {
			slave := d.unit("hq-slave").PID
			d.ask(q.ask)
			before := processorSeconds(b, slave)
			for b.Loop() {
				if a := d.ask(q.ask); !a.Coverage.Complete {
					b.Fatalf("coverage: %+v", a.Coverage)
				}
			}
			b.ReportMetric((processorSeconds(b, slave)-before)/float64(b.N), "cpu-s/op")
			b.ReportMetric(residentMiB(b, slave), "slave-MiB")
			b.ReportMetric(float64(flows)/(b.Elapsed().Seconds()/float64(b.N)), "flows/s")
		})
		b.Run("nfdump/"+q.name, func(b *testing.B) {
			var cpu time.Duration
			for b.Loop() {
				nfdump := exec.Command("nfdump", append([]string{"-R", oracle.dir}, q.nfdump...)...)
				if out, err := nfdump.CombinedOutput(); err != nil {
					b.Fatalf("nfdump: %v\n%s", err, out)
				}
				cpu += nfdump.ProcessState.UserTime() + nfdump.ProcessState.SystemTime()
			}
			b.ReportMetric(cpu.Seconds()/float64(b.N), "cpu-s/op")
			b.ReportMetric(float64(flows)/(b.Elapsed().Seconds()/float64(b.N)), "flows/s")
		})
	}
}

// fill sends the same number of flows of the same traffic to the standalone
// Slave and to the oracle, one after the other, slowly enough for both, and
// returns what storing them cost.
func (d *deployment) fill(b *testing.B, flows int, oracle *nfcapd) map[string]float64 {
	b.Helper()
	slave := d.unit("hq-slave").PID
	send := func(to string) {
		const perSecond = 100_000
		d.generate("--to", to, "--protocol", "netflow9", "--ipv6", "0.2", "--exporters", "4",
			"--rate", strconv.Itoa(perSecond), "--for", fmt.Sprintf("%.1fs", float64(flows)/perSecond))
	}
	slaveBefore, oracleBefore := processorSeconds(b, slave), processorSeconds(b, oracle.cmd.Process.Pid)
	send(d.listen("hq"))
	send(oracle.address)
	d.booksBalance()
	stored, _ := d.total("", "hq")
	slaveSeconds := processorSeconds(b, slave) - slaveBefore
	oracleSeconds := processorSeconds(b, oracle.cmd.Process.Pid) - oracleBefore
	kept := oracle.total("")
	return map[string]float64{
		"weir-flows":         float64(stored.flows),
		"weir-flows/cpu-s":   float64(stored.flows) / slaveSeconds,
		"weir-octets/flow":   float64(d.segmentOctets("hq-slave")) / float64(stored.flows),
		"nfcapd-flows":       float64(kept.flows),
		"nfcapd-flows/cpu-s": float64(kept.flows) / oracleSeconds,
		"nfcapd-octets/flow": float64(octetsBelow(b, oracle.dir)) / float64(kept.flows),
	}
}

// segmentOctets is the size of everything a unit has stored: the segments and
// the journal of the open one.
func (d *deployment) segmentOctets(name string) int64 {
	d.t.Helper()
	return octetsBelow(d.t, filepath.Join(d.unit(name).DataDir, "flows"))
}

func octetsBelow(b testing.TB, dir string) (octets int64) {
	b.Helper()
	err := filepath.WalkDir(dir, func(_ string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		octets += info.Size()
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return octets
}
