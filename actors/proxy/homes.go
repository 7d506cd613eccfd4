package proxy

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"time"

	"example.com/weir/flowio/distribute"
)

const (
	// sourcesKey is where the map of exporters to Slaves is kept.
	sourcesKey = "sources"

	// keepEvery is how often it goes to disk when an exporter came, went or
	// moved: what is lost with a unit that dies are those that were new within
	// it. Of a map that takes long to write it is the share of time that
	// writing it may take, one in keepShare.
	keepEvery = time.Second
	keepShare = 20

	// heardEvery is how often it goes to disk otherwise, with the time when each
	// exporter was last heard. It tells whom to forget when the map is full.
	heardEvery = 10 * time.Minute
)

// keptHome is distribute.Home as it is kept.
type keptHome struct {
	Slave string `json:"slave"`
	Since int64  `json:"since"`
	Heard int64  `json:"heard"`
}

// UnmarshalJSON also reads what was kept before times were: the Slave alone.
func (h *keptHome) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '"' {
		return json.Unmarshal(text, &h.Slave)
	}
	type plain keptHome
	return json.Unmarshal(text, (*plain)(h))
}

// keep writes the map of exporters to Slaves to disk when it has changed, and
// now and then.
func (p *Proxy) keep() {
	timer := time.NewTimer(keepEvery)
	defer timer.Stop()
	last, kept := p.dealer.Sources(), time.Now()
	for {
		select {
		case <-p.quit:
			return
		case <-timer.C:
		}
		began := time.Now()
		if now := p.dealer.Sources(); began.Sub(kept) >= heardEvery || !maps.EqualFunc(now, last, isSameHome) {
			if err := p.keepSources(); err != nil {
				p.cfg.Log.Error("keep which exporter goes to which slave", "err", err)
			} else {
				last, kept = now, began
			}
		}
		timer.Reset(max(keepEvery, keepShare*time.Since(began)))
	}
}

func isSameHome(a, b distribute.Home) bool { return a.Slave == b.Slave }

func (p *Proxy) keepSources() error {
	homes := map[netip.Addr]keptHome{}
	for exporter, h := range p.dealer.Sources() {
		homes[exporter] = keptHome(h)
	}
	text, err := json.Marshal(homes)
	if err != nil {
		return err
	}
	return p.db.Keep(sourcesKey, text)
}

func (p *Proxy) keptSources() (map[netip.Addr]distribute.Home, error) {
	text, err := p.db.Kept(sourcesKey)
	if err != nil || text == nil {
		return nil, err
	}
	return parseHomes(text)
}

func parseHomes(text []byte) (map[netip.Addr]distribute.Home, error) {
	var kept map[netip.Addr]keptHome
	if err := json.Unmarshal(text, &kept); err != nil {
		return nil, fmt.Errorf("read which exporter goes to which slave: %w", err)
	}
	homes := make(map[netip.Addr]distribute.Home, len(kept))
	for exporter, h := range kept {
		homes[exporter] = distribute.Home(h)
	}
	return homes, nil
}
