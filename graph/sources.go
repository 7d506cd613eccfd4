package graph

import (
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/source"
	"example.com/weir/graph/model"
	"example.com/weir/persistence/topology"
)

// maxSources bounds lists of exporters: as many as a large deployment has, so
// that one answer shows them all. More are narrowed by group or prefix.
const maxSources = 5000

// withSettings returns f with what input changes. Null takes a setting away.
func withSettings(f topology.Source, input model.UpdateSourceInput) (topology.Source, error) {
	if name, given := input.Name.ValueOK(); given {
		f.Name = ""
		if name != nil {
			f.Name = *name
		}
	}
	if rate, given := input.SamplingRate.ValueOK(); given {
		f.Sampling = 0
		if rate != nil && *rate < 1 {
			return f, invalid("/samplingRate", "1 in %d; use 1 to %d, or null for what the exporter says", *rate, topology.MaxSampling)
		}
		if rate != nil {
			f.Sampling = uint64(*rate)
		}
	}
	return f, nil
}

// selection reads which accounts are asked for.
func selection(sourceGroup, unit, exporter *string) (ledger.Selection, error) {
	within, err := source.ParseExporters(orEmpty(exporter))
	if err != nil {
		return ledger.Selection{}, invalid("/exporter", "%v", err)
	}
	return ledger.Selection{SourceGroup: orEmpty(sourceGroup), Unit: orEmpty(unit), Exporter: within}, nil
}
