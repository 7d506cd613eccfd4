package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"example.com/weir/persistence/access"
	"example.com/weir/persistence/configdb"
	"example.com/weir/persistence/identity"
	"example.com/weir/persistence/topology"
	"example.com/weir/rest"
	"example.com/weir/rest/client"
)

// offlineActor is who makes a token without the API, in the list of tokens.
const offlineActor = "command line of the Master"

// newToken is what the flags say of a token to make.
type newToken struct {
	role, name, unit string
	valid            time.Duration
	dataDir          string
	asJSON           bool
	stdout, stderr   io.Writer
}

// isJoin reports whether the role is one of units.
func (n newToken) isJoin() bool { return topology.Role(n.role).Valid() }

// check refuses what no Master could do.
func (n newToken) check(words []string) error {
	verb, others := "", 0
	if len(words) > 0 {
		verb, others = words[0], len(words)-1
	}
	switch {
	case verb != "create" && verb != "list" && verb != "revoke":
		return usagef("token: say what: create, list or revoke")
	case verb == "revoke" && others != 1:
		return usagef("token revoke: say the ID of one token; 'weir token list' shows them")
	case verb != "revoke" && others > 0:
		return usagef("token %s takes no arguments, not %q", verb, words[1])
	case n.dataDir != "" && verb != "create":
		return usagef("token %s: --data-dir is for create", verb)
	case verb != "create", n.isJoin() && n.dataDir == "":
		return nil
	case n.isJoin():
		return usagef("token create: --data-dir makes API tokens; join tokens need the Master, which has to run when the unit joins")
	case !access.Role(n.role).Valid():
		return usagef("--role %q: want viewer, operator or admin (API token), or slave, proxy, standalone or master (join token)", n.role)
	case n.name == "":
		return usagef("--name: an API token needs a name; it shows in the action log")
	case n.valid < 0:
		return usagef("--valid %v: want more than 0", n.valid)
	}
	return nil
}

// createJoin makes a join token.
func (n newToken) createJoin(ctx context.Context, c *client.Client) error {
	var id topology.UnitID
	if n.unit != "" {
		t, err := c.Topology(ctx)
		if err != nil {
			return err
		}
		u, err := unitNamed(t, n.unit)
		if err != nil {
			return err
		}
		id = u.ID
	}
	made, err := c.CreateJoinToken(ctx, topology.Role(n.role), id, cmp.Or(n.valid, time.Hour))
	if err != nil {
		return err
	}
	if n.asJSON {
		return printJSON(n.stdout, made)
	}
	_, err = fmt.Fprintln(n.stdout, made.Token)
	return err
}

// create makes an API token.
func (n newToken) create(ctx context.Context, c *client.Client) error {
	var expires time.Time
	if n.valid > 0 {
		expires = time.Now().Add(n.valid)
	}
	made, err := c.CreateToken(ctx, n.name, access.Role(n.role), expires)
	if err != nil {
		return err
	}
	return n.print(made)
}

// createOffline makes an API token in the data directory of a Master that does
// not run. Whoever can write there has the deployment in hand anyway.
func (n newToken) createOffline(now time.Time) (err error) {
	id, err := identity.Load(n.dataDir)
	if err != nil {
		return fmt.Errorf("token create: %w", err)
	}
	if id.Role != topology.Master {
		return usagef("token create: %s is the data directory of a %s; the Master keeps the tokens", n.dataDir, id.Role)
	}
	m, err := configdb.OpenMaster(n.dataDir, id.Cluster)
	if err != nil {
		return fmt.Errorf("token create: %w", err)
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	expires := now.Add(cmp.Or(n.valid, longestToken))
	secret, t, err := m.CreateToken(n.name, access.Role(n.role), expires, offlineActor, now)
	if err != nil {
		return fmt.Errorf("token create: %w", err)
	}
	return n.print(rest.CreatedToken{
		Secret: secret, Token: rest.Token{ID: t.ID, Name: t.Name, Role: t.Role, Created: t.Created, Expires: &t.Expires},
	})
}

func (n newToken) print(made rest.CreatedToken) error {
	if n.asJSON {
		return printJSON(n.stdout, made)
	}
	fmt.Fprintf(n.stderr, "API token %s of %s; it is not shown again:\n", made.Token.ID, made.Token.Name)
	_, err := fmt.Fprintln(n.stdout, made.Secret)
	return err
}

// longestToken is how long a token is valid if nobody says, here and at the API.
const longestToken = 365 * 24 * time.Hour
