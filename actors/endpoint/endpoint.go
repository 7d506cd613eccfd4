// Package endpoint is where flows reach a unit: which ports a desired state
// asks for, and the set of them that is open.
//
// What listens behind an endpoint is the business of the roles.
package endpoint

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"example.com/weir/actors/proto"
	"example.com/weir/persistence/topology"
)

// Endpoint is a place where flows arrive.
type Endpoint struct {
	Port     uint16 // that exporters send to
	Delivery string // how the Proxy delivers; empty: exporters send here themselves
}

// Listening returns the port of this unit.
func (e Endpoint) Listening() uint16 {
	if e.Delivery == "" {
		return e.Port
	}
	return e.Port + topology.PortOffset
}

func (e Endpoint) String() string {
	if e.Delivery == string(topology.DeliverTLS) {
		return fmt.Sprintf("tcp %d", e.Listening())
	}
	return fmt.Sprintf("udp %d", e.Listening())
}

// Of returns where a unit must receive; nothing if it does not operate. Flows
// reach Slaves on the leg from their Proxy, all others from exporters.
func Of(role topology.Role, d *proto.DesiredState) []Endpoint {
	sg := d.GetSourceGroup()
	var all []Endpoint
	for _, port := range sg.GetListen() {
		if port == 0 || port > topology.MaxListenPort {
			continue // the Master refuses it
		}
		e := Endpoint{Port: uint16(port)}
		if role == topology.Slave {
			e.Delivery = sg.GetDelivery()
		}
		all = append(all, e)
	}
	return all
}

// OfTwins returns where the head of a proxy group takes copies from its twins;
// nothing if it has none.
func OfTwins(d *proto.DesiredState) []Endpoint {
	if len(d.GetTwins()) == 0 {
		return nil
	}
	all := Of(topology.Proxy, d)
	for i := range all {
		all[i].Delivery = string(topology.DeliverTLS)
	}
	return all
}

// Receiver takes flows in, see listen.Listener and distribute.TLSReceiver.
type Receiver interface {
	Start() error
	Close() error
}

// Set holds the receivers that are open, and opens and closes what a new
// desired state asks for.
type Set struct {
	open  func(Endpoint) (Receiver, error)
	check func(e Endpoint, err error) // the state of one
	gone  func(e Endpoint)            // it is not wanted any more

	mu      sync.Mutex // guards everything below
	running map[Endpoint]Receiver
	wanted  []Endpoint
}

// NewSet returns an empty set. Open makes the receiver of an endpoint; check is
// told the outcome of opening one, gone that one is wanted no more.
func NewSet(open func(Endpoint) (Receiver, error), check func(Endpoint, error), gone func(Endpoint)) *Set {
	return &Set{open: open, check: check, gone: gone, running: map[Endpoint]Receiver{}}
}

// Want closes the receivers that are not wanted and opens those that are and do
// not run yet. One that cannot be opened does not stop the others; calling Want
// again tries again.
func (r *Set) Want(wanted []Endpoint) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for _, e := range r.wanted {
		if slices.Contains(wanted, e) {
			continue
		}
		if run := r.running[e]; run != nil {
			delete(r.running, e)
			errs = append(errs, run.Close())
		}
		r.gone(e)
	}
	r.wanted = slices.Clone(wanted)
	for _, e := range wanted {
		if r.running[e] != nil {
			continue
		}
		err := r.startLocked(e)
		r.check(e, err)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (r *Set) startLocked(e Endpoint) error {
	run, err := r.open(e)
	if err != nil {
		return err
	}
	if err := run.Start(); err != nil {
		return err
	}
	r.running[e] = run
	return nil
}

// Close closes every receiver; each gives what it holds before it returns.
func (r *Set) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for _, run := range r.running {
		errs = append(errs, run.Close())
	}
	r.running = map[Endpoint]Receiver{}
	return errors.Join(errs...)
}
