package query

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"

	"example.com/weir/flowio/flow"
)

// A list of flows is paged by key, not by number, so that records that arrive
// in between move no page: the next page begins behind the last record of the
// one before. Records have no identity, so the key is all that a list shows
// and orders by. Of records that are equal in all of that it does not matter
// which is which, and the mark says how many of them have been shown.
//
// As text a mark is, in base64 (RFC 4648, for URLs, not padded):
//
//	octet    1, the version
//	8 octets of the SHA-256 of the question, see pageTag
//	varint   from, to: Unix milliseconds, as the first page resolved them
//	uvarint  records shown that are like this one
//	         for each column of the list, in the order of flow.Field: a number
//	         as uvarint, an address as its 16 octets

// pageMark is where a page of a list begins.
type pageMark struct {
	from, to int64
	row      *flow.Batch // one record
	shown    int         // records like it that earlier pages have
}

const (
	pageMarkVersion = 1
	pageTagSize     = 8

	// maxAlike bounds how many records that are alike, to the millisecond, are
	// told apart by their number.
	maxAlike = 100_000
)

var (
	errNoMark    = errors.New("the cursor is not one of ours: take next of the page before as it is")
	errOtherMark = errors.New("the cursor belongs to another question: filter, columns, order, channels, source groups and scaling must stay as they were")
	errAlike     = errors.New("more than 100000 flows of one millisecond are the same in all columns shown: show more columns")
)

// pageTag says which question a mark belongs to. Limit and times may change:
// the times are in the mark.
func (p *Plan) pageTag() []byte {
	question := Plan{
		Kind: p.Kind, Filter: p.Filter, Profile: p.Profile, Channels: p.Channels, SourceGroups: p.SourceGroups,
		GroupBy: p.GroupBy, OrderBy: p.OrderBy, Ascending: p.Ascending, Scaled: p.Scaled,
	}
	text, err := json.Marshal(&question)
	if err != nil {
		return make([]byte, pageTagSize) // nothing in it can fail
	}
	sum := sha256.Sum256(text)
	return sum[:pageTagSize]
}

// markText returns the mark behind the record row, of which as many as shown
// were shown.
func (p *Plan) markText(row *flow.Batch, shown int) string {
	raw := append([]byte{pageMarkVersion}, p.Question...)
	raw = binary.AppendVarint(binary.AppendVarint(raw, p.From), p.To)
	raw = binary.AppendUvarint(raw, uint64(shown))
	for f := range p.layout.fields.All {
		if f.IsAddr() {
			raw = append(raw, row.Addr(f)[0][:]...)
		} else {
			raw = binary.AppendUvarint(raw, row.Num(f)[0])
		}
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// openMark begins to read a mark: what does not depend on the columns.
func openMark(text string) (m pageMark, tag []byte, r reader, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) < 1+pageTagSize || raw[0] != pageMarkVersion {
		return m, nil, r, errNoMark
	}
	tag, r.rest = raw[1:1+pageTagSize], raw[1+pageTagSize:]
	m.from, m.to = r.varint(), r.varint()
	shown := r.uvarint()
	m.shown = int(shown)
	if r.bad || m.from >= m.to || shown == 0 || shown > maxAlike {
		return m, nil, r, errNoMark
	}
	return m, tag, r, nil
}

// readMark reads a mark of p, whose columns are known.
func (p *Plan) readMark(text string) (*pageMark, error) {
	m, tag, r, err := openMark(text)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(tag, p.Question) {
		return nil, errOtherMark
	}
	m.row = flow.NewBatch(p.layout.fields)
	m.row.Extend(1)
	for f := range p.layout.fields.All {
		if f.IsAddr() {
			copy(m.row.Addr(f)[0][:], r.take(len(flow.Addr{})))
		} else {
			m.row.Num(f)[0] = r.uvarint()
		}
	}
	if r.bad || len(r.rest) > 0 {
		return nil, errNoMark
	}
	return &m, nil
}

// takeMark is the part of prepare about the cursor.
func (p *Plan) takeMark(problems *problems) {
	if p.Cursor == "" {
		return
	}
	if p.Kind != Flows {
		problems.add("/cursor", "only flows have pages by cursor")
		return
	}
	mark, err := p.readMark(p.Cursor)
	if err != nil {
		problems.add("/cursor", "%s", err)
		return
	}
	p.mark = mark
}

// rows is how many records a unit gives for a page: those to show, those that
// the page before has of the records like its last one, and one more, which
// says that there is another page.
func (p *Plan) rows() int {
	n := p.Limit + 1
	if p.mark != nil {
		n += p.mark.shown
	}
	return n
}

// onward returns p for a unit: without the times before the page begins, if
// the list is in order of time. It is false if nothing is left.
func (p *Plan) onward() (*Plan, bool) {
	if p.mark == nil || p.orderField != flow.Time {
		return p, true
	}
	at := int64(p.mark.row.Num(flow.Time)[0])
	rest := *p
	if p.Ascending {
		rest.From = max(p.From, at)
	} else {
		rest.To = min(p.To, at+1)
	}
	if len(p.Only) > 0 {
		rest.Only = nil
		for _, s := range p.Only {
			if s.From, s.To = max(s.From, rest.From), min(s.To, rest.To); s.From < s.To {
				rest.Only = append(rest.Only, s)
			}
		}
		return &rest, len(rest.Only) > 0
	}
	return &rest, rest.From < rest.To
}

// isShown reports whether record i of b comes before the page.
func (p *Plan) isShown(b *flow.Batch, i int) bool {
	return p.mark != nil && p.before(b, i, p.mark.row, 0) < 0
}

// before compares records in the plan's order: by its field, of equals the
// earlier first, then by all columns of the list. Records that are equal then
// look the same.
func (p *Plan) before(a *flow.Batch, i int, b *flow.Batch, j int) int {
	if c := p.beforeTie(a, i, b, j); c != 0 {
		return c
	}
	for _, f := range p.ties {
		var c int
		if f.IsAddr() {
			x, y := &a.Addr(f)[i], &b.Addr(f)[j]
			c = bytes.Compare(x[:], y[:])
		} else {
			c = cmp.Compare(a.Num(f)[i], b.Num(f)[j])
		}
		if c != 0 {
			return c
		}
	}
	return 0
}

// setTies lists the columns that before looks at last.
func (p *Plan) setTies() {
	p.ties = nil
	for f := range p.layout.fields.All {
		if f != flow.Time && f != p.orderField {
			p.ties = append(p.ties, f)
		}
	}
}
