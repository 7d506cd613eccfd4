package source_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/source"
)

func TestRelayed(t *testing.T) {
	s := source.Settings{Relayed: []uint16{2055, 4739}}
	if !s.IsRelayed(4739) || s.IsRelayed(6343) {
		t.Error("the ports are not told apart")
	}
}

func TestSettingsEqual(t *testing.T) {
	a, b := source.Settings{Forgotten: map[netip.Addr]time.Time{}}, source.Settings{}
	if !a.Equal(b) {
		t.Error("settings without anything in them differ")
	}
	b.Rates = map[netip.Addr]uint64{router.Addr(): 5}
	if a.Equal(b) {
		t.Error("a rate makes no difference")
	}
}

// seen notes a packet from a port in a domain.
func seen(r *source.Registry, port uint16, domain uint32, at time.Time) *source.Session {
	s := r.Session(source.SessionKey{Exporter: netip.AddrPortFrom(router.Addr(), port), Version: flow.VersionIPFIX, Domain: domain})
	s.Packet(source.Packet{Received: at})
	return s
}

func TestForgetLeavesWhatSendsSince(t *testing.T) {
	at := time.Unix(1_700_000_000, 0)
	r := source.NewRegistry(source.Config{})
	gone, stays := seen(r, 2000, 1, at), seen(r, 2000, 2, at.Add(time.Second))
	r.Forget(map[netip.Addr]time.Time{router.Addr(): at})
	if !gone.IsForgotten() || stays.IsForgotten() {
		t.Errorf("forgotten: %v of the silent one, %v of the one that sends", gone.IsForgotten(), stays.IsForgotten())
	}
	if r.Len() != 1 {
		t.Errorf("%d sources, want 1", r.Len())
	}
	seen(r, 2000, 1, at.Add(time.Minute))
	if all := r.Snapshot(nil); len(all) != 2 || all[0].Packets != 1 {
		t.Errorf("it does not reappear as new: %v", all)
	}
}

func TestSetPolicyForgetsWhatItTellsApart(t *testing.T) {
	at := time.Unix(1_700_000_000, 0)
	r := source.NewRegistry(source.Config{})
	old := seen(r, 2000, 1, at)
	seen(r, 2001, 1, at)
	r.SetPolicy(source.ByAddress)
	if r.Len() != 1 || old.IsForgotten() {
		t.Errorf("%d sources of an address, want 1", r.Len())
	}
	r.SetPolicy(source.ByAddressPort)
	if r.Len() != 0 || !old.IsForgotten() {
		t.Errorf("%d sources without a port, want none", r.Len())
	}
	seen(r, 2000, 1, at)
	seen(r, 2001, 1, at)
	if r.Len() != 2 {
		t.Errorf("%d sources by port, want 2", r.Len())
	}
}

func TestRefiling(t *testing.T) {
	port, other, none := router, netip.AddrPortFrom(router.Addr(), 2001), netip.AddrPortFrom(router.Addr(), 0)
	tests := []struct {
		from, to source.Policy
		filed    netip.AddrPort
		sessions []netip.AddrPort
		domain   uint32
		domains  []uint32
	}{
		{source.BySession, source.ByAddress, port, []netip.AddrPort{none}, 7, []uint32{0}},
		{source.BySession, source.ByAddressPort, port, []netip.AddrPort{port}, 0, []uint32{0}},
		{source.ByAddress, source.BySession, none, []netip.AddrPort{other, port}, 0, []uint32{1, 7}},
		{source.ByAddress, source.ByAddressDomain, none, []netip.AddrPort{none}, 0, []uint32{1, 7}},
		{source.ByAddressDomain, source.BySession, none, []netip.AddrPort{other, port}, 7, []uint32{7}},
	}
	for _, test := range tests {
		r := source.NewRegistry(source.Config{Policy: test.from})
		seen(r, 40000, 7, time.Unix(1, 0))
		seen(r, 2001, 1, time.Unix(1, 0))
		f := r.Refiling(test.to)
		if got := f.Sessions(test.filed); !slices.Equal(got, test.sessions) {
			t.Errorf("%v to %v: templates of %v belong to %v, want %v", test.from, test.to, test.filed, got, test.sessions)
		}
		if got := f.Domains(router.Addr(), test.domain); !slices.Equal(got, test.domains) {
			t.Errorf("%v to %v: rates of %d hold for %v, want %v", test.from, test.to, test.domain, got, test.domains)
		}
	}
}
