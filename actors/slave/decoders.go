package slave

import (
	"context"
	"hash/maphash"
	"log/slog"
	"net/netip"
	"runtime/pprof"
	"sync"
	"time"

	"example.com/weir/flowio/decode"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
)

const (
	// flushRows is how many records a decoder gathers before it stores them: a
	// journal block holds 4,096.
	flushRows = 8192

	// flushAfter bounds how long a record waits in a decoder.
	flushAfter = 250 * time.Millisecond

	// queueLoads bounds the hand-over to one decoder: 16 loads of at most 256
	// packets are 6 MiB. Beyond that the receivers wait, then the kernel's
	// buffer or the Proxy's connection does.
	queueLoads = 16
)

// decoder turns packets into records, see decode.Decoder.
type decoder interface {
	Decode(p flow.Packet, out *flow.Batch) error
}

// appender keeps records, see flowstore.Store.
type appender interface {
	Append(b *flow.Batch) error
}

// decoders shares packets out among goroutines that decode and store them.
// Packets of one exporter stay in order on one goroutine, so that templates
// come before their data.
type decoders struct {
	seed   maphash.Seed
	shards []*shard
	loads  sync.Pool // of *load
	ended  sync.WaitGroup
}

// load is some packets for one shard, with memory of their own, or a renewal.
type load struct {
	packets []flow.Packet
	octets  []byte
	renewal *renewal
}

// renewal stops every shard between two packets until it is done.
type renewal struct {
	reached sync.WaitGroup // shards that are still on their way
	done    chan struct{}
}

// Renew replaces the decoders between two packets: what was taken before is
// decoded by the old ones and handed to the store, what comes after by those
// that next returns, one per old one. Nothing is decoded while next runs.
func (d *decoders) Renew(next func(n int) []decoder) {
	r := &renewal{done: make(chan struct{})}
	r.reached.Add(len(d.shards))
	for _, s := range d.shards {
		s.queue <- &load{renewal: r}
	}
	r.reached.Wait()
	for i, dec := range next(len(d.shards)) {
		d.shards[i].decoder = dec
	}
	close(r.done)
}

// newDecoders starts one goroutine per decoder. Stored is told the outcome of
// every flush.
func newDecoders(ds []decoder, store appender, book *ledger.Book, log *slog.Logger, stored func(error)) *decoders {
	d := &decoders{seed: maphash.MakeSeed()}
	d.loads.New = func() any { return new(load) }
	for _, dec := range ds {
		s := &shard{
			decoder: dec, store: store, stored: stored, log: log,
			accounts: decode.NewAccounts(book, ledger.Store),
			queue:    make(chan *load, queueLoads), batch: flow.NewBatch(flow.AllFields),
		}
		d.shards = append(d.shards, s)
		d.ended.Go(func() {
			pprof.Do(context.Background(), pprof.Labels("task", "decode"), func(context.Context) { s.run(&d.loads) })
		})
	}
	return d
}

// Take copies packets and hands them to their decoders. It waits while those
// are behind, and may be called concurrently; packets of one exporter must
// come from one caller at a time.
func (d *decoders) Take(ps []flow.Packet) {
	var few [8]*load
	loads := few[:]
	if len(d.shards) > len(few) {
		loads = make([]*load, len(d.shards))
	}
	for _, p := range ps {
		i := d.shardOf(p.Exporter.Addr())
		if loads[i] == nil {
			loads[i] = d.loads.Get().(*load)
		}
		loads[i].add(p)
	}
	for i, l := range loads {
		if l != nil {
			d.shards[i].queue <- l.seal()
		}
	}
}

// Behind returns how full the fullest queue is, from 0 to 1.
func (d *decoders) Behind() float64 {
	most := 0
	for _, s := range d.shards {
		most = max(most, len(s.queue))
	}
	return float64(most) / queueLoads
}

// Close decodes and stores what was taken and ends the goroutines. No Take
// may be running or follow.
func (d *decoders) Close() {
	for _, s := range d.shards {
		close(s.queue)
	}
	d.ended.Wait()
}

func (d *decoders) shardOf(exporter netip.Addr) int {
	if len(d.shards) == 1 {
		return 0
	}
	a := exporter.As16()
	return int(maphash.Bytes(d.seed, a[:]) % uint64(len(d.shards)))
}

func (l *load) add(p flow.Packet) {
	l.octets = append(l.octets, p.Payload...)
	l.packets = append(l.packets, p)
}

// seal points the packets at the load's own memory, which no longer moves.
func (l *load) seal() *load {
	from := 0
	for i := range l.packets {
		to := from + len(l.packets[i].Payload)
		l.packets[i].Payload = l.octets[from:to:to]
		from = to
	}
	return l
}

// shard is one decoding goroutine.
type shard struct {
	decoder  decoder
	store    appender
	stored   func(error)
	log      *slog.Logger
	accounts *decode.Accounts
	queue    chan *load
	batch    *flow.Batch
}

// run decodes until the queue is closed.
func (s *shard) run(loads *sync.Pool) {
	tick := time.NewTicker(flushAfter)
	defer tick.Stop()
	for {
		select {
		case l, ok := <-s.queue:
			if !ok {
				s.flush()
				return
			}
			if l.renewal != nil {
				s.flush()
				l.renewal.reached.Done()
				<-l.renewal.done
				continue
			}
			s.decode(l.packets)
			l.packets, l.octets = l.packets[:0], l.octets[:0]
			loads.Put(l)
		case <-tick.C:
			s.flush()
		}
	}
}

// decode decodes packets. Errors are in the ledger, by reason; here they are
// only worth a line for whoever looks at one exporter.
func (s *shard) decode(packets []flow.Packet) {
	for _, p := range packets {
		if err := s.decoder.Decode(p, s.batch); err != nil {
			s.log.Debug("export packet not decoded whole", "exporter", p.Exporter, "err", err)
		}
		if s.batch.Len() >= flushRows {
			s.flush()
		}
	}
}

// flush stores what was decoded and accounts for it.
func (s *shard) flush() {
	if s.batch.Len() == 0 {
		return
	}
	err := s.store.Append(s.batch)
	if err == nil {
		s.accounts.Keep(s.batch)
	} else {
		s.accounts.Drop(s.batch, ledger.StoreFailed)
	}
	s.batch.Reset()
	s.stored(err)
}
