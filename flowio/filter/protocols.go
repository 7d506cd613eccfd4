package filter

import (
	"strconv"
	"strings"
)

// protocolNames are the names of IP protocols by number. nfdump's abbreviation
// comes first, which is also how normal forms write the protocol, then what
// the IANA registry of protocol numbers calls it if operators write that. Those
// that nfdump has no way to write (15, 38, 39, 61, 63, 107) have none here
// either: their numbers do.
var protocolNames = [256]string{
	0: "hopopt", 1: "icmp", 2: "igmp", 3: "ggp", 4: "ipip", 5: "st", 6: "tcp", 7: "cbt", 8: "egp", 9: "igp",
	10: "bbn", 11: "nvpii", 12: "pup", 13: "argus", 14: "encom", 16: "chaos", 17: "udp", 18: "mux", 19: "dcn",
	20: "hmp", 21: "prm", 22: "xns", 23: "trnk1", 24: "trnk2", 25: "leaf1", 26: "leaf2", 27: "rdp", 28: "irtp",
	29: "iso-4", 30: "netbk", 31: "mfesp", 32: "meinp", 33: "dccp", 34: "3pc", 35: "idpr", 36: "xtp", 37: "ddp",
	40: "il", 41: "ipv6", 42: "sdrp", 43: "rte6 ipv6-route", 44: "frag6 ipv6-frag", 45: "idrp", 46: "rsvp",
	47: "gre", 48: "mhrp", 49: "bna", 50: "esp", 51: "ah", 52: "inlsp", 53: "swipe", 54: "narp", 55: "mobil",
	56: "tlsp", 57: "skip", 58: "icmp6 icmpv6 ipv6-icmp", 59: "nohe6 ipv6-nonxt", 60: "opts6 ipv6-opts",
	62: "cftp", 64: "satnt", 65: "klan", 66: "rvd", 67: "ippc", 68: "fs", 69: "satm", 70: "visa", 71: "ipcv",
	72: "cpnx", 73: "cphb", 74: "wsn", 75: "pvp", 76: "bsatm", 77: "sunnd", 78: "wbmon", 79: "wbexp",
	80: "isoip", 81: "vmtp", 82: "svmtp", 83: "vines", 84: "ttp", 85: "nsigp", 86: "dgp", 87: "tcf",
	88: "eigrp", 89: "ospf", 90: "s-rpc", 91: "larp", 92: "mtp", 93: "ax.25", 94: "os", 95: "micp", 96: "sccsp",
	97: "ethip etherip", 98: "encap", 100: "gmtp", 101: "ifmp", 102: "pnni", 103: "pim", 104: "aris",
	105: "scps", 106: "qnx", 108: "ipcmp ipcomp", 109: "snp", 110: "cpqpp", 111: "ipxip", 112: "vrrp",
	113: "pgm", 114: "0hop", 115: "l2tp", 116: "ddx", 117: "iatp", 118: "stp", 119: "srp", 120: "uti",
	121: "smp", 122: "sm", 123: "ptp", 124: "isis4 isis", 125: "fire", 126: "crtp", 127: "crudp", 129: "iplt",
	130: "sps", 131: "pipe", 132: "sctp", 133: "fc", 135: "mhead", 136: "udp-l udplite", 137: "mpls",
	138: "manet", 139: "hip", 140: "shim6", 141: "wesp", 142: "rohc", 143: "ethernet",
}

var protocolNumbers = func() map[string]uint64 {
	numbers := map[string]uint64{}
	for number, names := range protocolNames {
		for _, name := range strings.Fields(names) {
			numbers[name] = uint64(number)
		}
	}
	return numbers
}()

func parseProto(word string) (uint64, bool) {
	v, ok := protocolNumbers[word]
	return v, ok
}

func formatProto(v uint64) string {
	if v < uint64(len(protocolNames)) && protocolNames[v] != "" {
		name, _, _ := strings.Cut(protocolNames[v], " ")
		return name
	}
	return strconv.FormatUint(v, 10)
}
