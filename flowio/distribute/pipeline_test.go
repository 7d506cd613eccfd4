package distribute

import (
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/flowtest"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/listen"
	"example.com/weir/flowio/netflow5"
)

// BenchmarkPipeline sends packets of 30 records from 8 exporters at 20,000
// packets/s over UDP through a Listener and a round-robin Distributor to two
// Slaves. It reports what got lost, and the processor time per record of
// everything, the exporters and the Slaves' sockets included.
func BenchmarkPipeline(b *testing.B) {
	for _, delivery := range []string{DeliverTLS, DeliverUDP} {
		b.Run(delivery, func(b *testing.B) { benchPipeline(b, delivery) })
	}
}

// farEnd is what receives at a Slave.
type farEnd interface {
	Start() error
	Close() error
}

func benchPipeline(b *testing.B, delivery string) {
	const exporters, perTick, tick = 8, 100, 5 * time.Millisecond
	ca, book := newAuthority(b), ledger.NewBook()
	var arrived atomic.Int64
	count := func(ps []flow.Packet) { arrived.Add(int64(len(ps))) }
	var set []Slave
	var far []farEnd
	var port uint16
	for i, id := range []string{"a", "b"} {
		host := netip.AddrFrom4([4]byte{127, 0, 0, byte(13 + i)})
		set = append(set, Slave{ID: id, Host: host})
		if i == 0 {
			conn, free := receiver(b, host.String())
			conn.Close()
			port = free
		}
		var slave farEnd = listen.New(listen.Config{Address: host, Port: port + portOffset, Sockets: 1}, count)
		if delivery == DeliverTLS {
			cfg := ca.config(id)
			slave = NewTLSReceiver(ReceiverConfig{Address: netip.AddrPortFrom(host, port+portOffset), TLS: cfg}, count)
		}
		if err := slave.Start(); err != nil {
			b.Fatal(err)
		}
		far = append(far, slave)
	}
	cfg := Config{Model: RoundRobin, Delivery: delivery, Book: book, TLS: ca.config("proxy")}
	cfg.TLS.InsecureSkipVerify = true // the certificates name 127.0.0.1 only
	d, err := New(cfg)
	if err != nil {
		flowtest.Missing(b, "%v", err)
	}
	d.Start()
	d.SetSlaves(set)
	l := listen.New(listen.Config{Address: netip.MustParseAddr("127.0.0.1"), Port: port, Book: book}, d.Take)
	if err := l.Start(); err != nil {
		b.Fatal(err)
	}
	var conns []net.Conn
	for range exporters {
		conn, err := net.Dial("udp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			b.Fatal(err)
		}
		defer conn.Close()
		conns = append(conns, conn)
	}
	payload := packet5(netflow5.Header{UnixSecs: 1}, 0, 30)
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	before := cpu()
	b.ResetTimer()
	for i := range b.N {
		if i%perTick == 0 {
			<-ticks.C
		}
		conns[i%exporters].Write(payload)
	}
	l.Close()
	d.Close()
	b.StopTimer()
	for _, slave := range far {
		slave.Close()
	}
	records := float64(30 * b.N)
	e := total(d, ledger.Records)
	b.ReportMetric(records/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric((records-float64(e.Kept))/records, "lost")
	b.ReportMetric(float64((cpu()-before).Nanoseconds())/records, "cpu-ns/record")
	b.ReportMetric(float64(arrived.Load())/float64(b.N), "out/in")
}

// cpu returns the processor time of the process.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
