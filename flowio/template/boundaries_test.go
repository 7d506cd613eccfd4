package template_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/flowtest"
	"example.com/weir/flowio/ipfix"
	"example.com/weir/flowio/netflow9"
	"example.com/weir/flowio/template"
)

// boundary is one line of the expected boundaries of a capture.
type boundary struct {
	Packet  int         `json:"pkt"`
	Version any         `json:"version"`
	Sets    []wantedSet `json:"sets"`
	Error   string      `json:"error"`
}

type wantedSet struct {
	ID        uint16           `json:"id"`
	Offset    int              `json:"off"`
	Length    int              `json:"len"`
	Records   *int             `json:"records"`
	Templates []wantedTemplate `json:"templates"`
	Options   []wantedTemplate `json:"options_templates"`
	Error     string           `json:"error"`
}

type wantedTemplate struct {
	ID         uint16 `json:"id"`
	Fields     int    `json:"fields"`
	Withdrawal uint16 `json:"withdrawal"`
	Error      string `json:"error"`
}

// TestBoundaries walks every NetFlow v9 and IPFIX capture and compares sets,
// templates and record counts with what an independent walker found.
func TestBoundaries(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(flowtest.Dir(t), "boundaries", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no boundaries: %v", err)
	}
	for _, file := range files {
		name, _, _ := strings.Cut(filepath.Base(file), ".")
		t.Run(name, func(t *testing.T) {
			packets := flowtest.Packets(t, flowtest.Data(t, "flow/"+name+".pcap"))
			w := walker{t: t, templates: map[template.Key]*template.Template{}}
			for _, want := range readBoundaries(t, file) {
				if want.Version == float64(9) || want.Version == float64(10) {
					w.packet(packets[want.Packet], want)
				}
			}
		})
	}
}

// walker keeps the templates of a capture.
type walker struct {
	t         *testing.T
	templates map[template.Key]*template.Template
}

func (w walker) packet(p flow.Packet, want boundary) {
	w.t.Helper()
	format, domain, sets := template.NetFlow9, uint32(0), netflow9.Sets(p.Payload)
	if h, err := netflow9.ParseHeader(p.Payload); err == nil {
		domain = h.SourceID
	} else if h, err := ipfix.ParseHeader(p.Payload); err == nil {
		format, domain, sets = template.IPFIX, h.Domain, ipfix.Sets(p.Payload)
	}
	i := 0
	for set, err := range sets {
		if err != nil {
			if want.Error == "" && want.Sets[i].Error == "" {
				w.t.Errorf("packet %d: %v", want.Packet, err)
			}
			return
		}
		if i >= len(want.Sets) {
			break
		}
		expected := want.Sets[i]
		if set.ID != expected.ID || set.Offset != expected.Offset || len(set.Raw(p.Payload)) != expected.Length {
			w.t.Errorf("packet %d: set %d at %d of %d octets, want %+v",
				want.Packet, set.ID, set.Offset, len(set.Body)+4, expected)
		}
		w.set(format, template.Key{Exporter: p.Exporter, Domain: domain, ID: set.ID}, set, expected)
		i++
	}
	if i != len(want.Sets) {
		w.t.Errorf("packet %d: %d sets, want %d", want.Packet, i, len(want.Sets))
	}
}

func (w walker) set(format template.Format, key template.Key, set template.Set, want wantedSet) {
	w.t.Helper()
	if !format.Announces(set.ID) {
		known := w.templates[key]
		if known != nil && want.Records != nil && known.Count(set.Body) != *want.Records {
			w.t.Errorf("set %d has %d records, want %d", set.ID, known.Count(set.Body), *want.Records)
		}
		return
	}
	var got []wantedTemplate
	templates, withdrawn, err := template.Parse(format, set)
	for _, id := range withdrawn {
		got = append(got, wantedTemplate{Withdrawal: id})
	}
	for i, t := range templates {
		got = append(got, wantedTemplate{ID: t.ID, Fields: len(t.Fields)})
		w.templates[template.Key{Exporter: key.Exporter, Domain: key.Domain, ID: t.ID}] = &templates[i]
	}
	wanted := slices.Concat(want.Templates, want.Options)
	if n := len(wanted); n > 0 && wanted[n-1].Error != "" {
		wanted = wanted[:n-1]
	} else if err != nil {
		w.t.Errorf("set %d: %v", set.ID, err)
	}
	if !slices.Equal(got, wanted) {
		w.t.Errorf("set %d: templates %+v, want %+v", set.ID, got, wanted)
	}
}

func readBoundaries(t *testing.T, path string) []boundary {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var from io.Reader = file
	if strings.HasSuffix(path, ".gz") {
		if from, err = gzip.NewReader(file); err != nil {
			t.Fatal(err)
		}
	}
	var all []boundary
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var b boundary
		if err := json.Unmarshal(lines.Bytes(), &b); err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	return all
}
