package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"example.com/weir/rest"
	"example.com/weir/rest/client"
)

const tokenExamples = `  weir token create --role slave --unit hq         a join token for the unit hq
  weir token create --role proxy --valid 24h       a join token for any expected Proxy
  weir token create --role viewer --name wallboard an API token
  weir token create --role admin --name rescue --data-dir /var/lib/weir
                                                   the same on the Master itself, which is stopped:
                                                   for when nobody has a token any more
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
	dataDir := fs.String("data-dir", "", "create: data `directory` of a Master that does not run, in place of its API")
	output := addOutput(fs, "table", "json")
	words, err := parse(fs, args, stdout, stderr)
	if err != nil {
		return err
	}
	if err := checkOutput(*output, "table", "json"); err != nil {
		return err
	}
	made := newToken{
		role: *role, name: *name, unit: *unit, valid: *valid, dataDir: *dataDir,
		asJSON: *output == "json", stdout: stdout, stderr: stderr,
	}
	if err := made.check(words); err != nil {
		return err
	}
	if *dataDir != "" {
		return made.createOffline(time.Now())
	}
	c, err := api.connect()
	if err != nil {
		return err
	}
	switch {
	case words[0] == "list":
		err = listTokens(ctx, c, made.asJSON, stdout)
	case words[0] == "revoke":
		err = c.RevokeToken(ctx, words[1])
	case made.isJoin():
		err = made.createJoin(ctx, c)
	default:
		err = made.create(ctx, c)
	}
	return explainRefusal(err, "")
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
