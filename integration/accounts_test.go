package integration

import "net/netip"

// account is one account of a unit's ledger.
type account struct{ received, kept int64 }

// book holds the accounts of one unit by "hop kind" and exporter.
type book map[string]map[netip.Addr]account

func (b book) of(hopAndKind string, exporter netip.Addr) account { return b[hopAndKind][exporter] }

// books returns the accounts by name of every unit that answers.
func (d *deployment) books() (map[string]book, error) {
	units, err := d.unitLedgers()
	if err != nil {
		return nil, err
	}
	books := map[string]book{}
	for _, u := range units {
		if u.Error != "" {
			continue
		}
		b := book{}
		for _, e := range u.Entries {
			exporter, err := netip.ParseAddr(e.Exporter)
			if err != nil {
				continue // nobody's
			}
			k := e.Hop + " " + e.Kind
			if b[k] == nil {
				b[k] = map[netip.Addr]account{}
			}
			a := b[k][exporter]
			b[k][exporter] = account{a.received + integer(e.Received), a.kept + integer(e.Kept)}
		}
		books[u.Name] = b
	}
	return books, nil
}

// stored returns how many records of each exporter a unit has stored.
func (d *deployment) stored(unit string, sent load) map[string]int64 {
	d.t.Helper()
	books, err := d.books()
	if err != nil {
		d.t.Fatal(err)
	}
	counts := map[string]int64{}
	for exporter := range sent {
		counts[exporter.String()] = books[unit].of("store records", exporter).kept
	}
	return counts
}
