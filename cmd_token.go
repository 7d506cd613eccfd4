package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"example.com/weir/persistence/access"
	"example.com/weir/persistence/topology"
	"example.com/weir/rest"
	"example.com/weir/rest/client"
)

const tokenExamples = `  weir token create --role slave --unit hq         a join token for the unit hq
  weir token create --role proxy --valid 24h       a join token for any expected Proxy
  weir token create --role viewer --name wallboard an API token
  weir token list
  weir token revoke 6hc3kq2p

Roles of units (master, proxy, slave, standalone) give a join token, which
'weir join' uses once; roles of people (viewer, operator, admin) an API token.
`

// cmdToken creates, lists and revokes tokens.
func cmdToken(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := flags("token", "create|list|revoke [FLAG ...] [ID]", tokenExamples)
	api := addAPIFlags(fs)
	role := fs.String("role", "", "create: `role` of the unit or of the person")
	name := fs.String("name", "", "create: `name` of an API token; it shows in the action log")
	unit := fs.String("unit", "", "create: `name` of the unit that may join; default any expected one of the role")
	valid := fs.Duration("valid", 0, "create: how long it is valid; default 1h (join token), 1 year (API token)")
	output := addOutput(fs, "table", "json")
	words, err := parse(fs, args, stdout, stderr)
	if err != nil {
		return err
	}
	if err := checkOutput(*output, "table", "json"); err != nil {
		return err
	}
	verb := ""
	if len(words) > 0 {
		verb = words[0]
	}
	c, err := api.connect()
	if err != nil {
		return err
	}
	asJSON := *output == "json"
	switch verb {
	case "create":
		if topology.Role(*role).Valid() {
			err = createJoinToken(ctx, c, topology.Role(*role), *unit, cmp.Or(*valid, time.Hour), asJSON, stdout)
		} else {
			err = createToken(ctx, c, access.Role(*role), *name, *valid, asJSON, stdout, stderr)
		}
	case "list":
		err = listTokens(ctx, c, asJSON, stdout)
	case "revoke":
		if len(words) != 2 {
			return usagef("token revoke: say the ID of one token; 'weir token list' shows them")
		}
		err = c.RevokeToken(ctx, words[1])
	default:
		return usagef("token: say what: create, list or revoke")
	}
	return explainRefusal(err, "")
}

func createJoinToken(ctx context.Context, c *client.Client, role topology.Role, unit string, valid time.Duration, asJSON bool, stdout io.Writer) error {
	var id topology.UnitID
	if unit != "" {
		t, err := c.Topology(ctx)
		if err != nil {
			return err
		}
		u, err := unitNamed(t, unit)
		if err != nil {
			return err
		}
		id = u.ID
	}
	made, err := c.CreateJoinToken(ctx, role, id, valid)
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(stdout, made)
	}
	_, err = fmt.Fprintln(stdout, made.Token)
	return err
}

func createToken(ctx context.Context, c *client.Client, role access.Role, name string, valid time.Duration, asJSON bool, stdout, stderr io.Writer) error {
	if !role.Valid() {
		return usagef("--role %q: want viewer, operator or admin (API token), or slave, proxy, standalone or master (join token)", role)
	}
	if name == "" {
		return usagef("--name: an API token needs a name; it shows in the action log")
	}
	var expires time.Time
	if valid > 0 {
		expires = time.Now().Add(valid)
	}
	made, err := c.CreateToken(ctx, name, role, expires)
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(stdout, made)
	}
	fmt.Fprintf(stderr, "API token %s of %s; it is not shown again:\n", made.Token.ID, made.Token.Name)
	_, err = fmt.Fprintln(stdout, made.Secret)
	return err
}

func listTokens(ctx context.Context, c *client.Client, asJSON bool, stdout io.Writer) error {
	tokens, err := c.Tokens(ctx)
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(stdout, tokens)
	}
	out := newTable("ID", "NAME", "ROLE", "CREATED", "EXPIRES")
	for _, t := range tokens {
		expires := "never"
		if t.Expires != nil {
			expires = stamp(*t.Expires)
		}
		out.add(t.ID, t.Name, string(t.Role), stamp(t.Created), expires)
	}
	return out.print(stdout)
}

// unitNamed finds a unit by name or ID.
func unitNamed(t rest.Topology, name string) (rest.Unit, error) {
	i := slices.IndexFunc(t.Units, func(u rest.Unit) bool { return u.Name == name || string(u.ID) == name })
	if i < 0 {
		return rest.Unit{}, fmt.Errorf("there is no unit %s; 'weir status' lists them", name)
	}
	return t.Units[i], nil
}
