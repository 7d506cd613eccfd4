package template

import (
	"bytes"
	"slices"
)

const (
	// maxData bounds the options data kept with one template: the samplers or
	// sampled interfaces of a large router.
	maxData = 64 << 10

	// maxRecords bounds their number.
	maxRecords = 4096
)

// KeepData keeps copies of the newest options data of the template of k in
// place of earlier ones, so that they are known after a restart. Beyond the
// bounds the oldest, which come first, are left out.
func (s *Store) KeepData(k Key, records [][]byte) {
	records = newest(records)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[k]
	if e == nil || !e.template.Options || slices.EqualFunc(e.data, records, bytes.Equal) {
		return
	}
	s.octets -= e.octets()
	e.data = make([][]byte, len(records))
	for i, record := range records {
		e.data[i] = bytes.Clone(record)
	}
	s.octets += e.octets()
	s.changes++
	for s.octets > maxOctets && s.byAge.Len() > 1 {
		s.evictLocked(&s.byAge)
	}
}

// Data returns the options data that KeepData has kept. They are not to be
// changed.
func (s *Store) Data(k Key) [][]byte {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if e := s.entries[k]; e != nil {
		return e.data
	}
	return nil
}

// newest returns the last records that the bounds allow.
func newest(records [][]byte) [][]byte {
	octets, from := 0, len(records)
	for from > 0 && len(records)-from < maxRecords && octets+len(records[from-1]) <= maxData {
		from--
		octets += len(records[from])
	}
	return records[from:]
}
