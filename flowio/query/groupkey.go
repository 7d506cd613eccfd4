package query

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"example.com/weir/flowio/flow"
)

// GroupKey is a field to group by. Addresses may be cut to networks:
//
//	srcAddr         whole addresses
//	srcAddr/24      IPv4 networks of 24 bits, IPv6 addresses whole
//	srcAddr/48      IPv6 networks of 48 bits, IPv4 addresses whole
//	srcAddr/24/48   both
//
// Either is a key of both ends of a record: addr, port, as and if.
type GroupKey struct {
	Field  flow.Field // of Either, the source's
	Either bool
	Bits4  int // of IPv4 addresses, 32 = whole
	Bits6  int // of IPv6 addresses, 128 = whole
}

// ParseGroupKey reads a group key as requests write it.
func ParseGroupKey(text string) (GroupKey, error) {
	name, lengths, cut := strings.Cut(strings.TrimSpace(text), "/")
	key := GroupKey{Bits4: 32, Bits6: 128}
	for _, e := range eitherKeys {
		if strings.EqualFold(e.name, name) {
			key.Field, key.Either = e.src, true
		}
	}
	if !key.Either {
		f, err := parseField(name)
		if err != nil {
			return GroupKey{}, err
		}
		key.Field = f
	}
	if !cut {
		return key, nil
	}
	if !key.Field.IsAddr() {
		return GroupKey{}, fmt.Errorf("%s is no address: it takes no prefix length", key.name())
	}
	return key.cut(text, strings.Split(lengths, "/"))
}

func (k GroupKey) cut(text string, lengths []string) (GroupKey, error) {
	bad := fmt.Errorf("prefix lengths of %q: write %s/24 (IPv4), %[2]s/48 (IPv6) or %[2]s/24/48", text, k.name())
	n, err := strconv.ParseUint(lengths[0], 10, 8)
	if err != nil || n > 128 || len(lengths) > 2 {
		return GroupKey{}, bad
	}
	if len(lengths) == 1 && n > 32 {
		k.Bits6 = int(n)
		return k, nil
	}
	k.Bits4 = int(n)
	if len(lengths) == 2 {
		six, err := strconv.ParseUint(lengths[1], 10, 8)
		if err != nil || six > 128 || n > 32 {
			return GroupKey{}, bad
		}
		k.Bits6 = int(six)
	}
	return k, nil
}

// String returns the key as requests write it.
func (k GroupKey) String() string {
	switch {
	case k.whole():
		return k.name()
	case k.Bits6 == 128:
		return fmt.Sprintf("%s/%d", k.name(), k.Bits4)
	case k.Bits4 == 32 && k.Bits6 > 32:
		return fmt.Sprintf("%s/%d", k.name(), k.Bits6)
	}
	return fmt.Sprintf("%s/%d/%d", k.name(), k.Bits4, k.Bits6)
}

// MarshalText writes the key as requests do.
func (k GroupKey) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (k *GroupKey) UnmarshalText(text []byte) (err error) {
	*k, err = ParseGroupKey(string(text))
	return err
}

func (k GroupKey) whole() bool { return !k.Field.IsAddr() || k.Bits4 == 32 && k.Bits6 == 128 }

// v4high is the upper half of the lower half of a v4-mapped address.
const v4high = 0xffff << 32

// masks returns what to keep of an IPv4 address's lower eight octets, and of
// both halves of an IPv6 address.
func (k GroupKey) masks() (four, high, low uint64) {
	four = v4high | 0xffffffff&^(1<<(32-k.Bits4)-1)
	if k.Bits6 <= 64 {
		return four, ^uint64(0) << (64 - k.Bits6), 0
	}
	return four, ^uint64(0), ^uint64(0) << (128 - k.Bits6)
}

// addrOf returns the address in two words of a key.
func addrOf(words []uint64) (a flow.Addr) {
	binary.BigEndian.PutUint64(a[:8], words[0])
	binary.BigEndian.PutUint64(a[8:], words[1])
	return a
}

// value returns a key's address as a Result shows it: the network if the
// address was cut.
func (k GroupKey) value(hi, lo uint64) any {
	a := addrOf([]uint64{hi, lo})
	if a == (flow.Addr{}) {
		return noAddr(k.Field)
	}
	if k.Bits6 < 128 && !a.Is4() {
		a[15] &^= cutMark
	}
	ip := netip.AddrFrom16(a).Unmap()
	switch {
	case ip.Is4() && k.Bits4 < 32:
		return fmt.Sprintf("%s/%d", ip, k.Bits4)
	case !ip.Is4() && k.Bits6 < 128:
		return fmt.Sprintf("%s/%d", ip, k.Bits6)
	}
	return ip.String()
}
