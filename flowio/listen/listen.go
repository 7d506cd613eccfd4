// Package listen receives export packets over UDP: several sockets share a
// port, each is read in batches, and reading is separated from processing by
// a bounded hand-over. Runs of packets are not read in one piece (UDP_GRO): the
// kernel counts a run that it drops as one packet.
//
// Exporters are protected from each other: new ones are admitted at a bounded
// rate, and under overload whoever has most packets in the hand-over loses
// first.
//
// It does not look into packets (flowio/distribute and flowio/decode do) and
// knows nothing about who sends them. It needs Linux.
package listen

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"runtime"
	"runtime/pprof"
	"sync"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
)

const (
	// defaultBuffer is the receive buffer of one socket in octets: with the
	// kernel's overhead half a second of a million flow records/s, which is
	// longer than a pause of the garbage collector or of the scheduler. It costs
	// memory only while it is needed.
	defaultBuffer = 64 << 20

	// maxSockets bounds the sockets of one port and family. The kernel spreads
	// exporters over them; more than the cores that read them gain nothing.
	maxSockets = 16
)

// Config says what a Listener listens on.
type Config struct {
	Address netip.Addr // of this machine; the zero Addr means all, IPv4 and IPv6
	Port    uint16     // 0 picks a free one, see Listener.Port
	Sockets int        // per address family; 0 = one per core
	Buffer  int        // receive buffer per socket in octets; 0 = 64 MiB
	Log     *slog.Logger
	Book    *ledger.Book // packets at hop Receive; nil = a Book of its own

	// AdmitAtOnce and AdmitPerSecond bound the new exporters that each socket
	// admits; 0 = 8,192 and 256. Packets of others are dropped as not_admitted.
	AdmitAtOnce, AdmitPerSecond int
}

// Validate reports everything wrong with c at once.
func (c Config) Validate() error {
	var errs []error
	if c.Sockets < 0 || c.Sockets > maxSockets {
		errs = append(errs, fmt.Errorf("sockets: %d, want 1 to %d, or 0 for one per core", c.Sockets, maxSockets))
	}
	if c.AdmitAtOnce < 0 || c.AdmitPerSecond < 0 {
		errs = append(errs, fmt.Errorf("admit: %d exporters at once, %d per second; want more than 0, or 0 for the defaults", c.AdmitAtOnce, c.AdmitPerSecond))
	}
	if c.Buffer < 0 {
		errs = append(errs, fmt.Errorf("buffer: %d octets, want more than 0, or 0 for the default", c.Buffer))
	}
	return errors.Join(errs...)
}

// account returns the account of an exporter at this port; the invalid address
// stands for packets that have no exporter's.
func (c Config) account(exporter netip.Addr) *ledger.Account {
	return c.Book.Account(ledger.Key{Hop: ledger.Receive, Kind: ledger.Packets, Exporter: exporter, Port: c.Port})
}

// Listener receives packets on one port. Its accounts at hop Receive balance
// at any quiet moment: received = kept + what the kernel dropped + what the
// hand-over dropped + what came while it closed.
type Listener struct {
	cfg  Config
	take func([]flow.Packet)

	readers []*reader // set by Start
	running sync.WaitGroup
	once    *sync.Once // of the Close that ends this Start
}

// New returns a Listener that gives packets to take. Take is called by one
// goroutine per socket, so concurrently; packets of one exporter and port
// come in order and never concurrently. Payloads are valid until take
// returns. Take may block: then the hand-over fills, and later the kernel's
// buffer.
func New(cfg Config, take func([]flow.Packet)) *Listener {
	if cfg.Sockets == 0 {
		cfg.Sockets = min(runtime.GOMAXPROCS(0), maxSockets)
	}
	if cfg.Buffer == 0 {
		cfg.Buffer = defaultBuffer
	}
	if cfg.AdmitAtOnce == 0 {
		cfg.AdmitAtOnce = defaultAdmitAtOnce
	}
	if cfg.AdmitPerSecond == 0 {
		cfg.AdmitPerSecond = defaultAdmitPerSecond
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Book == nil {
		cfg.Book = ledger.NewBook()
	}
	return &Listener{cfg: cfg, take: take}
}

// Start opens every socket and then begins to read. If a socket cannot be
// opened the others are closed and nothing is read.
func (l *Listener) Start() error {
	if err := l.cfg.Validate(); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	conns, err := openAll(&l.cfg)
	if err != nil {
		return err
	}
	for _, conn := range conns {
		r, err := newReader(conn, l.cfg)
		if err != nil {
			for _, started := range l.readers {
				err = errors.Join(err, started.close())
			}
			for _, c := range conns[len(l.readers):] {
				c.Close()
			}
			l.readers = nil
			return err
		}
		l.readers = append(l.readers, r)
	}
	l.once = new(sync.Once)
	labels := pprof.Labels("task", "listen", "port", fmt.Sprint(l.cfg.Port))
	for _, r := range l.readers {
		l.running.Go(func() { pprof.Do(context.Background(), labels, func(context.Context) { r.read() }) })
		l.running.Go(func() { pprof.Do(context.Background(), labels, func(context.Context) { r.give(l.take) }) })
	}
	return nil
}

// Port returns the port that a started Listener listens on.
func (l *Listener) Port() uint16 { return l.cfg.Port }

// Close refuses further packets, gives those that the sockets still hold to
// take, and returns after the last call of take. Closing twice, or before
// Start, is harmless.
func (l *Listener) Close() error {
	if l.once == nil {
		return nil
	}
	var err error
	l.once.Do(func() {
		var errs []error
		for _, r := range l.readers {
			errs = append(errs, r.refuse())
		}
		l.running.Wait()
		for _, r := range l.readers {
			errs = append(errs, r.close())
		}
		l.readers = nil
		err = errors.Join(errs...)
	})
	return err
}
