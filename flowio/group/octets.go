package group

// reader cuts values off the front of rest; bad is set, and stays, once one
// is not there.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) octet() byte {
	if len(r.rest) == 0 {
		r.bad = true
		return 0
	}
	o := r.rest[0]
	r.rest = r.rest[1:]
	return o
}

func (r *reader) uvarint() uint64 {
	v, rest, ok := uvarint(r.rest)
	if !ok {
		r.bad = true
		return 0
	}
	r.rest = rest
	return v
}

func (r *reader) sketch(kind MetricKind) sketch {
	s, rest, err := readSketch(r.rest, kind)
	if err != nil {
		r.bad = true
		return sketch{}
	}
	r.rest = rest
	return s
}
