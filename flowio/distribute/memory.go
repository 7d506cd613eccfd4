package distribute

import "sync/atomic"

// maxRemembered bounds what a Distributor remembers of templates and options
// data, in octets. Source addresses can be invented, so the sum over all
// exporters is what counts. Beyond it templates are not learnt, and options
// data are passed on but not repeated to Slaves that come later.
const maxRemembered = 128 << 20

// memory counts octets remembered by all sessions.
type memory struct{ octets atomic.Int64 }

// reserve takes n octets if they are left; a negative n gives some back.
func (m *memory) reserve(n int) bool {
	if m.octets.Add(int64(n)) > maxRemembered && n > 0 {
		m.octets.Add(int64(-n))
		return false
	}
	return true
}

// free gives n octets back.
func (m *memory) free(n int) { m.octets.Add(int64(-n)) }
