package ie

import (
	_ "embed" // for iana.txt
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// iana lists the elements of the IANA registry "IPFIX Information Elements" up to
// 510, number and name on each line. Those left out are reserved, or assigned to
// NetFlow v9 without a name.
//
//go:embed iana.txt
var iana string

var names = sync.OnceValue(func() map[uint16]string {
	all := map[uint16]string{}
	for line := range strings.Lines(iana) {
		number, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		if n, err := strconv.ParseUint(number, 10, 16); err == nil {
			all[uint16(n)] = name
		}
	}
	return all
})

// enterprises names those whose elements weir has met, by the IANA registry
// "Private Enterprise Numbers".
var enterprises = map[uint32]string{
	Cisco: "Cisco", 637: "Nokia", 1916: "Extreme", 2011: "Huawei", 2620: "Check Point", 2636: "Juniper", 3054: "Ixia",
	5951: "NetScaler", 6527: "Nokia (TiMetra)", CERT: "CERT", 6876: "VMware", 8057: "CESNET", 8741: "SonicWall",
	10704: "Barracuda", 12356: "Fortinet", 13745: "Plixer", 14988: "MikroTik", 25461: "Palo Alto", 25506: "H3C",
	26866: "Gigamon", ReverseEnterprise: "reverse", 30065: "Arista", 35632: "ntop", 39499: "Flowmon",
}

// private names the elements of enterprises that weir reads.
var private = map[[2]uint32]string{
	{CERT, CERTInitialTCPFlags}:       "initialTCPFlags",
	{CERT, CERTUnionTCPFlags}:         "unionTCPFlags",
	{Cisco, CiscoClientIPv4Address}:   "clientIPv4Address",
	{Cisco, CiscoServerIPv4Address}:   "serverIPv4Address",
	{Cisco, CiscoClientIPv6Address}:   "clientIPv6Address",
	{Cisco, CiscoServerIPv6Address}:   "serverIPv6Address",
	{Cisco, CiscoClientTransportPort}: "clientTransportPort",
	{Cisco, CiscoServerTransportPort}: "serverTransportPort",
}

// Name returns what the registry calls an element, and for elements of others
// than IANA whose it is and its name or number. An element of the opposite direction
// of a biflow is called as RFC 5103 section 6.1 says.
func Name(enterprise uint32, element uint16) string {
	name, known := names()[element]
	switch {
	case enterprise == 0 && known:
		return name
	case enterprise == ReverseEnterprise && known:
		return "reverse" + strings.ToUpper(name[:1]) + name[1:]
	case enterprise == 0:
		return strconv.Itoa(int(element))
	}
	if name, known := private[[2]uint32{enterprise, uint32(element)}]; known {
		return Enterprise(enterprise) + "/" + name
	}
	return fmt.Sprintf("%s/%d", Enterprise(enterprise), element)
}

// Enterprise returns the name behind an enterprise number, or the number.
func Enterprise(number uint32) string {
	if name, known := enterprises[number]; known {
		return name
	}
	return strconv.FormatUint(uint64(number), 10)
}
