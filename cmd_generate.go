package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"example.com/weir/flowio/flowtest/synth"
)

const generateExamples = `  weir generate --to 127.0.0.12:2055 --rate 10000 --exporters 20 --for 1m
  weir generate --to 127.0.0.12:2055 --protocol netflow5 --flows-per-packet 10
  weir generate --to 192.0.2.12:2055 --rate 0 --for 10s        as fast as possible
  weir generate --to 192.0.2.12:2055 --rate 1500000 --repeat 64 --for 1m
`

// maxExporters bounds generate: each has a socket.
const maxExporters = 10000

// cmdGenerate sends synthetic export packets.
func cmdGenerate(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := flags("generate", "--to HOST:PORT [flags]", generateExamples)
	to := fs.String("to", "", "collector's `address`, HOST:PORT")
	rate := fs.Float64("rate", 1000, "flow records per second, over all exporters; 0 = as fast as possible")
	exporters := fs.Int("exporters", 4, "how many exporters")
	perPacket := fs.Int("flows-per-packet", 0, "flow records in an export packet; 0 = as many as fit")
	protocol := fs.String("protocol", "mixed", "netflow5, netflow9, ipfix, sflow, or mixed")
	sampling := fs.Uint("sampling", 1, "sampling rate that the exporters announce, 1 in `N`")
	from := fs.String("from", "", "source `address` of the first exporter, the others follow it; all must be of this machine")
	repeat := fs.Int("repeat", 0, "packets that an exporter makes each second, the others are those again with new headers; 0 = all are made")
	ipv6 := fs.Float64("ipv6", 0.2, "share of IPv6 conversations, 0 to 1")
	seed := fs.Uint64("seed", 1, "the same seed gives the same flows")
	ramp := fs.Duration("ramp", 0, "how long the rate rises from nothing to --rate")
	lasting := fs.Duration("for", 0, "how long; 0 = until interrupted")
	output := fs.String("output", "text", "how to print the summary, `text or json`")
	words, err := parse(fs, args, stdout, stderr)
	switch {
	case err != nil:
		return err
	case len(words) > 0:
		return usagef("generate: unexpected %q", words[0])
	case *to == "":
		return usagef("generate: --to is missing; want the collector's HOST:PORT")
	case *exporters < 1 || *exporters > maxExporters:
		return usagef("generate: --exporters %d, want 1 to %d", *exporters, maxExporters)
	case *ramp < 0:
		return usagef("generate: --ramp %v, want 0 or more", *ramp)
	case *rate < 0:
		return usagef("generate: --rate %v, want 0 or more", *rate)
	case *output != "text" && *output != "json":
		return usagef("generate: --output %q, want text or json", *output)
	}
	var first netip.Addr
	if *from != "" {
		if first, err = netip.ParseAddr(*from); err != nil {
			return usagef("generate: --from %s: %w", *from, err)
		}
	}
	protocols := synth.Protocols
	if *protocol != "mixed" {
		if !slices.Contains(protocols, synth.Protocol(*protocol)) {
			return usagef("generate: --protocol %q, want mixed or one of %v", *protocol, protocols)
		}
		protocols = []synth.Protocol{synth.Protocol(*protocol)}
	}
	remote, err := net.ResolveUDPAddr("udp", *to)
	if err != nil {
		return usagef("generate: --to %s: %w", *to, err)
	}
	var crowd crowd
	defer crowd.close()
	for i := range *exporters {
		address := first
		if first.IsValid() {
			first = first.Next()
		} else {
			address = source(remote.AddrPort().Addr(), [2]byte{0, 60}, i)
		}
		err := crowd.add(synth.Config{
			Name: fmt.Sprintf("exporter-%d", i+1), Protocol: protocols[i%len(protocols)], Domain: uint32(i % 4), Seed: *seed,
			FlowsPerPacket: *perPacket, SamplingRate: uint32(*sampling), IPv6Share: *ipv6, Repeat: *repeat,
		}, address, remote)
		if err != nil {
			return &usageError{fmt.Errorf("generate: %w", err)}
		}
	}
	if *lasting > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, *lasting)
		defer cancel()
	}
	each := func() synth.Rate { return nil } // as fast as possible
	if *rate > 0 {
		each = func() synth.Rate { return synth.Ramp(*rate/float64(*exporters), *ramp) }
	}
	started := time.Now()
	err = crowd.run(ctx, each, *lasting, stderr)
	if err != nil {
		return err
	}
	return crowd.summarise(stdout, *output, time.Since(started))
}

