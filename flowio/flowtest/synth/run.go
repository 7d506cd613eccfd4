package synth

import (
	"context"
	"math"
	"time"
)

const (
	// tick is how often Run sends what has become due: short enough that the
	// bursts fit into socket buffers.
	tick = 5 * time.Millisecond

	// maxBacklog bounds what Run catches up with after it could not send for
	// a while: more would be bursts that no exporter sends.
	maxBacklog = 100 * time.Millisecond

	// hasteCheck is after how many packets Run looks at the clock when it
	// sends as fast as it can.
	hasteCheck = 64
)

// Daily returns the load of a network at the given time of day in UTC as a
// share of its peak, between 0.3 at four in the morning and 1 at four in the
// afternoon, with a slow ripple.
func Daily(t time.Time) float64 {
	t = t.UTC()
	hours := float64(t.Hour()) + float64(t.Minute())/60 + float64(t.Second())/3600
	day := 0.65 - 0.35*math.Cos((hours-4)/12*math.Pi)
	ripple := 1 + 0.06*math.Sin(2*math.Pi*hours*4) + 0.03*math.Sin(2*math.Pi*hours*17)
	return min(max(day*ripple, 0.25), 1)
}

// Rate says how many records per second are wanted at a time. Zero or less
// means none.
type Rate func(now time.Time) float64

// Steady is a Rate that does not change.
func Steady(perSecond float64) Rate {
	return func(time.Time) float64 { return perSecond }
}

// Ramp is a Rate that rises evenly from nothing at its first use and stays at
// perSecond after some time: exporters do not all begin at once.
func Ramp(perSecond float64, over time.Duration) Rate {
	var begun time.Time
	return func(now time.Time) float64 {
		if begun.IsZero() {
			begun = now
		}
		if since := now.Sub(begun); since < over {
			return perSecond * since.Seconds() / over.Seconds()
		}
		return perSecond
	}
}

// Run sends the packets of e at the given rate until ctx ends, which is no
// error, or send refuses one. A nil rate means as fast as send takes them.
// send must not keep the packet.
func (e *Exporter) Run(ctx context.Context, rate Rate, send func(packet []byte) error) error {
	return e.run(ctx, rate, send, func() error { return nil })
}

// run is Run with a flush after the packets that were due at one time.
func (e *Exporter) run(ctx context.Context, rate Rate, send func(packet []byte) error, flush func() error) error {
	if rate == nil {
		return e.rush(ctx, send, flush)
	}
	clock := time.NewTicker(tick)
	defer clock.Stop()
	last := time.Now()
	// Half a packet is due at the start, so that slow exporters do not all
	// wait for their first one.
	due := float64(e.cfg.FlowsPerPacket) / 2
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-clock.C:
			due += rate(now) * min(now.Sub(last), maxBacklog).Seconds()
			last = now
			for due >= float64(e.cfg.FlowsPerPacket) {
				packet, records := e.Packet(now)
				if err := send(packet); err != nil {
					return err
				}
				due -= float64(records)
			}
			if err := flush(); err != nil {
				return err
			}
		}
	}
}

func (e *Exporter) rush(ctx context.Context, send func(packet []byte) error, flush func() error) error {
	for ctx.Err() == nil {
		now := time.Now()
		for range hasteCheck {
			packet, _ := e.Packet(now)
			if err := send(packet); err != nil {
				return err
			}
		}
		if err := flush(); err != nil {
			return err
		}
	}
	return nil
}
