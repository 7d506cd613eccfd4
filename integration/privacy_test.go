package integration

import (
	"bytes"
	"io/fs"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/weir/flowio/flowtest"
)

// testLinksAreUnreadable listens to the links between the units while a unit
// joins, flows are delivered and a query is asked, and searches what passed
// for names, addresses of flows, the filter and the join token.
func testLinksAreUnreadable(t *testing.T, d *deployment) {
	const filter = "not (src ip 203.0.113.77 or host 2001:db8:5ec2:e7::1)"
	joining := extraUnit(d, "eavesdropped", "standalone", d.host(31), d.unit("master").Control)
	var token string
	file := sniff(t, "net "+d.prefix()+" and (tcp port 2210 or tcp port 4210 or tcp port 32055)", func() {
		token = joining.join()
		d.awaitStored(d.export("london-proxy", d.listen("london"), "127.0.224.1", 500))
		d.total(filter)
		d.topology()
	})
	joining.forget()
	sniffed := d.wantUnreadable(file, "exporter net 127.0.224.0/24", map[string][]byte{
		"the filter": []byte("203.0.113.77"), "the filter's address": {203, 0, 113, 77, 0, 0, 0, 0}, "the join token": []byte(token),
	})
	for _, port := range []uint16{2210, 4210, 32055} {
		if !bytes.Contains(sniffed, []byte{byte(port >> 8), byte(port)}) {
			t.Errorf("nothing passed port %d", port)
		}
	}
}

// wantUnreadable searches a capture for secrets, the names and IDs of units,
// and addresses of flows that a filter matches. It returns the capture.
func (d *deployment) wantUnreadable(file, filter string, secrets map[string][]byte) (sniffed []byte) {
	d.t.Helper()
	sniffed, err := os.ReadFile(file)
	if err != nil {
		d.t.Fatal(err)
	}
	if len(sniffed) < 50_000 {
		d.t.Fatalf("only %d octets were sniffed", len(sniffed))
	}
	all := map[string][]byte{}
	maps.Copy(all, secrets)
	for _, u := range d.demo.Units {
		all["the name of "+u.Name], all["the ID of "+u.Name] = []byte(u.Name), []byte(u.ID)
	}
	for address, octets := range d.someAddresses(filter) {
		all[address+", of a flow, as text"], all[address+", of a flow"] = []byte(address), octets
	}
	for what, secret := range all {
		if i := bytes.Index(sniffed, secret); i >= 0 {
			d.t.Errorf("%s is readable: %q", what, sniffed[max(0, i-40):min(len(sniffed), i+40)])
		}
	}
	return sniffed
}

// someAddresses returns IPv6 addresses of flows, as text and octets.
func (d *deployment) someAddresses(filter string) map[string][]byte {
	d.t.Helper()
	a := d.ask(question{"kind": "top", "groupBy": []string{"srcAddr"}, "filter": filter + " and inet6", "limit": 50})
	addresses := map[string][]byte{}
	for _, row := range a.Rows {
		address, err := netip.ParseAddr(text(row[0]))
		if err != nil {
			d.t.Fatal(err)
		}
		octets := address.As16()
		addresses[address.String()] = octets[:]
	}
	if len(addresses) == 0 {
		d.t.Fatal("no IPv6 flows to search for")
	}
	return addresses
}

// testMasterHoldsNoFlows searches the Master's data directory for flow
// records: for files of a flow store, and for addresses of flows it was asked
// about.
func testMasterHoldsNoFlows(t *testing.T, d *deployment) {
	flowtest.Dir(t)
	d.awaitStored(d.export("hq-slave", d.listen("hq"), "127.0.225.1", 500))
	addresses := d.someAddresses("exporter net 127.0.225.0/24")
	dir := d.unit("master").DataDir
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if name := entry.Name(); strings.Contains(name, "parquet") || strings.Contains(name, "journal") || strings.Contains(path, "/flows") {
			t.Errorf("the Master has a file of a flow store: %s", path)
		}
		content, err := os.ReadFile(path)
		for address, octets := range addresses {
			if bytes.Contains(content, octets) || bytes.Contains(content, []byte(address)) {
				t.Errorf("%s contains %s, an address of a flow", path, address)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
