package proxy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/weir/actors/proto"
	"example.com/weir/persistence/topology"
)

func wanted(names ...string) []*proto.Slave {
	var want []*proto.Slave
	for i, n := range names {
		want = append(want, &proto.Slave{
			UnitId: []byte("id-" + n), Name: []byte(n), Control: fmt.Sprintf("192.0.2.%d:2210", i+1), Weight: 1,
		})
	}
	return want
}

func TestFlowsGoToWantedSlavesThatAreUp(t *testing.T) {
	s := newSlaves()
	s.Want(wanted("a", "b", "c"))
	s.Link("id-a", true, "")
	s.Link("id-b", true, "")
	s.Link("id-x", true, "") // linked, but not this Proxy's
	s.Link("id-b", false, "no heartbeat for 3 s")
	var got []string
	for _, d := range s.Table() {
		got = append(got, d.Name+" "+d.Host.String())
	}
	if diff := cmp.Diff([]string{"a 192.0.2.1"}, got); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
	want := []place{{"id-a", "a", ""}, {"id-b", "b", "no heartbeat for 3 s"}, {"id-c", "c", neverHeard}}
	if b, x := s.nameOf("id-b"), s.nameOf("id-x"); b != "b" || x != "id-x" {
		t.Errorf("Slaves are called %q and %q, want b and id-x", b, x)
	}
	if diff := cmp.Diff(want, s.Places(), cmp.AllowUnexported(place{})); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
}

func TestReportsCarryTheWordOfTheProxy(t *testing.T) {
	s := newSlaves()
	s.Want(wanted("a", "b"))
	s.Link("id-a", true, "")
	s.Hear("id-a", &proto.Report{UnitId: []byte("id-a"), AppliedRevision: 7, Up: true})
	s.Link("id-a", false, "no heartbeat for 3 s")
	got := map[string]string{}
	for _, r := range s.Reports() {
		got[string(r.GetUnitId())] = fmt.Sprintf("up %t, applied %d", r.GetUp(), r.GetAppliedRevision())
	}
	want := map[string]string{"id-a": "up false, applied 7", "id-b": "up false, applied 0"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reports (-want +got):\n%s", diff)
	}
}

func TestCheckNamesTheSlavesThatAreMissing(t *testing.T) {
	tests := []struct {
		name string
		up   []string
		want string // in the error; empty: none
	}{
		{"none is missing", []string{"a", "b"}, ""},
		{"one", []string{"a"}, "the others take the flows of: b"},
		{"all", nil, "no Slave is up, flows wait in the spool and are lost when it is full: a"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSlaves()
			s.Want(wanted("a", "b"))
			for _, n := range test.up {
				s.Link(topology.UnitID("id-"+n), true, "")
			}
			err := s.Check()
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("check %v, want %q", err, test.want)
			}
		})
	}
}

// TestBehind names the Slaves that are up and have not confirmed; a link that
// comes up anew begins anew.
func TestBehind(t *testing.T) {
	s := newSlaves()
	s.Want([]*proto.Slave{{UnitId: []byte("a"), Name: []byte("slave-a")}, {UnitId: []byte("b"), Name: []byte("slave-b")}})
	s.Link("a", true, "")
	s.Link("b", true, "")
	s.Confirm("a", &proto.Applied{Revision: 7})
	s.Confirm("b", &proto.Applied{Revision: 7, Error: []byte("port is taken")})
	if got := s.Behind(7); !slices.Equal(got, []string{"slave-b"}) {
		t.Errorf("behind: %v, want slave-b", got)
	}
	s.Link("b", false, "silent")
	if got := s.Behind(7); len(got) != 0 {
		t.Errorf("behind: %v, which is not up", got)
	}
	s.Link("a", true, "")
	if got := s.Behind(7); !slices.Equal(got, []string{"slave-a"}) {
		t.Errorf("behind: %v, want slave-a", got)
	}
}
