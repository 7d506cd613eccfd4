package topology

import (
	"fmt"
	"slices"

	"example.com/weir/flowio/source"
)

const (
	// MaxSampling bounds a sampling rate: 1 in a thousand million packets is
	// no rate that anybody uses, but the usual slip of a finger.
	MaxSampling = 1_000_000_000

	// maxFlowSources bounds the exporters of a source group of whom something
	// is said. They travel with every desired state, some 40 octets each.
	maxFlowSources = 4096

	// maxForgotten bounds the deleted ones that units are still told of. A unit
	// that was away while more were deleted shows the rest again.
	maxForgotten = 1024
)

func (k *checker) setSource(f Source) {
	k.exporter(f)
	if f.Name != "" && !namePattern.MatchString(f.Name) {
		k.invalid("/name", "%q is not a name; use 1 to 63 letters, digits, '.', '_' or '-', beginning with a letter or digit", f.Name)
	}
	if f.Sampling > MaxSampling {
		k.invalid("/samplingRate", "1 in %d; use 1 to %d, or null for what the exporter says", f.Sampling, MaxSampling)
	}
	set := slices.DeleteFunc(k.state.sourcesOf(f.SourceGroup), func(o Source) bool { return !o.isSet() || o.ID() == f.ID() })
	if f.isSet() && len(set) >= maxFlowSources {
		k.conflict("", "%d exporters of the source group have a name or rate already; take those away that are not needed", maxFlowSources)
	}
	for _, other := range set {
		if f.Name != "" && other.Name == f.Name {
			k.conflict("/name", "exporter %s has the name %s in the same source group", other.Exporter, f.Name)
		}
	}
}

// exporter checks what names f.
func (k *checker) exporter(f Source) {
	if _, exists := k.state.SourceGroups[f.SourceGroup]; !exists {
		k.missing("/sourceGroup", "source group %s does not exist", f.SourceGroup)
	}
	a := f.Exporter
	if !a.IsValid() || a.IsUnspecified() || a.IsMulticast() || a.Is4In6() || a.Zone() != "" {
		k.invalid("/exporter", "%q is not the address of an exporter", a)
	}
}

func (k *checker) deleteSource(id SourceID) {
	f, err := k.state.ParseSource(string(id))
	if err != nil {
		k.missing("", "%v", err)
		return
	}
	k.exporter(f)
}

// exporters checks what a source group says of all its exporters.
func (k *checker) exporters(g SourceGroup) {
	if _, err := source.ParsePolicy(string(g.Identity)); err != nil {
		k.invalid("/identity", "%v", err)
	}
	for i, port := range g.Relayed {
		pointer := fmt.Sprintf("/relayed/%d", i)
		if !slices.Contains(g.Listen, port) {
			k.invalid(pointer, "port %d is not one of the listening ports", port)
		}
		if slices.Contains(g.Relayed[:i], port) {
			k.invalid(pointer, "port %d is listed twice", port)
		}
	}
}
