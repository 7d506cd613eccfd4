package ie

import (
	_ "embed" // for iana.txt
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// iana lists the elements of the IANA registry, number and name on each line.
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
	9: "Cisco", 637: "Nokia", 1916: "Extreme", 2011: "Huawei", 2620: "Check Point", 2636: "Juniper", 3054: "Ixia",
	5951: "NetScaler", 6527: "Nokia (TiMetra)", CERT: "CERT", 6876: "VMware", 8057: "CESNET", 8741: "SonicWall",
	10704: "Barracuda", 12356: "Fortinet", 13745: "Plixer", 14988: "MikroTik", 25461: "Palo Alto", 25506: "H3C",
	26866: "Gigamon", ReverseEnterprise: "reverse", 30065: "Arista", 35632: "ntop", 39499: "Flowmon",
}

// Name returns what the registry calls an element, and for elements of others
// than IANA whose it is and its number. An element of the opposite direction
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
	return fmt.Sprintf("%s/%d", Enterprise(enterprise), element)
}

// Enterprise returns the name behind an enterprise number, or the number.
func Enterprise(number uint32) string {
	if name, known := enterprises[number]; known {
		return name
	}
	return strconv.FormatUint(uint64(number), 10)
}
