package distribute

import (
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
)

const (
	// headers4 and headers6 are the octets of the MTU that IP and UDP take.
	headers4, headers6 = 20 + 8, 40 + 8

	// maxTurns bounds the schedule of a table. Weights that need a longer one
	// are scaled down; the shares are then off by less than one in a thousand.
	maxTurns = 4096
)

// sink is a Slave as the deliveries see it.
type sink struct {
	Slave                 // Weight is guarded by Distributor.mu, the rest does not change
	limit    int          // payload of a packet to it in octets
	longest  int          // payload of a packet with a single record; at least limit
	greeting atomic.Int64 // counts up when everything it knew is to be told again

	sent sent

	away *link // of delivery tls
}

// table is a set of Slaves and the turns they take. It is immutable.
type table struct {
	sinks []*sink
	turns []uint16 // indexes of sinks
	pairs []uint16 // likewise, by bucket of a pair of addresses; of model host-pair only
}

func newTable(model string, sinks []*sink) *table {
	t := &table{sinks: sinks, turns: schedule(sinks)}
	if model == HostPair {
		t.pairs = buckets(sinks)
	}
	return t
}

// index returns the position of the Slave with the given ID, -1 if it is not
// in the table.
func (t *table) index(id string) int {
	return slices.IndexFunc(t.sinks, func(s *sink) bool { return s.ID == id })
}

// schedule spreads each Slave's turns evenly (smooth weighted round robin):
// with equal weights they follow each other.
func schedule(sinks []*sink) []uint16 {
	weights, total := reduced(sinks)
	turns := make([]uint16, 0, total)
	credit := make([]int, len(sinks))
	for range total {
		best := 0
		for i, w := range weights {
			credit[i] += w
			if credit[i] > credit[best] {
				best = i
			}
		}
		credit[best] -= total
		turns = append(turns, uint16(best))
	}
	return turns
}

// reduced returns the smallest weights with the same shares, and their sum,
// which is at most maxTurns unless there are more Slaves than that.
func reduced(sinks []*sink) (weights []int, total int) {
	divisor := 0
	for _, s := range sinks {
		w := max(s.Weight, 1)
		weights = append(weights, w)
		divisor = gcd(divisor, w)
		total += w
	}
	if total > maxTurns*max(divisor, 1) {
		divisor = (total + maxTurns - 1) / maxTurns
	}
	total = 0
	for i := range weights {
		weights[i] = max(weights[i]/divisor, 1)
		total += weights[i]
	}
	return weights, total
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// limitFor returns the payload that the MTU leaves on the way to host.
func limitFor(mtu int, host netip.Addr) int {
	if host.Is4() || host.Is4In6() {
		return mtu - headers4
	}
	return mtu - headers6
}

// SetSlaves replaces the Slaves. Those that stay keep what is on its way to
// them; what was meant for one that left goes to the others. A new or
// returning Slave gets the known templates and options data of an exporter
// before the first packet of that exporter.
func (d *Distributor) SetSlaves(slaves []Slave) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed.Load() {
		return
	}
	old := d.table
	next := make([]*sink, 0, len(slaves))
	for _, s := range slaves {
		s.Host = s.Host.Unmap()
		if i := old.index(s.ID); i >= 0 && old.sinks[i].Host == s.Host {
			old.sinks[i].Weight = s.Weight
			next = append(next, old.sinks[i])
			continue
		}
		next = append(next, d.newSink(s))
	}
	if len(next) == 0 && d.cfg.Backlog != nil { // what waits for company goes to disk with the rest
		for _, sh := range d.shards {
			sh.flushAll()
		}
	}
	d.table = newTable(d.cfg.Model, next)
	d.reachable.Store(&d.table.sinks)
	d.sources.setSlaves(next)
	for _, sh := range d.shards {
		sh.setTable(d.table)
	}
	left := slices.DeleteFunc(slices.Clone(old.sinks), func(s *sink) bool { return slices.Contains(next, s) })
	rest := make([][]datagram, len(left))
	var leaving sync.WaitGroup
	for i, s := range left { // at the same time: each may have something to acknowledge yet
		leaving.Go(func() { rest[i] = d.delivery.abandon(s) })
	}
	leaving.Wait()
	for i, s := range left {
		d.leave(s, rest[i])
	}
}

// newSink makes the sink of a new Slave; one that was here before goes on
// with its counts.
func (d *Distributor) newSink(s Slave) *sink {
	k := &sink{Slave: s, limit: limitFor(d.cfg.MTU, s.Host)}
	k.greeting.Store(1)
	if i := slices.IndexFunc(d.retain, func(r *sink) bool { return r.ID == s.ID }); i >= 0 {
		k.sent.add(&d.retain[i].sent)
		d.retain = slices.Delete(d.retain, i, i+1)
	}
	d.delivery.open(k)
	return k
}

// maxRetained bounds the Slaves that left and are still reported by Sent.
const maxRetained = 256

// leave deals out again what s, which left, has not acknowledged.
func (d *Distributor) leave(s *sink, rest []datagram) {
	for _, p := range rest {
		if len(d.table.sinks) == 0 && d.cfg.keepUnsent(&p) {
			continue
		}
		d.shards[shardOf(p.from.Addr())].again(p)
	}
	if d.table.index(s.ID) >= 0 { // it is back at another address
		i := d.table.index(s.ID)
		d.table.sinks[i].sent.add(&s.sent)
		return
	}
	if len(d.retain) >= maxRetained {
		d.retain = d.retain[1:]
	}
	d.retain = append(d.retain, s)
}
