package unit

import (
	"testing"
	"time"

	"example.com/weir/persistence/identity"
	"example.com/weir/persistence/topology"
)

// Units whose certificates get old have new ones soon after they start, a Slave
// through its Proxy, and go on as who they were.
func TestCertificatesAreRenewed(t *testing.T) {
	r := newRig(t)
	joined := time.Now().AddDate(0, 0, -350)
	old := func(role topology.Role, id topology.UnitID, parent string) Config {
		cfg := Config{DataDir: t.TempDir(), Name: string(id), Role: role, Control: freeAddress(t), Query: freeAddress(t), Parent: parent}
		if err := r.joined(role, id, joined).Save(cfg.DataDir); err != nil {
			t.Fatal(err)
		}
		return cfg
	}
	master := start(t, r.master)
	proxyCfg := old(topology.Proxy, "p1", r.master.Control)
	proxy := start(t, proxyCfg)
	proxy.awaitLink(0, master.id, true)
	slaveCfg := old(topology.Slave, "s1", proxyCfg.Control)
	slave := start(t, slaveCfg)
	slave.awaitLink(0, "p1", true)
	for cfg, unit := range map[*Config]*process{&proxyCfg: proxy, &slaveCfg: slave} {
		unit.awaitLog(0, "certificate renewed")
		id, err := identity.Load(cfg.DataDir)
		if err != nil || id.Expiring(time.Now()) || string(id.UnitID) != cfg.Name {
			t.Errorf("%s: %v, %v", cfg.Name, id, err)
		}
	}
	slave.kill()
	start(t, slaveCfg).awaitLink(0, "p1", true)
}
