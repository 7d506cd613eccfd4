package filter

import (
	"errors"
	"fmt"
	"math/bits"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"example.com/weir/flowio/flow"
)

// parseSpan reads an item of a list of numbers: 80 or 1000-2000.
func parseSpan(q *quantity, t token) (span, error) {
	low, high, isRange := strings.Cut(t.text, "-")
	if !isRange || q.parse != nil {
		v, err := parseNumber(q, t)
		return span{v, v}, err
	}
	lo, err := parseNumber(q, token{kind: tokenWord, text: low, raw: low, offset: t.offset, length: len(low)})
	if err != nil {
		return span{}, err
	}
	hi, err := parseNumber(q, token{kind: tokenWord, text: high, raw: high, offset: t.offset + len(low) + 1, length: len(high)})
	if err != nil {
		return span{}, err
	}
	if hi < lo {
		return span{}, wrong(t, "range ends before it starts")
	}
	return span{lo, hi}, nil
}

// parseNumber reads a number of the quantity's range, or one of its names.
func parseNumber(q *quantity, t token) (uint64, error) {
	expected := "number"
	if q.parse != nil {
		expected = q.expected
	}
	if t.kind != tokenWord {
		return 0, (*parser)(nil).unexpected(t, expected)
	}
	if q.parse != nil {
		if v, ok := q.parse(t.text); ok {
			return v, nil
		}
	}
	v, err := readNumber(t.text)
	switch {
	case errors.Is(err, strconv.ErrRange) || err == nil && v > q.max:
		return 0, wrong(t, "%s is beyond the greatest %s, %d", t.raw, q.word, q.max)
	case err != nil:
		return 0, noNumber(q, t, expected)
	}
	return v, nil
}

func noNumber(q *quantity, t token, expected string) error {
	e := &SyntaxError{Offset: t.offset, Length: t.length, Msg: fmt.Sprintf("%q is not a %s", t.raw, expected), Expected: []string{expected}}
	if meant := nearestWord(t.text, q.names); meant != "" {
		e.Msg += ", did you mean " + meant + "?"
	}
	return e
}

// readNumber reads a decimal number, leading zeros or not, that k, m, g or t
// may follow, or a hexadecimal one.
func readNumber(text string) (uint64, error) {
	if digits, ok := strings.CutPrefix(text, "0x"); ok {
		return strconv.ParseUint(digits, 16, 64)
	}
	digits, factor := text, uint64(1)
	if f, ok := unitFactors[text[max(0, len(text)-1):]]; ok {
		digits, factor = text[:len(text)-1], f
	}
	v, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return 0, err
	}
	over, product := bits.Mul64(v, factor)
	if over != 0 {
		return 0, strconv.ErrRange
	}
	return product, nil
}

var unitFactors = map[string]uint64{"k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}

// parseNetwork reads an address, a prefix, or an abbreviated IPv4 prefix.
func parseNetwork(t token) (network, error) {
	if t.kind != tokenWord {
		return network{}, (*parser)(nil).unexpected(t, "address")
	}
	address, length, isPrefix := strings.Cut(t.text, "/")
	if !isPrefix {
		a, err := netip.ParseAddr(address)
		if err != nil || a.Zone() != "" {
			return network{}, wrong(t, "%q is not an IP address; names are not looked up", t.raw)
		}
		a = a.Unmap()
		return networkOf(netip.PrefixFrom(a, a.BitLen())), nil
	}
	a, err := netip.ParseAddr(completeIPv4(address))
	if err != nil || a.Zone() != "" {
		return network{}, wrong(t, "%q is not an IP network", t.raw)
	}
	bits, err := strconv.ParseUint(length, 10, 8)
	if err != nil || int(bits) > a.BitLen() {
		return network{}, wrong(t, "prefix length %q is not within 0 to %d", length, a.BitLen())
	}
	return networkOf(netip.PrefixFrom(a, int(bits))), nil
}

// completeIPv4 appends the octets that an abbreviated network leaves out.
func completeIPv4(address string) string {
	dots := strings.Count(address, ".")
	if dots >= 3 || strings.Contains(address, ":") {
		return address
	}
	return address + strings.Repeat(".0", 3-dots)
}

// netmask reads the mask of "net address mask". Masks with gaps are allowed:
// they are how address plans that number by the last octet are asked for.
func (p *parser) netmask(n network) (network, error) {
	t := p.take()
	mask, err := netip.ParseAddr(t.text)
	if t.kind != tokenWord || err != nil || mask.Zone() != "" {
		return network{}, p.unexpected(t, "/prefix length", "netmask")
	}
	if mask.Is4() != strings.Contains(n.name, ".") {
		return network{}, wrong(t, "address and netmask are of different families")
	}
	a := flow.AddrFrom(mask)
	m := split(&a)
	if mask.Is4() {
		m = u128{^uint64(0), 0xffffffff<<32 | m.lo}
	}
	n.mask, n.value, n.host = m, n.value.and(m), false
	return nameNetwork(n, mask.Is4()), nil
}

// nameNetwork gives n its normal name: a prefix if its mask is one.
func nameNetwork(n network, four bool) network {
	address := n.value.addr().Netip()
	if !four {
		address = netip.AddrFrom16(n.value.addr())
	}
	ones := bits.LeadingZeros64(^n.mask.hi)
	if ones == 64 {
		ones += bits.LeadingZeros64(^n.mask.lo)
	}
	if maskBits(ones) == n.mask {
		if four {
			ones -= 96
		}
		return networkOf(netip.PrefixFrom(address, ones))
	}
	mask := n.mask.addr()
	name := netip.AddrFrom16(mask).String()
	if four {
		name = netip.AddrFrom4([4]byte(mask[12:])).String()
	}
	n.name = address.String() + " " + name
	return n
}

// parseMAC reads six octets of one or two hexadecimal digits.
func parseMAC(word string) (v uint64, ok bool) {
	octets := strings.FieldsFunc(word, func(r rune) bool { return r == ':' || r == '-' })
	if len(octets) != 6 || strings.Count(word, ":")+strings.Count(word, "-") != 5 {
		return 0, false
	}
	for _, text := range octets {
		octet, err := strconv.ParseUint(text, 16, 8)
		if err != nil || len(text) > 2 {
			return 0, false
		}
		v = v<<8 | octet
	}
	return v, true
}

func formatMAC(v uint64) string {
	return net.HardwareAddr{byte(v >> 40), byte(v >> 32), byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}.String()
}

var directionNames = []string{"ingress", "egress"}

func parseDirection(word string) (uint64, bool) {
	switch word {
	case "ingress":
		return 0, true
	case "egress":
		return 1, true
	}
	return 0, false
}
