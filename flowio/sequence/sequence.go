// Package sequence tells from the sequence numbers of an exporter what was
// lost on the way, and tells loss from packets that overtook each other and
// from an exporter that started again.
//
// It counts units and does not know what a unit is: NetFlow v5 counts flows,
// NetFlow v9 packets, IPFIX data records, sFlow datagrams and samples. Whose
// sequence a number belongs to is the business of flowio/source.
package sequence

const (
	// window is how many packets may overtake one that is late. Equal-cost
	// paths and several receive queues reorder by a few packets.
	window = 64

	// maxHoles bounds the gaps that a late packet may still fill. The gap
	// found longest ago is given up first; its loss stands.
	maxHoles = 16

	// maxGap is the longest gap that counts as loss: half a day of packets
	// at 400 a second. A longer jump forward is another sequence.
	maxGap = 1 << 24

	// bootSlack is by how many milliseconds the start of an exporter, as its
	// packets tell it, may move: whole seconds in headers, and a clock that
	// is adjusted.
	bootSlack = 10_000
)

// Packet is what a sequence counts from.
type Packet struct {
	Number  uint32 // as in the header
	Flows   uint32 // flow records in the packet
	Options uint32 // records of options data in the packet

	// Uncertain says that Flows and Options are not known, as those of a
	// packet whose template has not come yet. If they are what the sequence
	// counts, what follows it cannot show a gap.
	Uncertain bool

	// Boot is when the exporter started in milliseconds, modulo 2^32: header
	// time minus uptime. It is used only if HasBoot.
	Boot    uint32
	HasBoot bool
}

// Counts is what a sequence has told so far, in units.
type Counts struct {
	Received uint64 // without duplicates
	// Lost is what is missing. It falls when a late packet arrives.
	Lost       uint64
	Reordered  uint64 // packets that came late and filled a gap
	Duplicates uint64 // packets that came again, or too late to tell
	Resets     uint64 // starts of a new sequence
}

// Expected returns what the exporter sent as far as its numbers tell.
func (c Counts) Expected() uint64 { return c.Received + c.Lost }

// Add adds other to c.
func (c *Counts) Add(other Counts) {
	c.Received += other.Received
	c.Lost += other.Lost
	c.Reordered += other.Reordered
	c.Duplicates += other.Duplicates
	c.Resets += other.Resets
}

// track follows the numbers of a sequence in one style.
type track struct {
	counts  Counts
	breaks  int // packets that did not continue the sequence
	started bool
	next    uint32 // number of the next packet if nothing is lost
	largest uint32 // units in a packet so far; the window is in packets
	boot    uint32
	hasBoot bool
	holes   []hole // oldest first

	strays strays
}

// hole is a gap that is not older than the window: the numbers [from, to).
type hole struct{ from, to uint32 }

// strays are packets in a row that did not fit but fit each other.
type strays struct {
	packets int
	units   uint64
	next    uint32 // number that would follow
}

// observe counts a packet. Numbers wrap at 2^32.
//
// A packet that neither continues the sequence, nor leaves a gap of at most
// maxGap, nor fills one, belongs to a new sequence: at once if the exporter's
// uptime says that it started again, else if packets that follow continue it.
// Until then it counts as a duplicate, so that one wrong number costs nothing.
func (c *track) observe(p step) {
	c.largest = max(c.largest, p.units)
	ahead := int32(p.number - c.next)
	if !c.started || ahead == 0 {
		c.forward(p)
		return
	}
	c.breaks++
	switch {
	case c.rebooted(p):
		c.counts.Resets++
		c.restart(p)
	case ahead > 0 && ahead <= maxGap:
		c.gap(hole{c.next, p.number})
		c.forward(p)
	case c.fill(p):
	default:
		c.astray(p, int64(ahead))
	}
}

// forward takes p as the newest packet of the sequence.
func (c *track) forward(p step) {
	c.counts.Received += uint64(p.units)
	c.started = !p.uncertain
	c.next = p.number + p.units
	c.boot, c.hasBoot = p.boot, p.hasBoot
	c.strays = strays{}
	for len(c.holes) > 0 && c.next-c.holes[0].to > c.reach() {
		c.holes = append(c.holes[:0], c.holes[1:]...)
	}
}

// reach returns the window in units.
func (c *track) reach() uint32 { return window * max(c.largest, 1) }

// restart makes p the first packet of a sequence.
func (c *track) restart(p step) {
	c.holes = c.holes[:0]
	c.forward(p)
}

// rebooted reports whether the exporter has started since the newest packet.
func (c *track) rebooted(p step) bool {
	return p.hasBoot && c.hasBoot && int32(p.boot-c.boot) > bootSlack
}

// gap counts h as lost until a late packet fills it.
func (c *track) gap(h hole) {
	c.counts.Lost += uint64(h.to - h.from)
	if len(c.holes) >= maxHoles {
		c.holes = append(c.holes[:0], c.holes[1:]...)
	}
	c.holes = append(c.holes, h)
}

// fill takes p as a late packet if it belongs into a hole.
func (c *track) fill(p step) bool {
	for i, h := range c.holes {
		at, end := p.number-h.from, p.number+p.units-h.from
		if size := h.to - h.from; at > size || end > size || end < at || p.units == 0 {
			continue
		}
		c.counts.Lost -= uint64(p.units)
		c.counts.Received += uint64(p.units)
		c.counts.Reordered++
		c.split(i, p)
		return true
	}
	return false
}

// split leaves of hole i what p does not fill.
func (c *track) split(i int, p step) {
	before, after := hole{c.holes[i].from, p.number}, hole{p.number + p.units, c.holes[i].to}
	c.holes = append(c.holes[:i], c.holes[i+1:]...)
	for _, rest := range [...]hole{after, before} {
		if rest.from != rest.to && len(c.holes) < maxHoles {
			c.holes = append(c.holes, hole{})
			copy(c.holes[i+1:], c.holes[i:])
			c.holes[i] = rest
		}
	}
}

// astray takes p as a duplicate, or as proof of a new sequence.
func (c *track) astray(p step, ahead int64) {
	if c.strays.packets == 0 || p.number != c.strays.next {
		c.strays = strays{}
	}
	c.strays.packets++
	c.strays.units += uint64(p.units)
	c.strays.next = p.number + p.units
	c.counts.Duplicates++
	// Within the window a run of duplicates is more likely than a restart.
	proof := 2
	if ahead < 0 && -ahead <= int64(c.reach()) {
		proof = 8
	}
	if c.strays.packets < proof {
		return
	}
	c.counts.Resets++
	c.counts.Duplicates -= uint64(c.strays.packets)
	c.counts.Received += c.strays.units - uint64(p.units)
	c.restart(p)
}
