package group

import "example.com/weir/flowio/flow"

// A key of both ends (addr, port, as, if) has the value of the source and that
// of the destination of a record: the record counts in the group of each end,
// once if both are the same group. With several such keys an end is a
// combination of theirs: addr,port is an address and its own port. What all
// records sum up to is therefore not what all groups do, and is summed apart.

// eitherKeys are the keys of both ends, by the name that requests use.
var eitherKeys = []struct {
	name     string
	src, dst flow.Field
}{
	{"addr", flow.SrcAddr, flow.DstAddr},
	{"port", flow.SrcPort, flow.DstPort},
	{"as", flow.SrcAS, flow.DstAS},
	{"if", flow.InIf, flow.OutIf},
}

// At returns the field that a key has at an end: 0 is the source, 1 the
// destination.
func (k Key) At(end int) flow.Field {
	if k.Either && end == 1 {
		for _, e := range eitherKeys {
			if e.src == k.Field {
				return e.dst
			}
		}
	}
	return k.Field
}

// Name is what requests call the field, or the fields, of a key.
func (k Key) Name() string {
	if k.Either {
		for _, e := range eitherKeys {
			if e.src == k.Field {
				return e.name
			}
		}
	}
	return k.Field.String()
}

// EitherKeys returns the keys of both ends.
func EitherKeys() (all []Key) {
	for _, e := range eitherKeys {
		all = append(all, Key{Field: e.src, Either: true, Bits4: 32, Bits6: 128})
	}
	return all
}
