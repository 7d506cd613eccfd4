package desired

import (
	"net/netip"
	"time"

	pb "google.golang.org/protobuf/proto"

	"example.com/weir/actors/proto"
	"example.com/weir/flowio/source"
	"example.com/weir/persistence/configdb"
)

// Kept returns the desired state that a unit has on disk, nil if there is
// none that can be read.
func Kept(db *configdb.Unit) *proto.DesiredState {
	d := &proto.DesiredState{}
	if octets := db.Desired(); octets == nil || pb.Unmarshal(octets, d) != nil {
		return nil // NewApplier tells of one that cannot be read
	}
	return d
}

// Exporters returns what an operator says of the exporters that a desired
// state is about. What this version does not know holds as if it were not
// said.
func Exporters(d *proto.DesiredState) source.Settings {
	sg := d.GetSourceGroup()
	s := source.Settings{Rates: map[netip.Addr]uint64{}, Forgotten: map[netip.Addr]time.Time{}}
	s.Policy, _ = source.ParsePolicy(sg.GetIdentity())
	for _, port := range sg.GetRelayed() {
		s.Relayed = append(s.Relayed, uint16(port))
	}
	for _, e := range sg.GetExporters() {
		a, ok := netip.AddrFromSlice(e.GetAddress())
		if !ok {
			continue
		}
		if rate := e.GetSampling(); rate != 0 {
			s.Rates[a] = rate
		}
		if at := e.GetForgottenUnixMs(); at != 0 {
			s.Forgotten[a] = time.UnixMilli(at)
		}
	}
	return s
}
