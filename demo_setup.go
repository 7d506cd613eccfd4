package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"example.com/weir/actors/unit"
	"example.com/weir/persistence/topology"
	"example.com/weir/rest"
	"example.com/weir/rest/client"
)

// enrolWithin bounds the wait for the unit above a joining one.
const enrolWithin = 15 * time.Second

// start starts every unit, lets the new ones join, makes the groups and waits
// until all of it works.
func (d *demo) start(ctx context.Context) error {
	if err := d.addressesAreFree(); err != nil {
		return err
	}
	if err := d.launch(ctx, d.master()); err != nil {
		return err
	}
	api, err := d.client(ctx)
	if err != nil {
		return err
	}
	for _, u := range d.units[1:] {
		if err := d.enrol(ctx, api, u); err != nil {
			return err
		}
		if err := d.launch(ctx, u); err != nil {
			return err
		}
	}
	now, err := api.Topology(ctx)
	if err != nil {
		return err
	}
	for _, u := range d.units {
		i := slices.IndexFunc(now.Units, func(known rest.Unit) bool { return known.Name == u.cfg.Name })
		if i < 0 {
			return fmt.Errorf("the Master does not know %s", u.cfg.Name)
		}
		u.id = now.Units[i].ID
	}
	if len(now.SourceGroups) == 0 {
		if err := d.group(ctx, api); err != nil {
			return err
		}
	}
	for _, u := range d.units {
		if err := u.answers(ctx, "/readyz"); err != nil {
			return err
		}
	}
	return d.allActive(ctx, api)
}

// addressesAreFree refuses to start beside another demo, whose units would
// answer in place of these.
func (d *demo) addressesAreFree() error {
	for _, u := range d.units {
		for _, address := range []string{u.cfg.Admin, u.cfg.Control, u.cfg.Query} {
			l, err := net.Listen("tcp", address)
			if err != nil {
				return fmt.Errorf("address of %s: %w; end what holds it (ss -ltnp), or choose others with --first", u.cfg.Name, err)
			}
			l.Close()
		}
	}
	return nil
}

// launch starts a unit and waits until it answers.
func (d *demo) launch(ctx context.Context, u *demoUnit) error {
	if err := u.prepare(); err != nil {
		return err
	}
	changed := func() {
		if err := d.writeFile(); err != nil {
			d.log.Error("demo.json is out of date", "err", err)
		}
	}
	if err := u.start(changed); err != nil {
		return err
	}
	return u.answers(ctx, "/healthz")
}

// client waits until the Master answers with the administrator's token.
func (d *demo) client(ctx context.Context) (*client.Client, error) {
	token, err := os.ReadFile(d.tokenFile())
	if err != nil {
		return nil, fmt.Errorf("read API token: %w", err)
	}
	api, err := client.New(d.api(), strings.TrimSpace(string(token)))
	if err != nil {
		return nil, err
	}
	for {
		_, err := api.Topology(ctx)
		if err == nil {
			return api, nil
		}
		if waiting := sleepUntil(ctx, time.Now().Add(50*time.Millisecond)); waiting != nil {
			return nil, err
		}
	}
}

// enrol lets u join, unless it has in an earlier run on the same directory.
func (d *demo) enrol(ctx context.Context, api *client.Client, u *demoUnit) error {
	if _, err := os.Stat(filepath.Join(u.cfg.DataDir, "tls", "unit.pem")); err == nil {
		return nil
	}
	token, err := api.CreateJoinToken(ctx, u.cfg.Role, "", time.Hour)
	if err != nil {
		return fmt.Errorf("make a join token for %s: %w", u.cfg.Name, err)
	}
	if err := os.MkdirAll(u.cfg.DataDir, 0o700); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	// The unit above may not listen yet, and a Slave joins through its Proxy,
	// which may need a moment to find the Master.
	giveUp := time.Now().Add(enrolWithin)
	for {
		_, err = unit.Enrol(ctx, unit.Enrolment{
			Parent: u.cfg.Parent, Token: token.Token, Name: u.cfg.Name, Role: u.cfg.Role,
			Control: u.cfg.Control, Query: u.cfg.Query, DataDir: u.cfg.DataDir,
		})
		if err == nil || time.Now().After(giveUp) || sleepUntil(ctx, time.Now().Add(100*time.Millisecond)) != nil {
			return err
		}
	}
}

// group makes the source groups and assigns the units to them.
func (d *demo) group(ctx context.Context, api *client.Client) error {
	for _, g := range []struct {
		name     string
		model    topology.Model
		delivery topology.Delivery
		units    []*demoUnit // Proxy or standalone Slave first
	}{
		{"london", d.cfg.model, d.cfg.delivery, d.units[1:4]},
		{"hq", topology.RoundRobin, topology.DeliverTLS, d.units[4:]},
	} {
		made, err := api.Create(ctx, client.SourceGroups, map[string]any{
			"name": g.name, "model": g.model, "delivery": g.delivery, "listen": []int{demoPort},
		}, false)
		if err != nil {
			return fmt.Errorf("make source group %s: %w", g.name, err)
		}
		members := []topology.Member{}
		for _, u := range g.units[1:] {
			members = append(members, topology.Member{Unit: u.id, Weight: 1})
		}
		_, err = api.Create(ctx, client.ProxyGroups, map[string]any{
			"name": g.name + "-1", "sourceGroup": made.ID, "priority": 1, "proxy": g.units[0].id, "slaves": members,
		}, false)
		if err != nil {
			return fmt.Errorf("make proxy group %s-1: %w", g.name, err)
		}
	}
	return nil
}

// allActive waits until the Master sees every unit active.
func (d *demo) allActive(ctx context.Context, api *client.Client) error {
	for {
		now, err := api.Topology(ctx)
		if err != nil {
			return err
		}
		waiting := ""
		for _, u := range now.Units {
			if u.Status.State != topology.Active {
				waiting = fmt.Sprintf("%s is %s: %s", u.Name, u.Status.State, u.Status.Reason)
			}
		}
		if waiting == "" {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not ready within %v: %s; logs are in %s", demoReady, waiting, d.cfg.dataDir)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
