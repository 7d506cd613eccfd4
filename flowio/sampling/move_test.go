package sampling

import (
	"net/netip"
	"testing"
)

func TestMove(t *testing.T) {
	table := NewTable()
	router := netip.MustParseAddr("192.0.2.1")
	table.Learn(Domain{router, 1}, All, 0, 100)
	table.Learn(Domain{router, 2}, Sampler, 7, 1000)
	table.LearnSystemInit(Domain{router, 2}, 5)
	table.Move(func(d Domain) []Domain { return []Domain{{Exporter: d.Exporter}} })
	all := table.Rates(Domain{Exporter: router})
	if all.Default() != 100 || all.Sampler(7) != 1000 || all.SystemInit() != 5 {
		t.Errorf("rates %d and %d, boot %d; want 100, 1000 and 5", all.Default(), all.Sampler(7), all.SystemInit())
	}
	if table.Rates(Domain{router, 2}) != nil || table.narrow != 1 {
		t.Errorf("the old domain is still there, or %d narrower rates are counted", table.narrow)
	}
	table.Move(func(d Domain) []Domain { return []Domain{{d.Exporter, 1}, {d.Exporter, 2}} })
	if table.Rates(Domain{router, 1}).Sampler(7) != 1000 || table.Rates(Domain{router, 2}).Default() != 100 {
		t.Error("the rates do not hold for both domains")
	}
}

// Sequences of several domains that become one are all there, even those whose
// selectors are told later.
func TestMoveSequences(t *testing.T) {
	table := NewTable()
	router := netip.MustParseAddr("192.0.2.1")
	table.LearnSequence(Domain{router, 1}, 11, []uint64{1})
	table.LearnSequence(Domain{router, 2}, 22, []uint64{2})
	together := Domain{Exporter: router}
	table.Move(func(Domain) []Domain { return []Domain{together} })
	table.Learn(together, Sampler, 1, 100)
	table.Learn(together, Sampler, 2, 1000)
	if a, b := table.Rates(together).Sequence(11), table.Rates(together).Sequence(22); a != 100 || b != 1000 {
		t.Errorf("rates %d and %d, want 100 and 1000", a, b)
	}
}
