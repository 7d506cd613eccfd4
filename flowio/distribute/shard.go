package distribute

import (
	"encoding/binary"
	"hash/maphash"
	"maps"
	"net/netip"
	"sync"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ipfix"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/netflow5"
	"example.com/weir/flowio/netflow7"
	"example.com/weir/flowio/netflow9"
)

const (
	// numShards is how many exporters can be worked on at once. An exporter
	// belongs to one shard, whose mutex is taken once per batch of packets.
	numShards = 16

	// maxSessions bounds the sessions of a shard, all shards together 32,768.
	// A session costs about 1 KiB. When there are as many, those give way that
	// were heard briefly and fell silent; if none is, new exporters are not
	// admitted: forgetting those that are known would let invented addresses
	// drive out real exporters.
	maxSessions = 2048

	// maxPerExporter bounds the sessions of one address. Large routers have a
	// few dozen; a single sender must not use up the shard.
	maxPerExporter = 512

	// idleAfter is when a session that sends nothing is forgotten; it costs
	// its sequences. idleAfterTemplates is the same for one that has announced
	// templates, as long as a template lives.
	idleAfter          = 5 * time.Minute
	idleAfterTemplates = 6 * time.Hour

	// sweepEvery is how often idle sessions are looked for.
	sweepEvery = time.Minute

	// maxOut is how many datagrams are collected before they are sent: enough
	// that those of a heavy exporter make long runs to each Slave.
	maxOut = 256
)

// versionSFlow tells sFlow from NetFlow v5 in a session's key.
const versionSFlow = flow.VersionSFlow5

var seed = maphash.MakeSeed()

func shardOf(a netip.Addr) int {
	octets := a.As16()
	return int(maphash.Bytes(seed, octets[:]) % numShards)
}

// shard is the state of a share of the exporters.
type shard struct {
	d *Distributor

	mu       sync.Mutex // guards everything below
	table    *table
	sessions map[sessionKey]*session
	number   map[netip.Addr]int // sessions by exporter
	last     *session           // of the packet before: packets come in runs
	accounts map[netip.Addr]*ledger.Account
	version  uint64               // of the Book that accounts are of
	homes    map[netip.Addr]homed // of model flow-source
	open     buffers
	out      []datagram
	outlet   outlet
	control  writer // reused
	now      time.Time
	swept    time.Time
	emptied  time.Time // when makeRoom last looked
	warned   time.Time
	start    int    // first turn of the next stream
	redealt  uint32 // records of a packet that is dealt out again, as far as it is read
	closed   bool
}

func newShard(d *Distributor, way outlet) *shard {
	return &shard{
		d: d, table: d.table, outlet: way,
		sessions: map[sessionKey]*session{},
		number:   map[netip.Addr]int{},
		accounts: map[netip.Addr]*ledger.Account{},
		homes:    map[netip.Addr]homed{},
		open:     buffers{size: d.cfg.MTU - headers4},
	}
}

// take deals out the n packets that belong to shard number mine.
func (sh *shard) take(packets []flow.Packet, mine uint8, n int) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.now = time.Now()
	for i := range packets {
		p := &packets[i]
		if n != len(packets) && shardOf(p.Exporter.Addr()) != int(mine) {
			continue
		}
		sh.takeOne(p)
	}
	sh.send()
}

// takeOne deals out a packet that is new. If the last Slave has left meanwhile
// it waits for the next on disk, where that is possible.
func (sh *shard) takeOne(p *flow.Packet) {
	if b := sh.d.cfg.Backlog; b != nil && len(sh.table.sinks) == 0 && !sh.closed && b.add([]flow.Packet{*p}) == 1 {
		return
	}
	a := sh.account(p.Exporter.Addr())
	a.Receive(1)
	switch {
	case sh.closed:
		a.Drop(ledger.ShuttingDown, 1)
	case sh.d.cfg.Model == FlowSource:
		sh.forward(p, a)
		sh.observe(p)
	default:
		settle(a, sh.deal(p, true))
		sh.observe(p)
	}
}

