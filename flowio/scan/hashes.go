package scan

import (
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/group"
)

// dictionaryHashes are the hashes that uniq counts, of the entries of the
// dictionaries of a source: rows repeat them. Nil: not made.
type dictionaryHashes [flow.NumFields][]uint64

// hashesOf returns the hashes of a column's dictionary, nil if it has none.
func (s *segmentScanner) hashesOf(f flow.Field) []uint64 {
	if s.hashed[f] == nil {
		if d, ok := s.columns.Dictionary(f); ok {
			s.hashed[f] = d.hashes()
		}
	}
	return s.hashed[f]
}

func (d Dictionary) hashes() []uint64 {
	out := make([]uint64, d.Len())
	if d.IDs == nil {
		for i, v := range d.Numbers {
			out[i] = group.Hash(v)
		}
		return out
	}
	addrs := make([]flow.Addr, len(d.IDs))
	d.Names.Addrs(d.IDs, addrs)
	for i := range addrs {
		out[i] = group.HashAddr(&addrs[i])
	}
	return out
}
