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
	Number uint32 // as in the header: units exported before this packet
	Units  uint32 // in this packet

	// Uncertain says that Units is not known, as that of a packet whose
	// template has not come yet. What follows it cannot show a gap.
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

// Counter follows one sequence. The zero Counter waits for its first packet.
// It is not safe for concurrent use.
type Counter struct {
	counts  Counts
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

// Counts returns what was counted so far.
func (c *Counter) Counts() Counts { return c.counts }

// Observe counts a packet. Numbers wrap at 2^32.
//
// A packet that neither continues the sequence, nor leaves a gap of at most
// maxGap, nor fills one, belongs to a new sequence: at once if the exporter's
// uptime says that it started again, else if packets that follow continue it.
// Until then it counts as a duplicate, so that one wrong number costs nothing.
func (c *Counter) Observe(p Packet) {
	c.largest = max(c.largest, p.Units)
	ahead := int32(p.Number - c.next)
	switch {
	case !c.started || ahead == 0:
		c.forward(p)
	case c.rebooted(p):
		c.counts.Resets++
		c.restart(p)
	case ahead > 0 && ahead <= maxGap:
		c.gap(hole{c.next, p.Number})
		c.forward(p)
	case c.fill(p):
	default:
		c.astray(p, int64(ahead))
	}
}

// forward takes p as the newest packet of the sequence.
func (c *Counter) forward(p Packet) {
	c.counts.Received += uint64(p.Units)
	c.started = !p.Uncertain
	c.next = p.Number + p.Units
	c.boot, c.hasBoot = p.Boot, p.HasBoot
	c.strays = strays{}
	for len(c.holes) > 0 && c.next-c.holes[0].to > c.reach() {
		c.holes = append(c.holes[:0], c.holes[1:]...)
	}
}

// reach returns the window in units.
func (c *Counter) reach() uint32 { return window * max(c.largest, 1) }

// restart makes p the first packet of a sequence.
func (c *Counter) restart(p Packet) {
	c.holes = c.holes[:0]
	c.forward(p)
}

// rebooted reports whether the exporter has started since the newest packet.
func (c *Counter) rebooted(p Packet) bool {
	return p.HasBoot && c.hasBoot && int32(p.Boot-c.boot) > bootSlack
}

// gap counts h as lost until a late packet fills it.
func (c *Counter) gap(h hole) {
	c.counts.Lost += uint64(h.to - h.from)
	if len(c.holes) >= maxHoles {
		c.holes = append(c.holes[:0], c.holes[1:]...)
	}
	c.holes = append(c.holes, h)
}

// fill takes p as a late packet if it belongs into a hole.
func (c *Counter) fill(p Packet) bool {
	for i, h := range c.holes {
		at, end := p.Number-h.from, p.Number+p.Units-h.from
		if size := h.to - h.from; at > size || end > size || end < at || p.Units == 0 {
			continue
		}
		c.counts.Lost -= uint64(p.Units)
		c.counts.Received += uint64(p.Units)
		c.counts.Reordered++
		c.split(i, p)
		return true
	}
	return false
}

// split leaves of hole i what p does not fill.
func (c *Counter) split(i int, p Packet) {
	before, after := hole{c.holes[i].from, p.Number}, hole{p.Number + p.Units, c.holes[i].to}
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
func (c *Counter) astray(p Packet, ahead int64) {
	if c.strays.packets == 0 || p.Number != c.strays.next {
		c.strays = strays{}
	}
	c.strays.packets++
	c.strays.units += uint64(p.Units)
	c.strays.next = p.Number + p.Units
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
	c.counts.Received += c.strays.units - uint64(p.Units)
	c.restart(p)
}
