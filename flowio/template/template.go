// Package template knows the templates of NetFlow v9 and IPFIX: it reads and
// writes them, splits the data sets that they describe into records, and
// remembers them per exporter in a bounded Store that also parks data which
// came before its template.
//
// It does not know what a field means (flowio/ie) or where its value goes
// (flowio/decode).
package template

import (
	"encoding/binary"
	"fmt"
	"iter"
)

// VarLen is the field length that announces a value with a length of its own
// (RFC 7011 section 7). Some NetFlow v9 exporters use it too.
const VarLen = 65535

// MinID is the smallest template ID; set IDs below it have other meanings.
const MinID = 256

// Field is a field specifier. In a scope field of a NetFlow v9 options
// template, Element is one of the scope types of RFC 3954 section 6.1.
type Field struct {
	Enterprise      uint32 // 0 for the elements of the IANA registry
	Element, Length uint16
}

// Template is the layout of the records of a data set.
type Template struct {
	ID     uint16
	Scope  int // number of scope fields at the start; 0 for a data template
	Fields []Field
	MinLen int  // shortest record in octets, never 0
	Fixed  bool // every record has MinLen octets

	// Options tells an options template without scope, which RFC 7011 forbids
	// and which exists, from a data template.
	Options bool
}

// New returns the template with the given fields.
func New(id uint16, scope int, fields []Field) *Template {
	t := &Template{ID: id, Scope: scope, Fields: fields, Options: scope > 0}
	t.measure()
	return t
}

func (t *Template) measure() {
	t.MinLen, t.Fixed = 0, true
	for _, f := range t.Fields {
		if f.Length == VarLen {
			t.MinLen++
			t.Fixed = false
		} else {
			t.MinLen += int(f.Length)
		}
	}
}

// Equal reports whether t and o describe the same layout under the same ID.
func (t *Template) Equal(o *Template) bool {
	if t.ID != o.ID || t.Scope != o.Scope || t.Options != o.Options || len(t.Fields) != len(o.Fields) {
		return false
	}
	for i, f := range t.Fields {
		if f != o.Fields[i] {
			return false
		}
	}
	return true
}

// Records splits the body of a data set into records. Fewer octets than the
// shortest record are padding. A value that runs past the set ends the walk
// with an error.
func (t *Template) Records(body []byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for {
			record, rest, err := t.Next(body)
			if record == nil && err == nil || !yield(record, err) || err != nil {
				return
			}
			body = rest
		}
	}
}

// Next is one step of Records: it splits the first record off body. The
// record is nil if there is none left.
func (t *Template) Next(body []byte) (record, rest []byte, err error) {
	if t.MinLen == 0 || len(body) < t.MinLen {
		return nil, nil, nil
	}
	n := t.MinLen
	if !t.Fixed {
		if n, err = t.recordLen(body); err != nil {
			return nil, nil, err
		}
	}
	return body[:n:n], body[n:], nil
}

// Count returns the number of whole records in the body of a data set.
func (t *Template) Count(body []byte) int {
	if t.Fixed && t.MinLen > 0 {
		return len(body) / t.MinLen
	}
	n := 0
	for _, err := range t.Records(body) {
		if err == nil {
			n++
		}
	}
	return n
}

// recordLen returns the length of the record at the start of body.
func (t *Template) recordLen(body []byte) (int, error) {
	at := 0
	for i, f := range t.Fields {
		start, n := FieldSpan(body, at, f.Length)
		if n < 0 {
			return 0, fmt.Errorf("%w: value of field %d of template %d runs past the set", ErrMalformed, i, t.ID)
		}
		at = start + n
	}
	return at, nil
}

// FieldSpan returns where the value of a field with the given length starts
// and how many octets it has, for a field specifier met at offset at of body.
// n is -1 if the value does not fit into body.
func FieldSpan(body []byte, at int, length uint16) (start, n int) {
	start, n = at, int(length)
	if length == VarLen {
		if start >= len(body) {
			return start, -1
		}
		n = int(body[start])
		start++
		if n == 255 { // the length follows in two octets
			if start+2 > len(body) {
				return start, -1
			}
			n = int(binary.BigEndian.Uint16(body[start:]))
			start += 2
		}
	}
	if start+n > len(body) {
		return start, -1
	}
	return start, n
}
