package flowstore

// Stats is the state of a store at one moment.
type Stats struct {
	Rows     uint64 // records that a View of all time has
	OpenRows uint64 // of those, the ones not in a segment yet
	Bytes    int64  // octets of segments
	Segments int    // sealed
	Sealing  int    // full, on their way to disk
	Oldest   int64  // smallest time of a record, Unix milliseconds; 0 if there is none
	Newest   int64  // largest

	Limits        // in force
	Minimum int64 // octets of the newest segment, which no quota removes
	Free    int64 // octets of the file system beside the reserve; 0 if nobody knows

	Appended       uint64 // records taken since Open
	Refused        uint64 // records that Append did not take since Open
	Recovered      uint64 // records that Open found in journals
	LostAtRecovery uint64 // records that Open saw in journals but could not read; a lower bound
	Removed        uint64 // segments removed by retention since Open
	MadeRoom       uint64 // of those, the ones that had to go for want of disk space
	Aged           uint64 // segments that were written anew since Open
	SealErrors     uint64
	SyncErrors     uint64

	Newer      int   // segments of a newer version, which are left out of answers
	Damaged    int   // segments of which reads met unreadable pages since Open
	Unreadable []Gap // segments and ends of journals that Open could not read; at most maxGaps
	Full       error // why Append refuses; nil while it takes records
}

// maxGaps bounds the list of what could not be read, which is for people.
const maxGaps = 256

type counts struct {
	appended, refused, recovered, lost, removed, madeRoom, aged, sealErrors, syncErrors uint64
}

// Stats returns the state of the store.
func (s *Store) Stats() Stats {
	free, err := s.disk.free(s.dir)
	if err != nil {
		free = 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Stats{
		Limits: s.limits, Free: max(0, free-s.cfg.Reserve),
		Segments: len(s.segments), Sealing: len(s.sealing),
		Appended: s.counts.appended, Refused: s.counts.refused, Recovered: s.counts.recovered,
		LostAtRecovery: s.counts.lost, Removed: s.counts.removed, MadeRoom: s.counts.madeRoom, Aged: s.counts.aged,
		SealErrors: s.counts.sealErrors, SyncErrors: s.counts.syncErrors,
		Unreadable: append([]Gap(nil), s.gaps...), Full: s.full,
	}
	newest := int64(0)
	for _, seg := range s.segments {
		st.Bytes += seg.bytes
		if seg.maxTime >= newest {
			newest, st.Minimum = seg.maxTime, seg.bytes
		}
		if seg.isDamaged {
			st.Damaged++
		}
		if seg.isNewer {
			st.Newer++
		}
		if seg.broken != "" {
			if len(st.Unreadable) < maxGaps {
				st.Unreadable = append(st.Unreadable, seg.gap())
			}
			continue
		}
		st.Rows += uint64(seg.rows)
		st.span(seg.minTime, seg.maxTime)
	}
	for _, g := range append(s.sealing[:len(s.sealing):len(s.sealing)], s.open) {
		for _, b := range g.builders() {
			if b.rows > 0 {
				st.OpenRows += uint64(b.rows)
				st.span(b.minTime, b.maxTime)
			}
		}
	}
	st.Rows += st.OpenRows
	return st
}

func (st *Stats) span(from, to int64) {
	if st.Newest == 0 && st.Oldest == 0 {
		st.Oldest, st.Newest = from, to
	}
	st.Oldest, st.Newest = min(st.Oldest, from), max(st.Newest, to)
}
