package topology

import (
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	// maxListen bounds the ports of one source group: each costs every Proxy a
	// set of sockets and every Slave a receiver.
	maxListen = 64

	// maxWeight bounds a Slave's share. A thousand to one is more than any two
	// machines differ.
	maxWeight = 1000

	// maxDescription bounds free text, in octets: it is in every snapshot.
	maxDescription = 1024

	// maxSlaves bounds one proxy group: every flow record on the wire may have
	// to reach any of them, and every heartbeat reports on all.
	maxSlaves = 256
)

var (
	// namePattern keeps names usable on a command line, in a filter and in a
	// file name.
	namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

	// idPattern fits a UUID, and nothing that would need escaping in the URI of
	// a certificate.
	idPattern = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)
)

// CheckChange is Check, preceded by the comparison of c.BasedOn.
func (s State) CheckChange(c Change) error {
	if c.BasedOn != 0 {
		if at := s.changed(c.Command); at > c.BasedOn {
			return fmt.Errorf("%w: changed in revision %d, based on %d", ErrRevision, at, c.BasedOn)
		}
	}
	return s.Check(c.Command)
}

// Check says whether c may be applied to s. It returns nil or a *CheckError
// with every problem found.
func (s State) Check(c Command) error {
	k := &checker{state: s}
	if n := c.count(); n != 1 {
		k.invalid("", "a command changes exactly one object, this one %d", n)
		return k.err()
	}
	switch {
	case c.CreateUnit != nil:
		k.createUnit(*c.CreateUnit)
	case c.UpdateUnit != nil:
		k.updateUnit(*c.UpdateUnit)
	case c.DeleteUnit != "":
		k.deleteUnit(c.DeleteUnit)
	case c.CreateSourceGroup != nil:
		k.createSourceGroup(*c.CreateSourceGroup)
	case c.UpdateSourceGroup != nil:
		k.updateSourceGroup(*c.UpdateSourceGroup)
	case c.DeleteSourceGroup != "":
		k.deleteSourceGroup(c.DeleteSourceGroup)
	case c.CreateProxyGroup != nil:
		k.createProxyGroup(*c.CreateProxyGroup)
	case c.UpdateProxyGroup != nil:
		k.updateProxyGroup(*c.UpdateProxyGroup)
	case c.DeleteProxyGroup != "":
		k.deleteProxyGroup(c.DeleteProxyGroup)
	case c.SetSource != nil:
		k.setSource(*c.SetSource)
	case c.DeleteSource != "":
		k.deleteSource(c.DeleteSource)
	case c.SetForwarder != nil:
		k.setForwarder(*c.SetForwarder)
	}
	return k.err()
}

// checker collects problems.
type checker struct {
	state    State
	problems []Problem
}

func (k *checker) err() error {
	if len(k.problems) == 0 {
		return nil
	}
	return &CheckError{Problems: k.problems}
}

func (k *checker) add(kind error, pointer, format string, args ...any) {
	k.problems = append(k.problems, Problem{Pointer: pointer, Detail: fmt.Sprintf(format, args...), Kind: kind})
}

func (k *checker) invalid(pointer, format string, args ...any) {
	k.add(ErrInvalid, pointer, format, args...)
}

func (k *checker) conflict(pointer, format string, args ...any) {
	k.add(ErrConflict, pointer, format, args...)
}

func (k *checker) missing(pointer, format string, args ...any) {
	k.add(ErrNotFound, pointer, format, args...)
}

func (k *checker) identity(id, name string) {
	if !idPattern.MatchString(id) {
		k.invalid("/id", "%q is not an identifier; use a UUID", id)
	}
	if !namePattern.MatchString(name) {
		k.invalid("/name", "%q is not a name; use 1 to 63 letters, digits, '.', '_' or '-', beginning with a letter or digit", name)
	}
}

func (k *checker) createUnit(u Unit) {
	if _, exists := k.state.Units[u.ID]; exists {
		k.conflict("/id", "unit %s exists already", u.ID)
	}
	k.unit(u)
}

func (k *checker) updateUnit(u Unit) {
	old, exists := k.state.Units[u.ID]
	if !exists {
		k.missing("/id", "unit %s does not exist", u.ID)
		return
	}
	if old.Role != u.Role {
		k.conflict("/role", "unit %s is a %s; a role never changes: delete the unit and create another", old.Name, old.Role)
	}
	k.unit(u)
}

