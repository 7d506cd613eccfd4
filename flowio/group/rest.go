package group

// Rest is what a Partial sums up without holding its groups, see flowio/scan.
type Rest struct {
	Sums      []uint64 // in the order of the groups' sums
	Groups    uint64   // how many there are
	Estimated bool     // Groups is an estimate, with a standard error of 0.8 % of all groups
}

// Rest returns what p does not hold; nil if it holds everything.
func (p *Partial) Rest() *Rest { return p.rest }

// AddRest adds groups that are not held. It copies r.
func (p *Partial) AddRest(r *Rest) {
	if r == nil {
		return
	}
	if p.rest == nil {
		p.rest = &Rest{Sums: make([]uint64, p.layout.Sums)}
	}
	p.layout.Fold(p.rest.Sums, r.Sums)
	p.rest.Groups += r.Groups
	p.rest.Estimated = p.rest.Estimated || r.Estimated
}

// AllGroups returns how many groups there are, held or not, and whether that
// is an estimate.
func (p *Partial) AllGroups() (n uint64, estimated bool) {
	n = uint64(p.table.n)
	if p.rest != nil {
		n, estimated = n+p.rest.Groups, p.rest.Estimated
	}
	return n, estimated
}
