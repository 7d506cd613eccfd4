package template

import (
	"encoding/binary"
	"fmt"
)

// Format tells the two wire forms of templates apart.
type Format uint8

// The formats that have templates. The values are the version numbers of
// their packets.
const (
	NetFlow9 Format = 9
	IPFIX    Format = 10
)

// enterpriseBit marks a field specifier that an enterprise number follows
// (RFC 7011 section 3.2). NetFlow v9 has no such bit: element numbers above
// 32767 are Cisco's own there.
const enterpriseBit = 0x8000

// TemplateSet and OptionsSet return the IDs of the sets that carry templates
// and options templates in format f.
func (f Format) TemplateSet() uint16 {
	if f == NetFlow9 {
		return 0
	}
	return 2
}

// OptionsSet returns the ID of the set that carries options templates.
func (f Format) OptionsSet() uint16 { return f.TemplateSet() + 1 }

// Announces reports whether a set with the given ID carries templates or
// options templates in format f.
func (f Format) Announces(setID uint16) bool {
	return setID == f.TemplateSet() || setID == f.OptionsSet()
}

// Parse reads the templates of set, which must be a template set or an
// options template set of format f, and the IDs of the templates that it
// withdraws. The number of a withdrawn template set (2 or 3) means all
// templates of its kind (RFC 7011 section 8.1). A template that is refused
// does not cost those behind it, as long as its length is known; the first
// error is returned with them.
func Parse(f Format, set Set) (templates []Template, withdrawn []uint16, first error) {
	options := set.ID == f.OptionsSet()
	for rest := set.Body; len(rest) >= 4; {
		var t Template
		var n int
		var err error
		switch {
		case f == IPFIX && binary.BigEndian.Uint16(rest[2:]) == 0 && binary.BigEndian.Uint16(rest) != 0:
			withdrawn = append(withdrawn, binary.BigEndian.Uint16(rest))
			rest = rest[4:]
			continue
		case binary.BigEndian.Uint16(rest) == 0, options && len(rest) < 6:
			return templates, withdrawn, first // padding
		case options && f == NetFlow9:
			t, n, err = parseOptions9(rest)
		case options:
			t, n, err = parseOptions10(rest)
		default:
			t, n, err = parseTemplate(f, rest)
		}
		switch {
		case err == nil:
			templates = append(templates, t)
		case first == nil:
			first = err
		}
		if n == 0 { // nobody knows where the next one begins
			return templates, withdrawn, first
		}
		rest = rest[n:]
	}
	return templates, withdrawn, first
}

func parseTemplate(f Format, b []byte) (Template, int, error) {
	t := Template{ID: binary.BigEndian.Uint16(b)}
	return parseFields(f, t, b, 4, int(binary.BigEndian.Uint16(b[2:])))
}

// parseOptions9 reads an options template of RFC 3954 section 6.1, which
// gives the lengths of its two field lists in octets.
func parseOptions9(b []byte) (Template, int, error) {
	scope, option := int(binary.BigEndian.Uint16(b[2:])), int(binary.BigEndian.Uint16(b[4:]))
	t := Template{ID: binary.BigEndian.Uint16(b), Scope: scope / 4, Options: true}
	if scope%4 != 0 || option%4 != 0 {
		return t, 0, fmt.Errorf("%w: options template %d has field lists of %d and %d octets",
			ErrMalformed, t.ID, scope, option)
	}
	return parseFields(NetFlow9, t, b, 6, (scope+option)/4)
}

// parseOptions10 reads an options template of RFC 7011 section 3.4.2.2, which
// counts all fields and then the scope fields among them.
func parseOptions10(b []byte) (Template, int, error) {
	count, scope := int(binary.BigEndian.Uint16(b[2:])), int(binary.BigEndian.Uint16(b[4:]))
	t := Template{ID: binary.BigEndian.Uint16(b), Scope: scope, Options: true}
	if scope > count {
		return t, 0, fmt.Errorf("%w: options template %d has %d fields and %d scope fields",
			ErrMalformed, t.ID, count, scope)
	}
	return parseFields(IPFIX, t, b, 6, count)
}

// parseFields reads count field specifiers at offset at of b into t and
// returns the length of the template in octets, 0 with an error that leaves it
// unknown.
func parseFields(f Format, t Template, b []byte, at, count int) (Template, int, error) {
	// Checked before anything is allocated for a count that lies.
	if at+4*count > len(b) {
		return t, 0, fmt.Errorf("%w: template %d has %d fields in %d octets", ErrMalformed, t.ID, count, len(b)-at)
	}
	t.Fields = make([]Field, 0, count)
	for range count {
		if at+4 > len(b) {
			return t, 0, fmt.Errorf("%w: template %d ends within a field", ErrMalformed, t.ID)
		}
		field := Field{Element: binary.BigEndian.Uint16(b[at:]), Length: binary.BigEndian.Uint16(b[at+2:])}
		at += 4
		if f == IPFIX && field.Element&enterpriseBit != 0 {
			if at+4 > len(b) {
				return t, 0, fmt.Errorf("%w: template %d ends within an enterprise number", ErrMalformed, t.ID)
			}
			field.Element &^= enterpriseBit
			field.Enterprise = binary.BigEndian.Uint32(b[at:])
			at += 4
		}
		t.Fields = append(t.Fields, field)
	}
	t.measure()
	if t.ID < MinID {
		return t, at, fmt.Errorf("%w: template ID %d is below %d", ErrMalformed, t.ID, MinID)
	}
	// A record of no octets would make any data set an endless one.
	if t.MinLen == 0 {
		return t, at, fmt.Errorf("%w: records of template %d have no octets", ErrMalformed, t.ID)
	}
	return t, at, nil
}

// AppendTo appends the template record (without a set header) to b.
func (t *Template) AppendTo(b []byte, f Format) []byte {
	b = binary.BigEndian.AppendUint16(b, t.ID)
	switch {
	case t.Options && f == NetFlow9:
		b = binary.BigEndian.AppendUint16(b, uint16(4*t.Scope))
		b = binary.BigEndian.AppendUint16(b, uint16(4*(len(t.Fields)-t.Scope)))
	case t.Options:
		b = binary.BigEndian.AppendUint16(b, uint16(len(t.Fields)))
		b = binary.BigEndian.AppendUint16(b, uint16(t.Scope))
	default:
		b = binary.BigEndian.AppendUint16(b, uint16(len(t.Fields)))
	}
	for _, field := range t.Fields {
		element := field.Element
		private := f == IPFIX && field.Enterprise != 0
		if private {
			element |= enterpriseBit
		}
		b = binary.BigEndian.AppendUint16(b, element)
		b = binary.BigEndian.AppendUint16(b, field.Length)
		if private {
			b = binary.BigEndian.AppendUint32(b, field.Enterprise)
		}
	}
	return b
}

// AppendSet appends a whole set that announces t, padded to four octets.
func (t *Template) AppendSet(b []byte, f Format) []byte {
	id := f.TemplateSet()
	if t.Options {
		id = f.OptionsSet()
	}
	start := len(b)
	b = binary.BigEndian.AppendUint16(b, id)
	b = append(b, 0, 0)
	b = t.AppendTo(b, f)
	for (len(b)-start)%4 != 0 {
		b = append(b, 0)
	}
	binary.BigEndian.PutUint16(b[start+2:], uint16(len(b)-start))
	return b
}