// flushAll sends everything that waits for company.
func (sh *shard) flushAll() {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for sh.open.oldest != nil {
		sh.open.oldest.session.flush()
	}
	sh.send()
}

// account returns the packet account of an exporter.
func (sh *shard) account(exporter netip.Addr) *ledger.Account {
	if v := sh.d.cfg.Book.Version(); v != sh.version {
		clear(sh.accounts)
		sh.version = v
	}
	if a := sh.accounts[exporter]; a != nil {
		return a
	}
	if len(sh.accounts) >= 2*maxSessions {
		clear(sh.accounts)
	}
	a := sh.d.packets(exporter)
	sh.accounts[exporter] = a
	return a
}

// verdict is what became of a packet as a whole.
type verdict struct {
	dropped bool
	reason  ledger.Reason
}

func refuse(r ledger.Reason) verdict { return verdict{dropped: true, reason: r} }

func settle(a *ledger.Account, v verdict) {
	if v.dropped {
		a.Drop(v.reason, 1)
	} else {
		a.Keep(1)
	}
}

// version returns the version of a packet, as the Version field of a record
// has it; 0 if it has none that is known.
func version(payload []byte) int {
	if len(payload) < 4 {
		return 0
	}
	switch v := binary.BigEndian.Uint32(payload); v >> 16 {
	case netflow5.Version, netflow7.Version1, netflow7.Version7, netflow9.Version, ipfix.Version:
		return int(v >> 16)
	case 0:
		if v == 5 {
			return versionSFlow
		}
	}
	return 0
}

// deal takes p apart. Fresh says that its records have not been accounted for
// as received.
func (sh *shard) deal(p *flow.Packet, fresh bool) verdict {
	switch version(p.Payload) {
	case netflow5.Version:
		return sh.deal5(p, fresh)
	case netflow7.Version1, netflow7.Version7:
		return sh.deal7(p, fresh)
	case netflow9.Version:
		return sh.deal9(p, fresh)
	case ipfix.Version:
		return sh.dealIPFIX(p, fresh)
	case versionSFlow:
		return sh.dealSFlow(p, fresh)
	}
	if len(p.Payload) < 4 {
		return refuse(ledger.Malformed)
	}
	return refuse(ledger.UnknownVersion)
}

// again deals a packet out that a Slave has not acknowledged. Its records
// were received before.
func (sh *shard) again(g datagram) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	p := flow.Packet{Exporter: g.from, Port: g.port, Received: g.received, Payload: g.payload}
	sh.now = time.Now()
	switch {
	case sh.d.cfg.Model == FlowSource:
		if g.cost != (cost{}) {
			sh.read(&p) // introduces the exporter to its new Slave
			sh.forwardTo(&p, g.cost)
		}
	case g.cost == (cost{}): // templates and options data: all Slaves have had them
	case sh.closed:
		g.cost.drop(ledger.ShuttingDown)
	case len(sh.table.sinks) == 0:
		g.cost.drop(ledger.NoSlave)
	default:
		sh.redeal(&p, g.cost)
	}
	sh.send()
}

// redeal deals out records that were received before, as c has them. Those that
// cannot be are dropped: their session is gone and no other admitted, or their
// template.
func (sh *shard) redeal(p *flow.Packet, c cost) {
	sh.redealt = 0
	v := sh.deal(p, false)
	switch {
	case v.dropped && v.reason == ledger.NotAdmitted:
		c.drop(ledger.NotAdmitted)
	case c.account != nil && sh.redealt < c.records:
		c.account.Drop(ledger.UnknownTemplate, uint64(c.records-sh.redealt))
	}
}

