package slave

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/weir/persistence/topology"
)

// returnPathCheck fails while the kernel drops what a Proxy delivers.
const returnPathCheck = "reverse-path filter"

// checkReturnPath looks whether the kernel drops flows that come with their
// exporters' addresses. Where nothing comes that way its drops are no concern
// of this unit.
func (s *Slave) checkReturnPath(now time.Time) {
	if !s.spoofed.Load() {
		s.checks.Remove(returnPathCheck)
		return
	}
	err := s.returnPath.Look(now)
	if (err != nil) != s.filtered.Swap(err != nil) && err != nil {
		s.cfg.Log.Warn("flows do not arrive", "err", err)
	}
	s.checks.Set(returnPathCheck, err)
}

// isSpoofed reports whether flows come to a unit with addresses that are not
// the sender's.
func isSpoofed(role topology.Role, delivery string) bool {
	return role == topology.Slave && delivery == string(topology.DeliverUDP)
}

// filteredCounter is the metric of what the kernel dropped.
func (s *Slave) filteredCounter() prometheus.Collector {
	return prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "weir_listen_reverse_path_dropped_total",
		Help: "IPv4 packets that the kernel's reverse-path filter dropped in this unit's network namespace, of any traffic.",
	}, func() float64 { return float64(s.returnPath.Dropped()) })
}
