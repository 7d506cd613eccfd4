package template

// Move files every template, and the data sets that wait for one, under other
// keys: to returns those of a key. Of two templates that come under one key
// the one announced last stays; sets that wait go under the first key, and are
// released when its template is announced again.
func (s *Store) Move(to func(Key) []Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var entries []*entry
	for at := s.byAge.Front(); at != nil; at = at.Next() {
		entries = append(entries, at.Value.(*entry))
	}
	for _, e := range entries {
		s.removeLocked(e)
	}
	for _, e := range entries { // announced longest ago first
		for _, k := range to(e.key) {
			if old := s.entries[k]; old != nil {
				s.removeLocked(old)
			}
			s.insertLocked(&entry{key: k, template: e.template, announced: e.announced, data: e.data})
		}
	}
	s.parking.move(to)
}

// move files the sets under the first of their other keys.
func (l *parking) move(to func(Key) []Key) {
	clear(l.sets)
	for at := l.order.Front(); at != nil; at = at.Next() {
		set := at.Value.(parked)
		if keys := to(set.key); len(keys) > 0 {
			set.key = keys[0]
		}
		at.Value = set
		l.sets[set.key] = append(l.sets[set.key], at)
	}
}
