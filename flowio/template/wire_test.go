package template_test

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/flowtest"
	"example.com/weir/flowio/template"
)

func TestRoundTrip(t *testing.T) {
	data := template.New(256, 0, []template.Field{
		{Element: 8, Length: 4}, {Element: 33002, Length: 2}, {Element: 82, Length: template.VarLen},
	})
	options := template.New(257, 1, []template.Field{{Element: 1, Length: 4}, {Element: 34, Length: 4}})
	private := template.New(258, 0, []template.Field{{Enterprise: 29305, Element: 1, Length: 8}, {Element: 1, Length: 8}})
	tests := []struct {
		name     string
		format   template.Format
		template *template.Template
	}{
		{"netflow9 data", template.NetFlow9, data},
		{"netflow9 options", template.NetFlow9, options},
		{"ipfix options", template.IPFIX, options},
		{"ipfix enterprise", template.IPFIX, private},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			octets := test.template.AppendSet(nil, test.format)
			set, next, err := template.NextSet(octets, 0)
			if err != nil || next != len(octets) {
				t.Fatalf("set ends at %d of %d: %v", next, len(octets), err)
			}
			got, withdrawn, err := template.Parse(test.format, set)
			if err != nil || len(withdrawn) > 0 || len(got) != 1 {
				t.Fatalf("%d templates, withdrawn %v, %v", len(got), withdrawn, err)
			}
			if diff := cmp.Diff(*test.template, got[0]); diff != "" {
				t.Errorf("(-sent +got):\n%s", diff)
			}
		})
	}
}

// TestRefusedTemplates: one that is refused leaves the others alone.
func TestRefusedTemplates(t *testing.T) {
	good := twoFields(300).AppendTo(nil, template.IPFIX)
	for name, bad := range map[string][]byte{
		"an ID below 256":          {0, 255, 0, 1, 0, 8, 0, 4},
		"no octets":                {1, 0, 0, 1, 0, 8, 0, 0},
		"no octets, two fields":    {1, 0, 0, 2, 0, 8, 0, 0, 0, 12, 0, 0},
		"an enterprise, no octets": {1, 0, 0, 1, 0x80, 8, 0, 0, 0, 0, 0, 9},
		"ID 1 and an enterprise":   {0, 1, 0, 1, 0x80, 8, 0, 4, 0, 0, 0, 9},
		"a withdrawal in between":  {1, 1, 0, 0, 0, 7, 0, 1, 0, 8, 0, 4},
	} {
		body := append(append(append([]byte{}, good...), bad...), twoFields(301).AppendTo(nil, template.IPFIX)...)
		templates, _, err := template.Parse(template.IPFIX, template.Set{ID: 2, Body: body})
		if len(templates) != 2 || templates[1].ID != 301 || !errors.Is(err, template.ErrMalformed) {
			t.Errorf("%s: %d templates, %v, want those around it and an error", name, len(templates), err)
		}
	}
	counted := []byte{1, 0, 0xff, 0xff, 0, 8, 0, 4}
	templates, _, err := template.Parse(template.IPFIX, template.Set{ID: 2, Body: append(append([]byte{}, good...), counted...)})
	if len(templates) != 1 || !errors.Is(err, template.ErrMalformed) {
		t.Errorf("65,535 fields in four octets: %d templates, %v", len(templates), err)
	}
}

// FuzzParse: what is accepted has octets in its records, comes out of no more
// octets than there were, and survives a round trip.
func FuzzParse(f *testing.F) {
	for _, datagrams := range flowtest.Seeds(f) {
		for _, datagram := range datagrams {
			for set := range template.Sets(datagram, 16) {
				f.Add(uint8(10), set.ID, set.Body)
			}
			for set := range template.Sets(datagram, 20) {
				f.Add(uint8(9), set.ID, set.Body)
			}
		}
	}
	f.Fuzz(func(t *testing.T, version uint8, id uint16, body []byte) {
		format := template.IPFIX
		if version%2 == 1 {
			format = template.NetFlow9
		}
		templates, withdrawn, err := template.Parse(format, template.Set{ID: id, Body: body})
		if err != nil && !errors.Is(err, template.ErrMalformed) {
			t.Fatalf("error %v is not ErrMalformed", err)
		}
		octets := 4 * len(withdrawn)
		for i := range templates {
			one := &templates[i]
			octets += 4 + 4*len(one.Fields)
			if one.MinLen == 0 {
				t.Fatalf("records of template %d have no octets", one.ID)
			}
			set, _, err := template.NextSet(one.AppendSet(nil, format), 0)
			if err != nil {
				continue // longer than a set may be, with its header
			}
			again, _, err := template.Parse(format, set)
			if err != nil || len(again) != 1 || !again[0].Equal(one) {
				t.Fatalf("template %+v comes back as %+v, %v", one, again, err)
			}
		}
		if octets > len(body) {
			t.Fatalf("%d octets of templates out of %d", octets, len(body))
		}
	})
}

// FuzzRecords: records lie in the body one after the other and none is
// shorter than the template says.
func FuzzRecords(f *testing.F) {
	f.Add(uint16(4), uint16(template.VarLen), []byte("\x01\x02\x03\x04\x02ab\x01\x02\x03\x04\xff\x00\x01x"))
	f.Fuzz(func(t *testing.T, a, b uint16, body []byte) {
		layout := template.New(256, 0, []template.Field{{Element: 1, Length: a}, {Element: 2, Length: b}})
		octets, records := 0, 0
		for record, err := range layout.Records(body) {
			if err != nil {
				break
			}
			if len(record) < layout.MinLen {
				t.Fatalf("record of %d octets, shortest has %d", len(record), layout.MinLen)
			}
			octets += len(record)
			records++
		}
		if octets > len(body) || records != layout.Count(body) {
			t.Fatalf("%d records of %d octets out of %d; Count says %d", records, octets, len(body), layout.Count(body))
		}
	})
}

func TestSetsEndQuietly(t *testing.T) {
	set := binary.BigEndian.AppendUint16(nil, 256)
	set = binary.BigEndian.AppendUint16(set, 8)
	set = append(set, 1, 2, 3, 4)
	for name, tail := range map[string][]byte{"nothing": nil, "three octets": {1, 2, 3}, "zeros": make([]byte, 100)} {
		n := 0
		for got, err := range template.Sets(append(set[:8:8], tail...), 0) {
			if err != nil || got.ID != 256 || len(got.Body) != 4 {
				t.Errorf("%s: set %+v, %v", name, got, err)
			}
			n++
		}
		if n != 1 {
			t.Errorf("%s: %d sets, want 1", name, n)
		}
	}
}
