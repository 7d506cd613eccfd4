package source

import (
	"fmt"
	"time"
)

// What is wrong with a source, and the remedy.
const (
	clockWarning     = "its clock is off by %v, flows are placed by their arrival; have the exporter follow a time server"
	templatesWarning = "templates change their layout to and fro: several exporters send from one address and domain; " +
		"tell them apart by address+port, or give each a domain of its own"
	samplingWarning = "%d records came without a sampling rate and are not scaled; " +
		"have the exporter send its options, or set a rate"
)

// Warning is something of a source that an operator should look at.
type Warning struct {
	Code string // clock, templates or sampling
	Text string // what is wrong, and the remedy
}

// Warnings returns what is wrong with s, nothing if all is well.
func (s Source) Warnings() []Warning {
	var all []Warning
	if s.Clock.IsSkewed {
		skew := (time.Duration(s.Clock.Skew) * time.Millisecond).Round(time.Second)
		all = append(all, Warning{"clock", fmt.Sprintf(clockWarning, skew)})
	}
	if s.Templates.IsFlapping {
		all = append(all, Warning{"templates", templatesWarning})
	}
	if s.Sampling.Unscaled > 0 && s.Sampling.Rate == 0 {
		all = append(all, Warning{"sampling", fmt.Sprintf(samplingWarning, s.Sampling.Unscaled)})
	}
	return all
}
