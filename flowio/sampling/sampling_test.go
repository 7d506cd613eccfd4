package sampling_test

import (
	"net/netip"
	"path/filepath"
	"testing"

	"example.com/weir/flowio/sampling"
)

var domain = sampling.Domain{Exporter: netip.MustParseAddr("192.0.2.1"), Number: 7}

func TestRates(t *testing.T) {
	type learned struct {
		scope    sampling.Scope
		id, rate uint64
	}
	tests := []struct {
		name                       string
		learned                    []learned
		all, sampler1, interface10 uint64
	}{
		{"nothing", nil, 0, 0, 0},
		{"rate 0 is no statement", []learned{{sampling.All, 0, 0}}, 0, 0, 0},
		{"domain", []learned{{sampling.All, 0, 100}}, 100, 100, 100},
		{"changed", []learned{{sampling.All, 0, 100}, {sampling.All, 0, 10}}, 10, 10, 10},
		{"the only sampler holds for all", []learned{{sampling.Sampler, 1, 16}}, 16, 16, 16},
		{"two samplers differ", []learned{{sampling.Sampler, 1, 16}, {sampling.Sampler, 2, 32}}, 0, 16, 0},
		{"two samplers agree", []learned{{sampling.Sampler, 3, 16}, {sampling.Sampler, 2, 16}}, 16, 16, 16},
		{"interface beside domain", []learned{{sampling.Interface, 10, 5}, {sampling.All, 0, 100}}, 100, 100, 5},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			table := sampling.NewTable()
			for _, l := range test.learned {
				table.Learn(domain, l.scope, l.id, l.rate)
			}
			r := table.Rates(domain)
			if r.Default() != test.all || r.Sampler(1) != test.sampler1 || r.Interface(10) != test.interface10 {
				t.Errorf("domain %d, sampler 1 %d, interface 10 %d; want %d, %d, %d",
					r.Default(), r.Sampler(1), r.Interface(10), test.all, test.sampler1, test.interface10)
			}
		})
	}
}

func TestDomainsAreApart(t *testing.T) {
	table := sampling.NewTable()
	table.Learn(domain, sampling.All, 0, 100)
	other := domain
	other.Number++
	if rate := table.Rates(other).Default(); rate != 0 {
		t.Errorf("another domain samples 1 in %d", rate)
	}
}

func TestBounded(t *testing.T) {
	table := sampling.NewTable()
	for id := range uint64(5000) {
		table.Learn(domain, sampling.Sampler, id, id+1)
	}
	r := table.Rates(domain)
	if r.Sampler(4095) != 4096 || r.Sampler(4096) != 0 {
		t.Errorf("sampler 4095: %d, 4096: %d; want the first 4096 and no more", r.Sampler(4095), r.Sampler(4096))
	}
}

// TestSequences multiplies what selectors in a row leave.
func TestSequences(t *testing.T) {
	table := sampling.NewTable()
	table.LearnSequence(domain, 7, []uint64{1, 2})
	if rate := table.Rates(domain).Sequence(7); rate != 0 {
		t.Errorf("rate %d before any is known", rate)
	}
	table.Learn(domain, sampling.Sampler, 1, 100)
	table.LearnSequence(domain, 8, []uint64{1})
	table.Learn(domain, sampling.Sampler, 3, 20)
	table.LearnSequence(domain, 9, []uint64{1, 3})
	table.LearnSequence(domain, 10, nil)
	table.LearnSequence(domain, 11, make([]uint64, 100))
	for id, want := range map[uint64]uint64{7: 100, 8: 100, 9: 2000, 10: 0, 11: 0} {
		if rate := table.Rates(domain).Sequence(id); rate != want {
			t.Errorf("rate of sequence %d is %d, want %d", id, rate, want)
		}
	}
	table.Learn(domain, sampling.Sampler, 3, 30)
	if rate := table.Rates(domain).Sequence(9); rate != 3000 {
		t.Errorf("rate %d after a selector has changed, want 3000", rate)
	}
	path := filepath.Join(t.TempDir(), "rates")
	if err := table.Save(path); err != nil {
		t.Fatal(err)
	}
	after := sampling.NewTable()
	if err := after.Load(path); err != nil {
		t.Fatal(err)
	}
	if rate := after.Rates(domain).Sequence(9); rate == 0 {
		t.Error("the rate of a sequence is forgotten in a restart")
	}
}