// session returns the session of key, nil if no more are admitted.
func (sh *shard) session(key sessionKey) *session {
	if s := sh.last; s != nil && s.key == key {
		s.hear()
		return s
	}
	s := sh.sessions[key]
	if s == nil {
		from := key.exporter.Addr()
		if sh.number[from] >= maxPerExporter || len(sh.sessions) >= maxSessions && !sh.makeRoom() {
			sh.complain("exporter not admitted", from)
			return nil
		}
		s = newSession(sh, key)
		sh.sessions[key] = s
		sh.number[from]++
	}
	s.hear()
	sh.last = s
	return s
}

// complain logs now and then what there is no room for.
func (sh *shard) complain(what string, exporter netip.Addr) {
	if sh.now.Sub(sh.warned) < complainEvery {
		return
	}
	sh.warned = sh.now
	sh.d.cfg.Log.Warn("no room for what exporters send", "what", what, "exporter", exporter, "sessions", len(sh.sessions),
		"of_this_exporter", sh.number[exporter], "memory_octets", sh.d.memory.octets.Load(),
		"remedy", "find out who invents source addresses, ports or observation domains, and filter it before the proxy")
}

// forgetHomes has the Slaves of exporters looked up anew.
func (sh *shard) forgetHomes() {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	clear(sh.homes)
}

// tick sends what has waited long enough and forgets idle sessions.
func (sh *shard) tick(now time.Time) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.now = now
	// What would be too late at the next tick goes now.
	due := now.Add(flushEvery - sh.d.cfg.FlushAfter)
	for b := sh.open.oldest; b != nil && !b.opened.After(due); b = sh.open.oldest {
		b.session.flushLeg(b.leg)
	}
	if now.Sub(sh.swept) >= sweepEvery {
		sh.swept = now
		sh.sweep()
	}
	sh.send()
}

// sweep forgets sessions that have been idle for long, and has the exporters
// that found no room in the map of all looked up anew.
func (sh *shard) sweep() {
	for _, s := range sh.sessions {
		limit := idleAfter
		if len(s.streams) > 0 && s.format != 0 {
			limit = idleAfterTemplates
		}
		if sh.now.Sub(s.seen) > limit {
			sh.drop(s)
		}
	}
	maps.DeleteFunc(sh.homes, func(_ netip.Addr, h homed) bool { return h.place == nil })
}

// makeRoom forgets sessions that were heard briefly and fell silent. It reports
// whether there were any.
func (sh *shard) makeRoom() (made bool) {
	if sh.now.Sub(sh.emptied) < makeRoomEvery {
		return false
	}
	sh.emptied = sh.now
	for _, s := range sh.sessions {
		if s.seen.Sub(s.since) < briefly && sh.now.Sub(s.seen) > briefSilence {
			sh.drop(s)
			made = true
		}
	}
	return made
}

// drop sends what a session holds and forgets it.
func (sh *shard) drop(s *session) {
	s.flush()
	s.forget()
	delete(sh.sessions, s.key)
	if sh.last == s {
		sh.last = nil
	}
	from := s.key.exporter.Addr()
	if sh.number[from]--; sh.number[from] == 0 {
		delete(sh.number, from)
	}
}

// setTable puts t in force. Records that wait for company at a Slave that
// left are dealt to the others.
func (sh *shard) setTable(t *table) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.now = time.Now()
	old := sh.table
	sh.table = t
	clear(sh.homes)
	for _, s := range sh.sessions {
		s.setTable(old, t)
	}
	sh.send()
}

// close sends everything.
func (sh *shard) close() {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for sh.open.oldest != nil {
		sh.open.oldest.session.flush()
	}
	sh.send()
	sh.closed = true
	sh.outlet.close()
}

// queue adds a datagram to what is sent next.
func (sh *shard) queue(g datagram) {
	sh.out = append(sh.out, g)
	if len(sh.out) >= maxOut {
		sh.send()
	}
}

// send delivers what is queued.
func (sh *shard) send() {
	if len(sh.out) == 0 {
		return
	}
	sh.outlet.deliver(sh.out)
	for i := range sh.out {
		if b := sh.out[i].buffer; b != nil {
			sh.open.put(b)
		}
	}
	clear(sh.out)
	sh.out = sh.out[:0]
}
