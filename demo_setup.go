package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"example.com/weir/actors/unit"
	"example.com/weir/persistence/topology"
	"example.com/weir/rest/client"
)

// start starts every unit, lets the new ones join, makes the groups and waits
// until all of it works.
func (d *demo) start(ctx context.Context) error {
	master := d.master()
	if err := d.launch(ctx, master); err != nil {
		return err
	}
	api, err := d.client()
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
	var now topology.View
	if now, err = view(ctx, api); err != nil {
		return err
	}
	for _, u := range d.units {
		known, ok := now.UnitByName(u.cfg.Name)
		if !ok {
			return fmt.Errorf("the Master does not know %s", u.cfg.Name)
		}
		u.id = known.ID
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

func (d *demo) client() (*client.Client, error) {
	token, err := os.ReadFile(d.tokenFile())
	if err != nil {
		return nil, fmt.Errorf("read API token: %w", err)
	}
	return client.New(d.api(), strings.TrimSpace(string(token))), nil
}

// enrol lets u join, unless it has in an earlier run on the same directory.
func (d *demo) enrol(ctx context.Context, api *client.Client, u *demoUnit) error {
	if _, err := os.Stat(filepath.Join(u.cfg.DataDir, "tls", "unit.pem")); err == nil {
		return nil
	}
	var token struct {
		Token string `json:"token"`
	}
	err := api.Do(ctx, http.MethodPost, "/join-tokens", map[string]any{"role": u.cfg.Role}, &token)
	if err != nil {
		return fmt.Errorf("make a join token for %s: %w", u.cfg.Name, err)
	}
	if err := os.MkdirAll(u.cfg.DataDir, 0o700); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	// A Slave joins through its Proxy, which may need a moment to find the
	// Master.
	for {
		_, err = unit.Enrol(ctx, unit.Enrolment{
			Parent: u.cfg.Parent, Token: token.Token, Name: u.cfg.Name, Role: u.cfg.Role,
			Control: u.cfg.Control, Query: u.cfg.Query, DataDir: u.cfg.DataDir,
		})
		if err == nil || ctx.Err() != nil || !errors.Is(err, unit.ErrDown) {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// group makes the source groups and assigns the units to them.
func (d *demo) group(ctx context.Context, api *client.Client) error {
	port := 2055
	for _, g := range []struct {
		name     string
		model    topology.Model
		delivery topology.Delivery
		units    []*demoUnit // Proxy or standalone Slave first
	}{
		{"london", d.cfg.model, d.cfg.delivery, d.units[1:4]},
		{"hq", topology.RoundRobin, topology.DeliverTLS, d.units[4:]},
	} {
		var made struct {
			ID string `json:"id"`
		}
		err := api.Do(ctx, http.MethodPost, "/source-groups", map[string]any{
			"name": g.name, "model": g.model, "delivery": g.delivery, "listen": []int{port},
		}, &made)
		if err != nil {
			return fmt.Errorf("make source group %s: %w", g.name, err)
		}
		slaves := []map[string]any{}
		for _, u := range g.units[1:] {
			slaves = append(slaves, map[string]any{"unit": u.id, "weight": 1})
		}
		err = api.Do(ctx, http.MethodPost, "/proxy-groups", map[string]any{
			"name": g.name + "-1", "sourceGroup": made.ID, "priority": 1, "proxy": g.units[0].id, "slaves": slaves,
		}, nil)
		if err != nil {
			return fmt.Errorf("make proxy group %s-1: %w", g.name, err)
		}
	}
	return nil
}

// allActive waits until the Master sees every unit active.
func (d *demo) allActive(ctx context.Context, api *client.Client) error {
	for {
		now, err := view(ctx, api)
		if err != nil {
			return err
		}
		waiting := ""
		for _, u := range d.units {
			if s := now.Status[u.id]; s.State != topology.Active {
				waiting = fmt.Sprintf("%s is %s: %s", u.cfg.Name, s.State, s.Reason)
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
