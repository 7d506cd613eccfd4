package integration

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// topologyNow is what these tests read of GET /topology.
type topologyNow struct {
	Revision     string
	Units        []unitNow
	SourceGroups []groupNow
	ProxyGroups  []groupNow
}

type unitNow struct {
	ID, Name, Role, Revision string
	Status                   struct {
		State, Reason, Applied string
		StoreMaxAgeSeconds     int
		Checks                 []checkNow
	}
}

type checkNow struct {
	Name   string
	OK     bool
	Reason string
}

type groupNow struct {
	ID, Name, Revision, Proxy, SourceGroup string
	Listen                                 []int
}

func (d *deployment) topology() topologyNow {
	d.t.Helper()
	var t topologyNow
	if err := d.call("GET", "/topology", nil, &t); err != nil {
		d.t.Fatal(err)
	}
	return t
}

// status returns the live state of a unit.
func (d *deployment) status(name string) unitNow {
	d.t.Helper()
	for _, u := range d.topology().Units {
		if u.Name == name {
			return u
		}
	}
	d.t.Fatalf("the Master knows no unit %s", name)
	return unitNow{}
}

// sourceGroup returns a source group by name.
func (d *deployment) sourceGroup(name string) groupNow {
	d.t.Helper()
	return d.groupIn(d.topology().SourceGroups, name)
}

// proxyGroup returns a proxy group by name.
func (d *deployment) proxyGroup(name string) groupNow {
	d.t.Helper()
	return d.groupIn(d.topology().ProxyGroups, name)
}

func (d *deployment) groupIn(groups []groupNow, name string) groupNow {
	d.t.Helper()
	for _, g := range groups {
		if g.Name == name {
			return g
		}
	}
	d.t.Fatalf("no group %s in the topology", name)
	return groupNow{}
}

// outcome answers a change of the topology.
type outcome struct {
	ID, Revision, Action string
	Affected             []string
}

// patch changes an object of a collection, such as source-groups.
func (d *deployment) patch(collection, id, revision string, fields any) (outcome, error) {
	d.t.Helper()
	var done outcome
	err := d.call(http.MethodPatch, "/"+collection+"/"+id, fields, &done, "If-Match", strconv.Quote(revision))
	return done, err
}

// patchSourceGroup changes a source group and waits until every unit has
// converged.
func (d *deployment) patchSourceGroup(name string, fields any) {
	d.t.Helper()
	g := d.sourceGroup(name)
	if _, err := d.patch("source-groups", g.ID, g.Revision, fields); err != nil {
		d.t.Fatalf("change source group %s: %v", name, err)
	}
	d.converged()
}

// converged waits until every unit is active and has applied the present
// revision.
func (d *deployment) converged() {
	d.t.Helper()
	d.await("every unit to converge", 30*time.Second, func() error {
		now := d.topology()
		for _, u := range now.Units {
			if u.Status.State != "active" || u.Status.Applied != now.Revision {
				return fmt.Errorf("%s is %s at revision %s of %s: %s %+v",
					u.Name, u.Status.State, u.Status.Applied, now.Revision, u.Status.Reason, u.Status.Checks)
			}
		}
		return nil
	})
}
