package filter

// Replace returns the filter with every scope replaced by a filter that says
// which flows belong to it, typically for those of one source group. The first
// error of by is returned.
func (e *Expr) Replace(by func(Scope) (*Expr, error)) (*Expr, error) {
	var failure error
	root := rewrite(e.root, func(n node) node {
		t, ok := n.(scopeTerm)
		if !ok {
			return n
		}
		in, err := by(t.Scope)
		if err != nil {
			if failure == nil {
				failure = err
			}
			return always(false)
		}
		return in.root
	})
	if failure != nil {
		return nil, failure
	}
	return newExpr(root), nil
}

// And returns the filter that matches what both do.
func (e *Expr) And(other *Expr) *Expr { return newExpr(simplify(true, []node{e.root, other.root})) }
