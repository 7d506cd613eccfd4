package flowstore

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/query"
	"example.com/weir/flowio/scan"
)

// FuzzJournal feeds octets to the reader of journals: it must not fail on any,
// nor hand out more than its bounds allow.
func FuzzJournal(f *testing.F) {
	whole, err := os.ReadFile(journalFile(f, crashed(f, 300)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)-1])
	f.Add(whole[:journalHeader+blockHeader])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, octets []byte) {
		rows := 0
		done, err := replay(bytes.NewReader(octets), func(b *flow.Batch) error {
			if b.Len() > journalRows {
				t.Errorf("a block of %d records", b.Len())
			}
			rows += b.Len()
			return nil
		})
		if rows != done.rows {
			t.Errorf("%d records, %d counted", rows, done.rows)
		}
		if err == nil && done.torn == "" && len(octets) > 0 && len(octets) < journalHeader {
			t.Error("half a header is good")
		}
	})
}

// FuzzSegment feeds files to the reader of segments: none may end the process
// or make a read fail other than by a gap.
func FuzzSegment(f *testing.F) {
	dir, file, _ := sealedDir(f, 50)
	whole, err := os.ReadFile(file)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Fuzz(func(t *testing.T, octets []byte) {
		name := filepath.Join(dir, strconv.Itoa(os.Getpid())+segmentSuffix)
		if err := os.WriteFile(name, octets, 0o600); err != nil {
			t.Fatal(err)
		}
		seg, err := new(disk).inspect(dir, filepath.Base(name))
		if err != nil {
			return
		}
		s := newStore(dir, Config{})
		s.open, s.segments = newGeneration(s.disk, dir, 1, &s.blocks), []*segment{seg}
		v := s.View(math.MinInt64, math.MaxInt64)
		defer v.Close()
		plan := resolve(t, query.Request{Kind: query.Top, GroupBy: []string{"srcAddr", "dstPort"}, Filter: "port > 10 or bytes > 5"}, 0, 2*trafficStart)
		for _, p := range v.Parts() {
			if _, _, err := scan.Scan(context.Background(), plan.Scan(), []scan.Source{p}, scan.Options{}); err != nil {
				t.Error(err)
			}
			if _, err := p.Read(context.Background(), flow.AllFields, func(*flow.Batch) error { return nil }); err != nil {
				t.Error(err)
			}
		}
	})
}
