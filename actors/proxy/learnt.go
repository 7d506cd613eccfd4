package proxy

import (
	"path/filepath"
	"sync/atomic"

	"example.com/weir/flowio/keep"
	"example.com/weir/flowio/source"
	"example.com/weir/flowio/template"
)

// The files in the data directory that hold what is known of the exporters.
const (
	templatesFile = "templates.snapshot"
	sourcesFile   = "sources.snapshot"
)

// learnt is what this unit knows of the exporters.
type learnt struct {
	dealer  *dealer
	sources *source.Registry
	keeper  *keep.Keeper
	swaps   atomic.Uint64 // of distributors; each counts its changes from 0
}

// Changes makes learnt a keep.Thing.
func (l *learnt) Changes() uint64 {
	n := l.swaps.Load() << 48
	if templates := l.dealer.templates(); templates != nil {
		n += templates.Changes()
	}
	return n
}

// Save keeps the templates. Without a distributor the file stays as it is.
func (l *learnt) Save(path string) error {
	if templates := l.dealer.templates(); templates != nil {
		return templates.Save(path)
	}
	return nil
}

func (p *Proxy) templatesPath() string { return filepath.Join(p.cfg.DataDir, templatesFile) }

// remember loads the sources that were known before this unit was stopped, and
// keeps on disk what is learnt from now on. A file that cannot be read costs
// what was in it.
func (p *Proxy) remember() {
	path := filepath.Join(p.cfg.DataDir, sourcesFile)
	if err := p.learnt.sources.Load(path); err != nil {
		p.cfg.Log.Warn("exporters that send no more are not known any more", "err", err)
	}
	p.learnt.keeper = keep.Start(p.cfg.Log, map[string]keep.Thing{p.templatesPath(): &p.learnt, path: p.learnt.sources})
}

// inherit gives a new distributor the templates of the one before it, or those
// from before a restart, filed as its policy wants it. A file that cannot be
// read costs what was in it.
func (p *Proxy) inherit(old, next distributor, w way) {
	p.learnt.swaps.Add(1)
	if knower, ok := old.(templateKnower); ok {
		if err := knower.Templates().Save(p.templatesPath()); err != nil {
			p.cfg.Log.Warn("templates are not kept", "err", err, "remedy", "make room in the data directory")
		}
	}
	knower, ok := next.(templateKnower)
	if !ok {
		return
	}
	if err := knower.Templates().Load(p.templatesPath()); err != nil {
		p.cfg.Log.Warn("what exporters announced is not known any more", "err", err,
			"remedy", "none needed: exporters announce it again, until then records wait")
	}
	if was := p.learnt.sources.Policy(); was != w.policy {
		p.learnt.refile(knower.Templates(), w.policy)
		p.cfg.Log.Info("exporters are told apart in another way", "identity", w.policy.String(), "before", was.String())
	}
}

// refile files what is known of exporters as another policy wants it.
func (l *learnt) refile(templates *template.Store, to source.Policy) {
	templates.Move(l.sources.Refiling(to).Keys)
	l.sources.SetPolicy(to)
}

// knownSources returns what is known of the exporters that send to this unit.
func (p *Proxy) knownSources() []source.Source {
	return p.learnt.sources.Snapshot(p.dealer.templates())
}
