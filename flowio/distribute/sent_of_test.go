package distribute

import (
	"net/netip"
	"testing"
	"time"
)

// TestSentOfMakesRoom counts records of more exporters than there is room for:
// those that send no more give way to new ones, one that goes on stays, and the
// sum is exact.
func TestSentOfMakesRoom(t *testing.T) {
	var o sentOf
	now, good := time.Now(), netip.MustParseAddr("192.0.2.1")
	o.count(good).records.Add(1)
	invented := netip.MustParseAddr("10.0.0.0")
	for range maxSentOf + 100 {
		o.count(invented).records.Add(1)
		invented = invented.Next()
	}
	if n := len(o.all()); n > maxSentOf+1 {
		t.Errorf("%d exporters, want at most %d", n, maxSentOf+1)
	}
	o.makeRoom(now.Add(lookEvery)) // notes what each has
	late := o.count(netip.MustParseAddr("10.0.0.0"))
	o.count(good).records.Add(1)
	if !o.makeRoom(now.Add(2 * lookEvery)) {
		t.Fatal("nobody gave way")
	}
	if got := o.all()[good]; got != 2 {
		t.Errorf("the exporter that goes on has %d records, want 2", got)
	}
	late.records.Add(1) // by somebody who found it before
	fresh := netip.MustParseAddr("192.0.2.2")
	o.count(fresh).records.Add(5)
	o.makeRoom(now.Add(3 * lookEvery))
	all, sum := o.all(), uint64(0)
	for _, n := range all {
		sum += n
	}
	if all[fresh] != 5 || sum != maxSentOf+100+2+1+5 {
		t.Errorf("the new exporter has %d records, all %d; want 5 and %d", all[fresh], sum, maxSentOf+100+2+1+5)
	}
}
