package slave

import (
	"log/slog"
	"net/netip"
	"time"

	"example.com/weir/persistence/topology"
)

// Config says how this Slave starts. What it receives comes from the unit
// above: its Proxy, or the Master for a standalone Slave.
type Config struct {
	DataDir   string
	Name      string        // of the unit, unique in the deployment
	Role      topology.Role // Slave or Standalone
	Control   string        // host:port other units reach it at, TCP 2210 by custom
	Query     string        // host:port it answers queries at, TCP 4210 by custom
	Parent    string        // control address of the Proxy; of the Master if standalone
	Listen    netip.Addr    // address flows arrive at; invalid: every address
	Sockets   int           // per listening port; 0: one per processor
	Buffer    int           // receive buffer per socket in octets; 0: the package's default
	Decoders  int           // goroutines that decode; 0: one per processor
	Threads   int           // goroutines that scan for one query; 0: one per processor
	Memory    uint64        // octets that all queries at once may hold; 0: group.MemoryBudget
	Spill     uint64        // octets of files for groups that do not fit there; 0: group.SpillLimit
	Cache     uint64        // octets of partial answers kept for the next query; 0: none
	Retention time.Duration // age at which flows are deleted; 0: never
	Quota     uint64        // octets of disk for flows; 0: unlimited
	Reserve   uint64        // octets of the disk that flows leave free; 0: the store's default
	Keep      time.Duration // age from which flows go when the disk has no room, though retention and quota would keep them
	Version   string        // shown to other units
	Log       *slog.Logger  // nil: discarded
}
