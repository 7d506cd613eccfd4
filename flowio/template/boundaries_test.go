package template_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
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
	Packet  int `json:"pkt"`
	Version any `json:"version"`
	Sets    []struct {
		ID        uint16 `json:"id"`
		Offset    int    `json:"off"`
		Length    int    `json:"len"`
		Records   *int   `json:"records"`
		Templates []struct {
			ID     uint16 `json:"id"`
			Fields int    `json:"fields"`
		} `json:"templates"`
	} `json:"sets"`
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
			templates := map[template.Key]*template.Template{}
			for _, want := range readBoundaries(t, file) {
				if want.Version == float64(9) || want.Version == float64(10) {
					checkPacket(t, packets[want.Packet], want, templates)
				}
			}
		})
	}
}

func checkPacket(t *testing.T, p flow.Packet, want boundary, templates map[template.Key]*template.Template) {
	t.Helper()
	format, domain := template.Format(p.Payload[1]), uint32(0)
	sets := netflow9.Sets(p.Payload)
	if format == template.IPFIX {
		h, _ := ipfix.ParseHeader(p.Payload)
		sets, domain = ipfix.Sets(p.Payload), h.Domain
	} else if h, err := netflow9.ParseHeader(p.Payload); err == nil {
		domain = h.SourceID
	}
	i := 0
	for set, err := range sets {
		if err != nil || i >= len(want.Sets) {
			t.Errorf("packet %d: set %d: %v, want %d sets", want.Packet, i, err, len(want.Sets))
			return
		}
		w := want.Sets[i]
		i++
		if set.ID != w.ID || set.Offset != w.Offset || len(set.Body)+4 != w.Length {
			t.Errorf("packet %d: set %d at %d of %d octets, want %+v", want.Packet, set.ID, set.Offset, len(set.Body)+4, w)
		}
		key := template.Key{Exporter: p.Exporter, Domain: domain, ID: set.ID}
		if !format.Announces(set.ID) {
			if known := templates[key]; known != nil && w.Records != nil && known.Count(set.Body) != *w.Records {
				t.Errorf("packet %d: set %d has %d records, want %d", want.Packet, set.ID, known.Count(set.Body), *w.Records)
			}
			continue
		}
		got, _, err := template.Parse(format, set)
		if err != nil || len(got) != len(w.Templates) && len(w.Templates) > 0 {
			t.Errorf("packet %d: set %d: %d templates, %v, want %v", want.Packet, set.ID, len(got), err, w.Templates)
			continue
		}
		for j := range got {
			if j < len(w.Templates) && (got[j].ID != w.Templates[j].ID || len(got[j].Fields) != w.Templates[j].Fields) {
				t.Errorf("packet %d: template %+v, want %+v", want.Packet, got[j], w.Templates[j])
			}
			key.ID = got[j].ID
			templates[key] = &got[j]
		}
	}
	if i != len(want.Sets) {
		t.Errorf("packet %d: %d sets, want %d", want.Packet, i, len(want.Sets))
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
