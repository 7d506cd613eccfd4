package slave

import (
	"context"
	"path/filepath"
	"time"

	"example.com/weir/flowio/decode"
	"example.com/weir/flowio/keep"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/sampling"
	"example.com/weir/flowio/source"
	"example.com/weir/flowio/template"
	"example.com/weir/persistence/topology"
)

// The files in the data directory that hold what exporters have announced.
const (
	templatesFile = "templates.snapshot"
	ratesFile     = "rates.snapshot"
	sourcesFile   = "sources.snapshot"
)

// learnt is what this unit knows of the exporters.
type learnt struct {
	templates *template.Store
	rates     *sampling.Table
	sources   *source.Registry
	keeper    *keep.Keeper
}

func newLearnt(book *ledger.Book, role topology.Role, policy source.Policy) learnt {
	templates := decode.NewTemplates
	if role == topology.Slave {
		templates = decode.NewAdmittedTemplates
	}
	return learnt{
		templates: templates(book, ledger.Store),
		rates:     sampling.NewTable(),
		sources:   source.NewRegistry(source.Config{Policy: policy}),
	}
}

// recall loads what was learnt before this unit was stopped, and keeps on
// disk what is learnt from now on. A file that cannot be read costs what was
// in it, not the start.
func (s *Slave) recall() {
	s.learnt.rates.SetManual(s.settings.Load().Rates)
	templates, rates := filepath.Join(s.cfg.DataDir, templatesFile), filepath.Join(s.cfg.DataDir, ratesFile)
	sources := filepath.Join(s.cfg.DataDir, sourcesFile)
	for _, err := range []error{s.learnt.templates.Load(templates), s.learnt.rates.Load(rates), s.learnt.sources.Load(sources)} {
		if err != nil {
			s.cfg.Log.Warn("what exporters announced is not known any more", "err", err,
				"remedy", "none needed: exporters announce it again, until then records wait")
		}
	}
	s.learnt.keeper = keep.Start(s.cfg.Log, map[string]keep.Thing{
		templates: s.learnt.templates, rates: s.learnt.rates, sources: s.learnt.sources,
	})
}

// Close keeps the newest.
func (l *learnt) Close() error {
	if l.keeper == nil {
		return nil
	}
	return l.keeper.Close()
}

// knownSources returns what is known of the exporters whose packets reach this
// unit.
func (s *Slave) knownSources() []source.Source {
	return s.learnt.sources.Snapshot(s.learnt.templates)
}

// Sources returns what is known of the exporters, for whoever asks this unit.
// It implements queryplane.Answerer.
func (s *Slave) Sources(context.Context) []source.Unit {
	u := source.Unit{ID: string(s.UnitID()), Name: s.cfg.Name}
	u.Seen, u.Omitted = s.exporters.Seen(time.Now())
	return []source.Unit{u}
}
