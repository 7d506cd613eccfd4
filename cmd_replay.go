package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/flowtest/pcap"
)

const replayExamples = `  weir replay capture.pcap --to 127.0.0.12:2055
  weir replay capture.pcap --to 127.0.0.12:2055 --rate 1000 --from 127.0.101.1
  weir replay capture.pcap --to '[::1]:2055' --fast --output json
`

// longestGap shortens silences of a capture when its own timing is kept.
const longestGap = 2 * time.Second

func cmdReplay(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := flags("replay", "FILE.pcap --to HOST:PORT [--rate N | --fast]", replayExamples)
	to := fs.String("to", "", "collector's `address`, HOST:PORT")
	from := fs.String("from", "127.0.100.1", "loopback `address` that the first exporter of the capture is sent from; the others follow it")
	rate := fs.Float64("rate", 0, "packets per `second`; 0 keeps the timing of the capture, gaps shortened to 2s")
	fast := fs.Bool("fast", false, "send as fast as possible")
	output := fs.String("output", "text", "how to print the summary, `text or json`")
	files, err := parse(fs, args, stdout, stderr)
	switch {
	case err != nil:
		return err
	case len(files) != 1:
		return usagef("replay: want one capture file, got %d", len(files))
	case *to == "":
		return usagef("replay: --to is missing; want the collector's HOST:PORT")
	case *rate < 0 || *rate > 0 && *fast:
		return usagef("replay: want --rate above 0, or --fast, or neither")
	case *output != "text" && *output != "json":
		return usagef("replay: --output %q, want text or json", *output)
	}
	first, err := netip.ParseAddr(*from)
	if err != nil || !first.Is4() || !first.IsLoopback() {
		return usagef("replay: --from %q, want an address such as 127.0.100.1", *from)
	}
	addr, err := net.ResolveUDPAddr("udp", *to)
	if err != nil {
		return usagef("replay: --to %s: %w", *to, err)
	}
	r := &replay{from: first, to: netip.AddrPortFrom(addr.AddrPort().Addr().Unmap(), addr.AddrPort().Port()), pace: pace{rate: *rate, fast: *fast}}
	defer r.close()
	if err := r.send(ctx, files[0], stderr); err != nil {
		return err
	}
	if *output == "json" {
		return json.NewEncoder(stdout).Encode(map[string]any{"packets": r.packets, "octets": r.octets, "exporters": r.sources()})
	}
	for exporter, source := range r.sources() {
		fmt.Fprintf(stdout, "%s sent as %s\n", exporter, source)
	}
	fmt.Fprintf(stdout, "%d packets, %d octets to %s\n", r.packets, r.octets, r.to)
	return nil
}

// replay sends packets from a socket of its own for each exporter of a
// capture, so that the collector can tell them apart.
type replay struct {
	from    netip.Addr // of the first exporter, on loopback
	to      netip.AddrPort
	pace    pace
	sockets map[netip.AddrPort]*net.UDPConn // by exporter
	hosts   map[netip.Addr]netip.Addr       // exporter to loopback source

	packets, octets int
}

func (r *replay) send(ctx context.Context, file string, stderr io.Writer) error {
	var packets []flow.Packet
	for p, err := range pcap.Read(file) {
		if err != nil {
			return fmt.Errorf("read %s: %w", file, err)
		}
		packets = append(packets, p)
	}
	if len(packets) == 0 {
		return fmt.Errorf("%s holds no UDP datagrams", file)
	}
	bar := newProgress(stderr, int64(len(packets)), "packets")
	defer bar.Finish()
	for i, p := range packets {
		if err := r.pace.wait(ctx, i, p.Received); err != nil {
			return err
		}
		socket, err := r.socket(p.Exporter)
		if err != nil {
			return err
		}
		if _, err := socket.WriteToUDPAddrPort(p.Payload, r.to); err != nil {
			return fmt.Errorf("send packet %d: %w", i, err)
		}
		r.packets, r.octets = r.packets+1, r.octets+len(p.Payload)
		bar.Add(1)
	}
	return nil
}

// socket returns the socket that stands for exporter. Towards a collector on
// IPv4 loopback each exporter address gets a source of its own, from r.from on;
// elsewhere a source port has to do.
func (r *replay) socket(exporter netip.AddrPort) (*net.UDPConn, error) {
	if s := r.sockets[exporter]; s != nil {
		return s, nil
	}
	if r.sockets == nil {
		r.sockets, r.hosts = map[netip.AddrPort]*net.UDPConn{}, map[netip.Addr]netip.Addr{}
	}
	local := netip.IPv6Unspecified()
	if r.to.Addr().Is4() {
		local = netip.IPv4Unspecified()
	}
	if r.to.Addr().Is4() && r.to.Addr().IsLoopback() {
		host, known := r.hosts[exporter.Addr()]
		if !known {
			host = r.from
			r.from = r.from.Next()
			r.hosts[exporter.Addr()] = host
		}
		local = host
	}
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(local, exporter.Port())))
	if err != nil { // the exporter's port may be taken here; any other will do
		conn, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(local, 0)))
	}
	if err != nil {
		return nil, fmt.Errorf("open a socket for exporter %s: %w", exporter, err)
	}
	r.sockets[exporter] = conn
	return conn, nil
}

// sources returns the address each exporter was sent as.
func (r *replay) sources() map[string]string {
	sources := map[string]string{}
	for exporter, socket := range r.sockets {
		sources[exporter.String()] = socket.LocalAddr().String()
	}
	return sources
}

func (r *replay) close() {
	for _, s := range r.sockets {
		s.Close()
	}
}

// pace decides when the next packet is due.
type pace struct {
	rate float64 // packets per second; 0 = timing of the capture
	fast bool

	started, last time.Time
	elapsed       time.Duration // of the capture, gaps shortened
}

// wait returns when packet i, captured at stamp, is due.
func (p *pace) wait(ctx context.Context, i int, stamp time.Time) error {
	if p.fast {
		return ctx.Err()
	}
	if p.started.IsZero() {
		p.started, p.last = time.Now(), stamp
	}
	p.elapsed += max(0, min(stamp.Sub(p.last), longestGap))
	p.last = stamp
	due := p.started.Add(p.elapsed)
	if p.rate > 0 {
		due = p.started.Add(time.Duration(float64(i) / p.rate * float64(time.Second)))
	}
	return sleepUntil(ctx, due)
}

func sleepUntil(ctx context.Context, due time.Time) error {
	d := time.Until(due)
	if d <= 0 {
		return ctx.Err()
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// newProgress returns a progress bar on a terminal and an invisible one
// elsewhere. A negative total gives a spinner with a rate.
func newProgress(w io.Writer, total int64, what string) *progressbar.ProgressBar {
	if !isTerminal(w) {
		return progressbar.NewOptions64(total, progressbar.OptionSetVisibility(false))
	}
	return progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(what), progressbar.OptionShowCount(),
		progressbar.OptionShowIts(), progressbar.OptionSetItsString(what), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetPredictTime(total > 0), progressbar.OptionOnCompletion(func() { fmt.Fprintln(os.Stderr) }))
}
