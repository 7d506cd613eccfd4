package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/rest"
)

func TestLedgerOutput(t *testing.T) {
	books := rest.Ledger{Units: []rest.UnitLedger{
		{
			Name: "proxy",
			Entries: []rest.LedgerEntry{{
				Hop: "receive", Kind: "packets", Received: "10", Kept: "6", Missing: "0", Dropped: rest.Dropped{"queue_full": "3", "kernel_dropped": "1"},
			}},
			Ports: []rest.LedgerPort{{Port: 2055, Received: "10", Kept: "6", Missing: "0", Dropped: rest.Dropped{"queue_full": "3", "kernel_dropped": "1"}}},
			Sent: []rest.LedgerSent{
				{Slave: "id-1", Name: "slave-1", Packets: "2", Records: "60", DroppedRecords: rest.Dropped{"spool_full": "30"}},
				{Slave: "id-2", Packets: "2", Records: "50"},
			},
		},
		{Name: "slave-1", Error: "it is not linked"},
	}}
	code, stdout, stderr, _ := runAgainst(t, map[string]any{"GET ledger": books}, "ledger")
	if code != exitGood || !strings.Contains(stderr, "slave-1 does not give its accounts: it is not linked") {
		t.Errorf("exit code %d, notices:\n%s", code, stderr)
	}
	var cells [][]string
	for line := range strings.Lines(stdout) {
		cells = append(cells, strings.Fields(line))
	}
	want := [][]string{
		strings.Fields("UNIT HOP KIND EXPORTER DOMAIN RECEIVED KEPT MISSING DROPPED"),
		strings.Fields("proxy receive packets 10 6 0 kernel_dropped 1, queue_full 3"),
		{},
		strings.Fields("UNIT PORT PACKETS KEPT MISSING DROPPED"),
		strings.Fields("proxy 2055 10 6 0 kernel_dropped 1, queue_full 3"),
		{},
		strings.Fields("UNIT SLAVE PACKETS RECORDS PACKETS DROPPED RECORDS DROPPED"),
		strings.Fields("proxy slave-1 2 60 spool_full 30"),
		strings.Fields("proxy id-2 2 50"),
	}
	if diff := cmp.Diff(want, cells); diff != "" {
		t.Errorf("tables (-want +got):\n%s\n%s", diff, stdout)
	}
	if code, _, _, _ := runAgainst(t, nil, "ledger", "all"); code != exitUsage {
		t.Errorf("exit code %d for a stray argument, want %d", code, exitUsage)
	}
}
