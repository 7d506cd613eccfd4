package sequence

const (
	// trial is for how many packets all styles are tried. Exporters send
	// options data, which tell some styles apart, at least that often.
	trial = 512

	// better is by how many breaks fewer another style than that of the
	// format must show to be believed.
	better = 2
)

// Counter follows one sequence. It is not safe for concurrent use.
//
// Exporters do not all number what their format asks them to. A Counter tries
// the other ways as well and, after a while, keeps to the one under which the
// fewest packets were out of place.
type Counter struct {
	own     int     // style of the format
	style   int     // in force once the trial is over
	track   track   // of style, likewise
	tried   []track // by style, during the trial
	packets int
}

// New returns a Counter of a sequence that counts own, as its format says.
func New(own Unit) *Counter {
	c := new(Counter)
	for i := len(styles) - 1; i >= 0; i-- {
		if styles[i].unit == own {
			c.own = i
		}
	}
	c.style = c.own
	return c
}

// Observe counts a packet.
func (c *Counter) Observe(p Packet) {
	if c.own >= numGuessed || c.packets >= trial {
		c.track.observe(styles[c.style].step(p))
		return
	}
	if c.tried == nil {
		c.tried = make([]track, numGuessed)
	}
	for i := range c.tried {
		c.tried[i].observe(styles[i].step(p))
	}
	if c.packets++; c.packets == trial {
		c.style = c.best()
		c.track, c.tried = c.tried[c.style], nil
	}
}

// Counts returns what was counted so far.
func (c *Counter) Counts() Counts {
	if c.tried != nil {
		return c.tried[c.best()].counts
	}
	return c.track.counts
}

// Unit returns what the sequence counts.
func (c *Counter) Unit() Unit {
	if c.tried != nil {
		return styles[c.best()].unit
	}
	return styles[c.style].unit
}

// best returns the style with the fewest breaks, that of the format unless
// another is clearly better.
func (c *Counter) best() int {
	best := c.own
	for i := range c.tried {
		if c.tried[i].breaks+better <= c.tried[c.own].breaks && c.tried[i].breaks < c.tried[best].breaks {
			best = i
		}
	}
	return best
}
