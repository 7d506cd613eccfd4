package report

import (
	"slices"
	"strings"
	"sync"

	"example.com/weir/persistence/topology"
)

// DesiredCheck is the check that fails while a unit cannot apply what it was
// told to do; its reason says what and the remedy.
const DesiredCheck = "desired-state"

// Checks holds the readiness checks of one unit. Each part of the unit sets
// its own by name and removes it when it closes. The zero Checks is empty and
// safe for concurrent use.
type Checks struct {
	mu     sync.Mutex // guards everything below
	byName map[string]topology.Check
}

// Set records the outcome of a check: err nil is good, else its text says
// what is wrong and what to do.
func (c *Checks) Set(name string, err error) {
	check := topology.Check{Name: name, OK: err == nil}
	if err != nil {
		check.Reason = err.Error()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byName == nil {
		c.byName = map[string]topology.Check{}
	}
	c.byName[name] = check
}

// Fails reports whether a check fails whose name begins with prefix.
func (c *Checks) Fails(prefix string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, check := range c.byName {
		if !check.OK && strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// Remove forgets a check.
func (c *Checks) Remove(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.byName, name)
}

// RemovePrefix forgets every check whose name begins with prefix.
func (c *Checks) RemovePrefix(prefix string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name := range c.byName {
		if strings.HasPrefix(name, prefix) {
			delete(c.byName, name)
		}
	}
}

// List returns the checks ordered by name.
func (c *Checks) List() []topology.Check {
	c.mu.Lock()
	list := make([]topology.Check, 0, len(c.byName))
	for _, check := range c.byName {
		list = append(list, check)
	}
	c.mu.Unlock()
	slices.SortFunc(list, func(a, b topology.Check) int { return strings.Compare(a.Name, b.Name) })
	return list
}