// source returns the address that exporter i sends from: on IPv4 loopback one
// of its own, 127.x.y.z from the given start; elsewhere the system chooses,
// and exporters differ by port.
func source(to netip.Addr, start [2]byte, i int) netip.Addr {
	if to = to.Unmap(); !to.Is4() || !to.IsLoopback() {
		return netip.Addr{}
	}
	return netip.AddrFrom4([4]byte{127, start[0] + byte(i/(250*60)), start[1] + byte(i/250%60), byte(1 + i%250)})
}

// crowd is a number of synthetic exporters, each with a socket of its own.
type crowd struct {
	exporters []*synth.Exporter
	sockets   []*burstSocket
}

func (c *crowd) add(cfg synth.Config, from netip.Addr, to *net.UDPAddr) error {
	var local *net.UDPAddr
	if from.IsValid() {
		local = net.UDPAddrFromAddrPort(netip.AddrPortFrom(from, 0))
		cfg.Addr = from
	}
	exporter, err := synth.New(cfg)
	if err != nil {
		return err
	}
	socket, err := net.DialUDP("udp", local, to)
	if err != nil {
		return fmt.Errorf("open a socket from %v: %w", from, err)
	}
	c.exporters, c.sockets = append(c.exporters, exporter), append(c.sockets, newBurstSocket(socket))
	return nil
}

// run sends until ctx ends, each exporter at a rate of its own.
func (c *crowd) run(ctx context.Context, rate func() synth.Rate, lasting time.Duration, progress io.Writer) error {
	watching, done := context.WithCancel(ctx)
	var sending, watch sync.WaitGroup
	watch.Go(func() { c.watch(watching, lasting, progress) })
	errs := make([]error, len(c.exporters))
	for i, exporter := range c.exporters {
		sending.Go(func() {
			errs[i] = exporter.RunBursts(ctx, rate(), c.sockets[i].send)
		})
	}
	sending.Wait()
	done()
	watch.Wait()
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("send: %w", err)
		}
	}
	return nil
}

// watch shows how many records were sent.
func (c *crowd) watch(ctx context.Context, lasting time.Duration, progress io.Writer) {
	if !isTerminal(progress) {
		return
	}
	total := int64(-1)
	if lasting > 0 {
		total = lasting.Milliseconds()
	}
	bar := newProgress(progress, total, "")
	started, tick := time.Now(), time.NewTicker(200*time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			bar.Finish()
			fmt.Fprintln(progress)
			return
		case <-tick.C:
			elapsed := time.Since(started)
			bar.Describe(fmt.Sprintf("%d records, %.0f/s", c.sent().Records, float64(c.sent().Records)/elapsed.Seconds()))
			bar.Set64(min(elapsed.Milliseconds(), max(total-1, 0)))
		}
	}
}

func (c *crowd) sent() synth.Sent {
	var sum synth.Sent
	for _, e := range c.exporters {
		s := e.Sent()
		sum.Packets += s.Packets
		sum.Records += s.Records
		sum.FlowPackets += s.FlowPackets
		sum.FlowBytes += s.FlowBytes
	}
	return sum
}

func (c *crowd) summarise(w io.Writer, output string, took time.Duration) error {
	s := c.sent()
	if output == "json" {
		return json.NewEncoder(w).Encode(map[string]any{
			"packets": strconv.FormatUint(s.Packets, 10), "records": strconv.FormatUint(s.Records, 10),
			"flows": map[string]string{
				"packets": strconv.FormatUint(s.FlowPackets, 10), "bytes": strconv.FormatUint(s.FlowBytes, 10),
			},
			"seconds": took.Seconds(), "recordsPerSecond": float64(s.Records) / took.Seconds(),
		})
	}
	fmt.Fprintf(w, "%d flow records in %d packets from %d exporters, %.0f records/s\n",
		s.Records, s.Packets, len(c.exporters), float64(s.Records)/took.Seconds())
	return nil
}

func (c *crowd) close() {
	for _, s := range c.sockets {
		s.Close()
	}
}

// isRefused reports the echo of an earlier packet that nobody received.
func isRefused(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED)
}
