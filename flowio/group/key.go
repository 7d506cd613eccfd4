package group

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"example.com/weir/flowio/flow"
)

// Key is a field, or two, to group by. Addresses may be cut to networks:
//
//	srcAddr         whole addresses
//	srcAddr/24      IPv4 networks of 24 bits, IPv6 addresses whole
//	srcAddr/48      IPv6 networks of 48 bits, IPv4 addresses whole
//	srcAddr/24/48   both
//
// Either is a key of both ends of a record: addr, port, as and if.
type Key struct {
	Field  flow.Field // of Either, the source's
	Either bool
	Bits4  int // of IPv4 addresses, 32 = whole
	Bits6  int // of IPv6 addresses, 128 = whole
}

// ParseKey reads a group key as requests write it.
func ParseKey(text string) (Key, error) {
	name, lengths, cut := strings.Cut(strings.TrimSpace(text), "/")
	key := Key{Bits4: 32, Bits6: 128}
	for _, e := range eitherKeys {
		if strings.EqualFold(e.name, name) {
			key.Field, key.Either = e.src, true
		}
	}
	if !key.Either {
		f, err := ParseField(name)
		if err != nil {
			return Key{}, err
		}
		key.Field = f
	}
	if !cut {
		return key, nil
	}
	if !key.Field.IsAddr() {
		return Key{}, fmt.Errorf("%s is no address: it takes no prefix length", key.Name())
	}
	return key.cut(text, strings.Split(lengths, "/"))
}

func (k Key) cut(text string, lengths []string) (Key, error) {
	bad := fmt.Errorf("prefix lengths of %q: write %s/24 (IPv4), %[2]s/48 (IPv6) or %[2]s/24/48", text, k.Name())
	n, err := strconv.ParseUint(lengths[0], 10, 8)
	if err != nil || n > 128 || len(lengths) > 2 {
		return Key{}, bad
	}
	if len(lengths) == 1 && n > 32 {
		k.Bits6 = int(n)
		return k, nil
	}
	k.Bits4 = int(n)
	if len(lengths) == 2 {
		six, err := strconv.ParseUint(lengths[1], 10, 8)
		if err != nil || six > 128 || n > 32 {
			return Key{}, bad
		}
		k.Bits6 = int(six)
	}
	return k, nil
}

// String returns the key as requests write it.
func (k Key) String() string {
	switch {
	case k.Whole():
		return k.Name()
	case k.Bits6 == 128:
		return fmt.Sprintf("%s/%d", k.Name(), k.Bits4)
	case k.Bits4 == 32 && k.Bits6 > 32:
		return fmt.Sprintf("%s/%d", k.Name(), k.Bits6)
	}
	return fmt.Sprintf("%s/%d/%d", k.Name(), k.Bits4, k.Bits6)
}

// MarshalText writes the key as requests do.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (k *Key) UnmarshalText(text []byte) (err error) {
	*k, err = ParseKey(string(text))
	return err
}

// Whole reports whether values are grouped by as they are: they are no
// addresses, or are not cut.
func (k Key) Whole() bool { return !k.Field.IsAddr() || k.Bits4 == 32 && k.Bits6 == 128 }

// v4high is the upper half of the lower half of a v4-mapped address.
const v4high = 0xffff << 32

// masks returns what to keep of an IPv4 address's lower eight octets, and of
// both halves of an IPv6 address.
func (k Key) masks() (four, high, low uint64) {
	four = v4high | 0xffffffff&^(1<<(32-k.Bits4)-1)
	if k.Bits6 <= 64 {
		return four, ^uint64(0) << (64 - k.Bits6), 0
	}
	return four, ^uint64(0), ^uint64(0) << (128 - k.Bits6)
}

// AddrOf returns the address in the two words of a key, or that of the network
// it was cut to; false if the record had none.
func (k Key) AddrOf(words []uint64) (a flow.Addr, ok bool) {
	binary.BigEndian.PutUint64(a[:8], words[0])
	binary.BigEndian.PutUint64(a[8:], words[1])
	if a == (flow.Addr{}) {
		return a, false
	}
	if k.Bits6 < 128 && !a.Is4() {
		a[15] &^= cutMark
	}
	return a, true
}
