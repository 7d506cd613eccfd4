package main

import sources "example.com/weir/flowio/source"

// ExportersConfig is what an operator says of exporters: what tells them
// apart, how they sample if they do not say so themselves, and on which ports
// records may name their exporter. All units that an exporter's flows pass
// need the same.
type ExportersConfig struct {
	Identity string `yaml:"identity"`
	Sampling string `yaml:"sampling"`
	Relayed  string `yaml:"relayed-ports"`
}

// settings reads c; wrong is told each mistake with its key.
func (c ExportersConfig) settings(wrong func(key, format string, args ...any)) (s sources.Settings) {
	var err error
	if s.Policy, err = sources.ParsePolicy(c.Identity); err != nil {
		wrong("exporters.identity", "%v", err)
	}
	if s.Rates, err = sources.ParseRates(c.Sampling); err != nil {
		wrong("exporters.sampling", "%v", err)
	}
	if s.Relayed, err = sources.ParsePorts(c.Relayed); err != nil {
		wrong("exporters.relayed-ports", "%v", err)
	}
	return s
}

// checked returns the settings of a configuration that validate accepts.
func (c ExportersConfig) checked() sources.Settings {
	return c.settings(func(string, string, ...any) {})
}
