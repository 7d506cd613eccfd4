package sampling

// Move files the rates of every domain under other ones: to returns those of
// a domain. Of two rates that come to hold for the same one of them stays.
// Rates that were handed out before hold no longer.
func (t *Table) Move(to func(Domain) []Domain) {
	t.mu.Lock()
	defer t.mu.Unlock()
	moved := make(map[Domain]*Rates, len(t.domains))
	for d, r := range t.domains {
		for _, next := range to(d) {
			if moved[next] == nil {
				moved[next] = newRates()
			}
			moved[next].learnAll(r)
		}
	}
	t.replaceLocked(moved)
	t.changes.Add(1)
}

// learnAll learns what other knows.
func (r *Rates) learnAll(other *Rates) {
	other.mu.RLock()
	defer other.mu.RUnlock()
	if other.all != 0 {
		r.learn(scoped{All, 0}, other.all)
	}
	for s, rate := range other.narrow {
		r.learn(s, rate)
	}
	if other.systemInit != 0 {
		r.mu.Lock()
		r.systemInit = other.systemInit
		r.mu.Unlock()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, selectors := range other.sequences {
		r.addSequenceLocked(id, selectors)
	}
}
