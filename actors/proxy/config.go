package proxy

import (
	"log/slog"
	"net/netip"
)

// Config says how this Proxy starts. What it listens on and whom it serves
// comes from the Master.
type Config struct {
	DataDir string
	Name    string       // of the unit, unique in the deployment
	Control string       // host:port other units reach it at, TCP 2210 by custom
	Query   string       // host:port it answers queries at, TCP 4210 by custom
	Parent  string       // control address of the Master
	Listen  netip.Addr   // address exporters send to; invalid: every address
	Sockets int          // per listening port; 0: one per processor
	Buffer  int          // receive buffer per socket in octets; 0: the package's default
	Spool   int64        // disk for packets while no Slave can take them, in octets; 0: none
	Version string       // shown to other units
	Log     *slog.Logger // nil: discarded
}
