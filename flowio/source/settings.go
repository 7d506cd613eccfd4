package source

import (
	"maps"
	"net/netip"
	"slices"
	"time"
)

// Settings is what an operator says of the exporters of a source group. All
// units that their flows pass have the same.
type Settings struct {
	Policy    Policy
	Rates     map[netip.Addr]uint64    // sampling rates that hold whatever the exporter says
	Relayed   []uint16                 // listening ports where records may name their exporter
	Forgotten map[netip.Addr]time.Time // what was known until then is to be forgotten
}

// IsRelayed reports whether records that came to port may name their exporter.
func (s Settings) IsRelayed(port uint16) bool { return slices.Contains(s.Relayed, port) }

// Equal reports whether s and o say the same.
func (s Settings) Equal(o Settings) bool {
	return s.Policy == o.Policy && maps.Equal(s.Rates, o.Rates) && slices.Equal(s.Relayed, o.Relayed) &&
		maps.EqualFunc(s.Forgotten, o.Forgotten, time.Time.Equal)
}
