package integration

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// group adds a source group of one Proxy and n Slaves to a deployment and
// returns the Proxy. Its units have the addresses from host number at on.
func (d *deployment) group(name string, at, port, n int) *extra {
	d.t.Helper()
	add := func(unit, role, parent string) *extra {
		e := extraUnit(d, unit, role, d.host(at), parent)
		at++
		e.join()
		e.start()
		d.await(e.name+" to be linked", 10*time.Second, e.linked)
		return e
	}
	proxy := add(name+"-proxy", "proxy", d.unit("master").Control)
	var slaves []*extra
	for i := range n {
		slaves = append(slaves, add(fmt.Sprintf("%s-slave-%d", name, i+1), "slave", proxy.address+":2210"))
	}
	d.makeGroup(name, port, "tls", proxy, slaves...)
	return proxy
}

// TestSameDataOverManySlaves sends the same packets to a standalone Slave and
// to groups of two, three and five Slaves, and asks all of them, and two groups
// at once, the same questions.
func TestSameDataOverManySlaves(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	three := d.group("three", 21, 2078, 3)
	five := d.group("five", 31, 2079, 5)
	d.converged()
	flows := d.exportToAll(map[string]string{
		"hq-slave": d.listen("hq"), "london-proxy": d.listen("london"),
		three.name: three.address + ":2078", five.name: five.address + ":2079",
	}, "127.0.235.1", 1000)
	groups := []string{"hq", "london", "three", "five"}
	d.await("every record everywhere", 20*time.Second, func() error {
		for _, g := range groups {
			if got, coverage := d.total("", g); got.flows != flows || !coverage.Complete {
				return fmt.Errorf("%s holds %v of %d, coverage %+v", g, got, flows, coverage)
			}
		}
		return nil
	})
	sums := []string{"bytes", "packets", "flows"}
	for _, q := range []question{
		{"kind": "total", "metrics": []string{"flows", "packets", "bytes", "uniq(srcAddr)", "p95(bytes)"}},
		{"kind": "top", "groupBy": []string{"srcAddr"}, "metrics": sums, "limit": 10},
		{"kind": "top", "groupBy": []string{"srcAddr", "dstAddr", "srcPort", "dstPort", "proto"}, "metrics": sums, "limit": 10, "orderBy": "packets"},
		{"kind": "top", "groupBy": []string{"addr/24", "exporter"}, "metrics": sums, "limit": 25, "filter": "proto tcp"},
		{"kind": "top", "groupBy": []string{"dstPort"}, "metrics": []string{"uniq(srcAddr)", "bytes"}, "limit": 5},
		{"kind": "series", "groupBy": []string{"proto"}, "metrics": sums, "step": "1m"},
	} {
		t.Run(fmt.Sprint(q["kind"], q["groupBy"]), func(t *testing.T) {
			d := d.on(t)
			q["from"] = "now-10m"
			if q["filter"] == nil {
				q["filter"] = "any"
			}
			want := d.inEveryFace(q, "hq")
			for _, g := range groups[1:] {
				if got := d.inEveryFace(q, g); !slices.Equal(got, want) {
					t.Errorf("%s answers with %d rows, hq with %d; the first that differ: %s", g, len(got), len(want), firstDifference(got, want))
				}
			}
			if len(want) == 0 {
				t.Error("nothing was found")
			}
		})
	}
	list := func(group string) []string {
		return rowTexts(d.ask(question{
			"kind": "flows", "groupBy": []string{"srcAddr", "dstAddr", "srcPort", "dstPort", "proto", "bytes"}, "orderBy": "bytes",
			"limit": 200, "filter": "router ip 127.0.235.2", "sourceGroups": []string{group},
		}).Rows)
	}
	for _, g := range groups[1:] {
		if want, got := list("hq"), list(g); !slices.Equal(got, want) || len(want) == 0 {
			t.Errorf("%s lists %d flows, hq %d; the first that differ: %s", g, len(got), len(want), firstDifference(got, want))
		}
	}
	if got, _ := d.total("", "three", "five"); got.flows != 2*flows {
		t.Errorf("two groups that hold %d flows each answer with %d together", flows, got.flows)
	}
}
