package integration

import (
	"testing"
	"time"

	"example.com/weir/flowio/distribute"
	"example.com/weir/flowio/flowtest"
)

// TestNfcapdAsSlave delivers to another collector in the place of a Slave: it
// decodes every record and takes the exporter for its sender.
func TestNfcapdAsSlave(t *testing.T) {
	t.Parallel()
	flowtest.Programs(t, "nfcapd", "nfdump")
	for _, model := range []string{distribute.RoundRobin, distribute.FlowSource} {
		t.Run(model, func(t *testing.T) {
			n := newNetwork(t, "exporters", "slave1")
			dir := t.TempDir()
			slave := &nfcapd{t: t, dir: dir, cmd: n.command("slave1", "nfcapd", "-w", dir, "-p", "32055", "-t", "3600", "-B", "16777216")}
			if err := slave.cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(slave.stop)
			n.awaitPort("slave1", 32055)
			proxy := n.startPart("proxy", part{
				Role: "proxy", Port: 2055, Model: model, Delivery: distribute.DeliverUDP,
				Slaves: []distribute.Slave{{ID: "slave1", Host: n.at("slave1", false), Weight: 1}},
			})
			n.awaitPort("proxy", 2055)
			n.meet("slave1", false)
			sent := partitions{n, &deployment{t: t}}.generate("--protocol", "netflow9", "--rate", "20000", "--for", "1s")()
			proxy.end(t)
			time.Sleep(200 * time.Millisecond) // what is on the link; nfcapd ends with unread packets
			if got := slave.total("router ip " + n.at("exporters", false).String()); got != sent {
				t.Errorf("it has %v from the exporters' address, want %v", got, sent)
			}
		})
	}
}
