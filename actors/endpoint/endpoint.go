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
	"time"

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

// retireAfter is how long a receiver goes on beside the one that replaces it on
// the same port, when the way of delivery changes: until its Proxy has heard of
// the new one, has switched and has delivered what it held.
const retireAfter = 30 * time.Second

// Set holds the receivers that are open, and opens and closes what a new
// desired state asks for.
type Set struct {
	open  func(Endpoint) (Receiver, error)
	check func(e Endpoint, err error) // the state of one
	gone  func(e Endpoint)            // it is not wanted any more

	mu      sync.Mutex // guards everything below
	running map[Endpoint]Receiver
	wanted  []Endpoint
	retired map[Endpoint]*time.Timer // of those that run and are replaced
}

// NewSet returns an empty set. Open makes the receiver of an endpoint; check is
// told the outcome of opening one, gone that one is wanted no more.
func NewSet(open func(Endpoint) (Receiver, error), check func(Endpoint, error), gone func(Endpoint)) *Set {
	return &Set{open: open, check: check, gone: gone, running: map[Endpoint]Receiver{}, retired: map[Endpoint]*time.Timer{}}
}

// Want closes the receivers that are not wanted and opens those that are and do
// not run yet. One whose port gets another way of delivery goes on for a while.
// One that cannot be opened does not stop the others; calling Want again tries
// again.
func (r *Set) Want(wanted []Endpoint) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for _, e := range r.wanted {
		if slices.Contains(wanted, e) {
			continue
		}
		if r.running[e] != nil && isReplaced(e, wanted) {
			r.retired[e] = time.AfterFunc(retireAfter, func() { r.retire(e) })
			continue
		}
		errs = append(errs, r.stopLocked(e))
		r.gone(e)
	}
	r.wanted = slices.Clone(wanted)
	errs = append(errs, r.dismissLocked()...)
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

// isReplaced reports whether flows of the port of e come in another way.
func isReplaced(e Endpoint, wanted []Endpoint) bool {
	return slices.ContainsFunc(wanted, func(w Endpoint) bool { return w.Port == e.Port && w.Delivery != e.Delivery })
}

// dismissLocked ends the time of those replaced receivers that are wanted again
// or whose port is not wanted any more; the latter are closed.
func (r *Set) dismissLocked() (errs []error) {
	for e, timer := range r.retired {
		switch {
		case slices.Contains(r.wanted, e):
		case isReplaced(e, r.wanted):
			continue
		default:
			errs = append(errs, r.stopLocked(e))
			r.gone(e)
		}
		timer.Stop()
		delete(r.retired, e)
	}
	return errs
}

// retire closes a receiver that was replaced, unless it is wanted again.
func (r *Set) retire(e Endpoint) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.retired[e] == nil {
		return
	}
	delete(r.retired, e)
	_ = r.stopLocked(e) // its socket is closed whatever it says
	r.gone(e)
}

func (r *Set) stopLocked(e Endpoint) error {
	run := r.running[e]
	if run == nil {
		return nil
	}
	delete(r.running, e)
	return run.Close()
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
	for _, timer := range r.retired {
		timer.Stop()
	}
	for _, run := range r.running {
		errs = append(errs, run.Close())
	}
	r.running, r.retired = map[Endpoint]Receiver{}, map[Endpoint]*time.Timer{}
	return errors.Join(errs...)
}