func (k *checker) unit(u Unit) {
	k.identity(string(u.ID), u.Name)
	if !u.Role.Valid() {
		k.invalid("/role", "%q is not a role; use master, proxy, slave or standalone", u.Role)
	}
	k.address("/control", u.Control)
	k.address("/query", u.Query)
	for _, other := range k.state.Units {
		if other.ID == u.ID {
			continue
		}
		if other.Name == u.Name {
			k.conflict("/name", "another unit has the name %s", u.Name)
		}
		if u.Control != "" && other.Control == u.Control {
			k.conflict("/control", "unit %s has the address %s", other.Name, u.Control)
		}
		if u.Query != "" && other.Query == u.Query {
			k.conflict("/query", "unit %s has the address %s", other.Name, u.Query)
		}
	}
}

// address accepts an empty one: a unit that is expected tells its addresses
// when it joins.
func (k *checker) address(pointer, address string) {
	if address == "" {
		return
	}
	host, port, err := net.SplitHostPort(address)
	if n, numErr := strconv.ParseUint(port, 10, 16); err != nil || numErr != nil || n == 0 || host == "" {
		k.invalid(pointer, "%q is not host:port", address)
	}
}

func (k *checker) deleteUnit(id UnitID) {
	u, exists := k.state.Units[id]
	if !exists {
		k.missing("", "unit %s does not exist", id)
		return
	}
	if g, ok := k.state.GroupOf(id); ok {
		k.conflict("", "unit %s belongs to proxy group %s; take it out first", u.Name, g.Name)
	}
}

func (k *checker) createSourceGroup(g SourceGroup) {
	if _, exists := k.state.SourceGroups[g.ID]; exists {
		k.conflict("/id", "source group %s exists already", g.ID)
	}
	k.sourceGroup(g)
}

func (k *checker) updateSourceGroup(g SourceGroup) {
	if _, exists := k.state.SourceGroups[g.ID]; !exists {
		k.missing("/id", "source group %s does not exist", g.ID)
		return
	}
	k.sourceGroup(g)
}

func (k *checker) sourceGroup(g SourceGroup) {
	k.identity(string(g.ID), g.Name)
	if len(g.Description) > maxDescription {
		k.invalid("/description", "longer than %d octets", maxDescription)
	}
	if g.Model != RoundRobin && g.Model != FlowSource && g.Model != HostPair {
		k.invalid("/model", "%q is not a distribution model; use %s, %s or %s", g.Model, RoundRobin, FlowSource, HostPair)
	}
	if g.Delivery != DeliverUDP && g.Delivery != DeliverTLS {
		k.invalid("/delivery", "%q is not a delivery; use %s or %s", g.Delivery, DeliverUDP, DeliverTLS)
	}
	k.listen(g.Listen)
	k.exporters(g)
	k.retention(g.Retention)
	k.forwarding(g)
	for _, other := range k.state.SourceGroups {
		if other.ID != g.ID && other.Name == g.Name {
			k.conflict("/name", "another source group has the name %s", g.Name)
		}
	}
}

func (k *checker) listen(ports []uint16) {
	if len(ports) == 0 || len(ports) > maxListen {
		k.invalid("/listen", "%d listening ports; use 1 to %d", len(ports), maxListen)
	}
	for i, port := range ports {
		pointer := fmt.Sprintf("/listen/%d", i)
		if port == 0 || port > MaxListenPort {
			k.invalid(pointer, "port %d cannot be redistributed on %d; use 1 to %d",
				port, int(port)+PortOffset, MaxListenPort)
		}
		if slices.Contains(ports[:i], port) {
			k.invalid(pointer, "port %d is listed twice", port)
		}
	}
}

func (k *checker) deleteSourceGroup(id GroupID) {
	g, exists := k.state.SourceGroups[id]
	if !exists {
		k.missing("", "source group %s does not exist", id)
		return
	}
	var holds []string
	for _, pg := range k.state.GroupsOf(id) {
		holds = append(holds, fmt.Sprintf("%s (%s)", pg.Name, strings.Join(k.state.unitNames(pg), ", ")))
	}
	if len(holds) > 0 {
		k.conflict("", "source group %s still holds proxy groups and their units: %s; take them out first",
			g.Name, strings.Join(holds, ", "))
	}
}
