package source_test

import (
	"strings"
	"testing"

	"example.com/weir/flowio/source"
)

func TestWarnings(t *testing.T) {
	well := source.Source{Sampling: source.Sampling{Rate: 1, Unscaled: 3}} // of before the rate was told
	if got := well.Warnings(); len(got) != 0 {
		t.Errorf("all is well: %v", got)
	}
	ill := source.Source{
		Clock: source.Clock{Skew: -90_000, IsSkewed: true}, Templates: source.Templates{IsFlapping: true},
		Sampling: source.Sampling{Unscaled: 3},
	}
	got := ill.Warnings()
	for i, want := range []string{"off by -1m30s", "address+port", "3 records"} {
		if len(got) != 3 || !strings.Contains(got[i].Text, want) {
			t.Fatalf("%v, want three, one with %q", got, want)
		}
	}
}
