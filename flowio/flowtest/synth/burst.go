package synth

import (
	"context"
	"time"
)

const (
	// maxBurst bounds the packets of a burst, and maxRun the octets of a run:
	// what fits one UDP datagram, since the kernel takes it as one.
	maxBurst = 64
	maxRun   = 60_000

	// anew is how often the packets of an exporter that repeats are made anew,
	// so that their records do not get old.
	anew = time.Second
)

// Burst is packets that follow each other, to be sent in one go.
type Burst struct {
	octets  []byte
	lengths []int
}

func (b *Burst) add(packet []byte) {
	b.octets = append(b.octets, packet...)
	b.lengths = append(b.lengths, len(packet))
}

func (b *Burst) reset() { b.octets, b.lengths = b.octets[:0], b.lengths[:0] }

// Runs yields the packets in order, those that follow each other with one
// length in one piece: each is the length of a packet. The pieces are valid
// until the next burst.
func (b *Burst) Runs(yield func(octets []byte, each int) bool) {
	at := 0
	for i := 0; i < len(b.lengths); {
		each, end := b.lengths[i], at
		for i < len(b.lengths) && b.lengths[i] == each && (end == at || end+each-at <= maxRun) {
			end += each
			i++
		}
		if !yield(b.octets[at:end], each) {
			return
		}
		at = end
	}
}

// RunBursts is Run with packets in bursts. Send must not keep a burst.
func (e *Exporter) RunBursts(ctx context.Context, rate Rate, send func(*Burst) error) error {
	var burst Burst
	flush := func() error {
		defer burst.reset()
		if len(burst.lengths) == 0 {
			return nil
		}
		return send(&burst)
	}
	return e.run(ctx, rate, func(packet []byte) error {
		burst.add(packet)
		if len(burst.lengths) < maxBurst {
			return nil
		}
		return flush()
	}, flush)
}

// pooled is a packet that is sent again and again.
type pooled struct {
	octets []byte
	sum    flowSize
}

// again returns the next packet of those that were made last, with a header of
// its own.
func (e *Exporter) again(at moment) []byte {
	if len(e.pool) == 0 || at.now.Sub(e.made) >= anew {
		e.made = at.now
		e.fill(at)
	}
	p := &e.pool[e.drawn%len(e.pool)]
	e.drawn++
	e.wire.begin(p.octets[:0], at)
	if w, ok := e.wire.(*sFlow); ok {
		w.retake(p.octets)
	}
	e.count(p.sum)
	return e.wire.end(p.octets, e.cfg.FlowsPerPacket)
}

// fill makes the packets that are repeated. They are made by a wire of their
// own: the numbers in their headers are not sent.
func (e *Exporter) fill(at moment) {
	if e.pool == nil {
		e.pool = make([]pooled, e.cfg.Repeat)
	}
	for i := range e.pool {
		p := &e.pool[i]
		p.octets, p.sum = e.build(e.maker, p.octets[:0], at)
	}
}
