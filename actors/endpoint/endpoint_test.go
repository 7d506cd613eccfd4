package endpoint

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/actors/proto"
	"example.com/weir/persistence/topology"
)

func TestOf(t *testing.T) {
	group := func(delivery string, ports ...uint32) *proto.DesiredState {
		return &proto.DesiredState{SourceGroup: &proto.SourceGroup{Delivery: delivery, Listen: ports}}
	}
	tests := []struct {
		name    string
		role    topology.Role
		desired *proto.DesiredState
		want    []string
	}{
		{"idle", topology.Slave, &proto.DesiredState{}, nil},
		{"slave over udp", topology.Slave, group("udp", 2055, 6343), []string{"udp 32055", "udp 36343"}},
		{"slave over tls", topology.Slave, group("tls", 2055), []string{"tcp 32055"}},
		{"proxy", topology.Proxy, group("tls", 2055), []string{"udp 2055"}},
		{"standalone", topology.Standalone, group("udp", 2055), []string{"udp 2055"}},
		{"ports that leave no room", topology.Slave, group("udp", 0, 35536, 70000), nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, e := range Of(test.role, test.desired) {
				got = append(got, e.String())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("endpoints (-want +got):\n%s", diff)
			}
		})
	}
}

// door is a receiver that can be taken.
type door struct {
	taken map[uint16]bool
	port  uint16
	log   *[]string
}

func (d *door) Start() error {
	if d.taken[d.port] {
		return errors.New("port is taken")
	}
	*d.log = append(*d.log, "open")
	return nil
}

func (d *door) Close() error {
	*d.log = append(*d.log, "close")
	return nil
}

func TestATakenPortDoesNotDisturbTheOthers(t *testing.T) {
	var log []string
	taken := map[uint16]bool{2056: true}
	checks := map[string]bool{}
	s := NewSet(
		func(e Endpoint) (Receiver, error) { return &door{taken, e.Port, &log}, nil },
		func(e Endpoint, err error) { checks[e.String()] = err == nil },
		func(e Endpoint) { delete(checks, e.String()) },
	)
	a, b := Endpoint{Port: 2055}, Endpoint{Port: 2056}
	if err := s.Want([]Endpoint{a, b}); err == nil {
		t.Error("the taken port gave no error")
	}
	if diff := cmp.Diff(map[string]bool{"udp 2055": true, "udp 2056": false}, checks); diff != "" {
		t.Errorf("checks (-want +got):\n%s", diff)
	}
	delete(taken, 2056)
	if err := s.Want([]Endpoint{a, b}); err != nil {
		t.Errorf("again: %v", err)
	}
	if diff := cmp.Diff([]string{"open", "open"}, log); diff != "" {
		t.Errorf("an open port was touched (-want +got):\n%s", diff)
	}
	if err := s.Want([]Endpoint{b}); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(map[string]bool{"udp 2056": true}, checks); diff != "" {
		t.Errorf("checks (-want +got):\n%s", diff)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"open", "open", "close", "close"}, log); diff != "" {
		t.Errorf("doors (-want +got):\n%s", diff)
	}
}

// TestReplacedReceiversGoOn changes the way of delivery: the receiver of the way
// before goes on until its time has come, its port is given up, or it is wanted
// again.
func TestReplacedReceiversGoOn(t *testing.T) {
	udp, tls := Endpoint{Port: 2055, Delivery: "udp"}, Endpoint{Port: 2055, Delivery: "tls"}
	for name, c := range map[string]struct {
		then func(*testing.T, *Set)
		want []string
	}{
		"time":     {func(_ *testing.T, s *Set) { s.retire(udp) }, []string{"tcp 32055"}},
		"up again": {func(t *testing.T, s *Set) { want(t, s, udp); s.retire(udp) }, []string{"tcp 32055", "udp 32055"}},
		"given up": {func(t *testing.T, s *Set) { want(t, s) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			open := map[string]bool{}
			s := NewSet(
				func(e Endpoint) (Receiver, error) { return &flag{open, e.String()}, nil },
				func(Endpoint, error) {}, func(Endpoint) {})
			want(t, s, udp)
			want(t, s, tls)
			if !open["udp 32055"] || !open["tcp 32055"] {
				t.Errorf("open while both are needed: %v", open)
			}
			c.then(t, s)
			if got := slices.Sorted(maps.Keys(open)); !slices.Equal(got, c.want) {
				t.Errorf("open at last: %v, want %v", got, c.want)
			}
			if err := s.Close(); err != nil || len(open) > 0 {
				t.Errorf("closed: %v, open: %v", err, open)
			}
		})
	}
}

func want(t *testing.T, s *Set, endpoints ...Endpoint) {
	t.Helper()
	if err := s.Want(endpoints); err != nil {
		t.Fatal(err)
	}
}

// flag is a receiver that shows whether it is open.
type flag struct {
	open map[string]bool
	name string
}

func (f *flag) Start() error { f.open[f.name] = true; return nil }
func (f *flag) Close() error { delete(f.open, f.name); return nil }
