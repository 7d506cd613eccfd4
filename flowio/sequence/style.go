package sequence

// Unit names what a sequence counts.
type Unit string

// The units of sequences.
const (
	Flows     Unit = "flows"     // flow records
	Records   Unit = "records"   // data records: of flows and of options
	Packets   Unit = "packets"   // export packets
	Datagrams Unit = "datagrams" // packets of sFlow
	Samples   Unit = "samples"   // of one sampling source of sFlow
)

// style is one way to number packets. The RFCs ask for the number of units
// before the packet; several exporters count those in it as well, or count
// other units than their format says.
type style struct {
	unit  Unit
	after bool // the units of the packet itself are counted
}

var styles = [...]style{
	{Flows, false},
	{Flows, true},
	{Records, false},
	{Records, true},
	{Packets, false},
	{Datagrams, false}, // never guessed, like the next
	{Samples, false},
}

// numGuessed is how many of styles an exporter may turn out to use.
const numGuessed = 5

// step is a packet in the units of a style: its number is that of the units
// before it.
type step struct {
	number, units, boot uint32
	uncertain, hasBoot  bool
}

func (s style) units(p Packet) uint32 {
	switch s.unit {
	case Flows:
		return p.Flows
	case Records:
		return p.Flows + p.Options
	default:
		return 1
	}
}

func (s style) step(p Packet) step {
	to := step{number: p.Number, units: s.units(p), boot: p.Boot, hasBoot: p.HasBoot}
	to.uncertain = p.Uncertain && (s.unit == Flows || s.unit == Records)
	if s.after {
		to.number -= to.units
	}
	return to
}
