package ie

import "testing"

func TestName(t *testing.T) {
	for _, c := range []struct {
		enterprise uint32
		element    uint16
		want       string
	}{
		{0, OctetDeltaCount, "octetDeltaCount"},
		{0, Layer2OctetDeltaCount, "layer2OctetDeltaCount"},
		{0, SamplingPopulation, "samplingPopulation"},
		{0, ObservationTimeNanoseconds, "observationTimeNanoseconds"},
		{0, OriginalExporterIPv6Address, "originalExporterIPv6Address"},
		{0, 40000, "40000"},
		{ReverseEnterprise, TCPControlBits, "reverseTcpControlBits"},
		{CERT, CERTUnionTCPFlags, "CERT/15"},
		{12345678, 1, "12345678/1"},
	} {
		if got := Name(c.enterprise, c.element); got != c.want {
			t.Errorf("element %d of %d is called %q, want %q", c.element, c.enterprise, got, c.want)
		}
	}
	if n := len(names()); n < 400 {
		t.Errorf("%d names, want the whole registry", n)
	}
}
