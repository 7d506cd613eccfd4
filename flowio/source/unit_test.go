package source_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/flowio/source"
)

func TestSelect(t *testing.T) {
	seen := func(exporter string, domain uint32) source.Seen {
		return source.Seen{Source: source.Source{ID: source.ID{Exporter: netip.MustParseAddr(exporter), Domain: domain}}}
	}
	units := []source.Unit{
		{ID: "u2", SourceGroup: "g1", SourceGroupName: "london", Seen: []source.Seen{seen("192.0.2.9", 7), seen("2001:db8::1", 0)}},
		{ID: "u1", SourceGroup: "g2", SourceGroupName: "paris", Seen: []source.Seen{seen("192.0.2.9", 7), seen("198.51.100.1", 1)}},
		{ID: "u3", Error: "it is not linked"},
	}
	for name, c := range map[string]struct {
		group, exporter string
		want            []string
	}{
		"all, in order":      {"", "", []string{"192.0.2.9 7 u1", "192.0.2.9 7 u2", "198.51.100.1 1 u1", "2001:db8::1 0 u2"}},
		"group by name":      {"london", "", []string{"192.0.2.9 7 u2", "2001:db8::1 0 u2"}},
		"group by ID":        {"g2", "", []string{"192.0.2.9 7 u1", "198.51.100.1 1 u1"}},
		"address":            {"", "192.0.2.9", []string{"192.0.2.9 7 u1", "192.0.2.9 7 u2"}},
		"mapped address":     {"", "::ffff:198.51.100.1", []string{"198.51.100.1 1 u1"}},
		"prefix and a group": {"paris", "192.0.2.0/24", []string{"192.0.2.9 7 u1"}},
		"no such group":      {"rome", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := source.Select(units, c.group, c.exporter)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range rows {
				got = append(got, r.Exporter.String()+" "+string(rune('0'+r.Domain))+" "+r.Unit.ID)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
	if _, err := source.Select(units, "", "192.0.2"); err == nil {
		t.Error("no error for an exporter that is neither address nor prefix")
	}
}
