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
		{CERT, CERTUnionTCPFlags, "CERT/unionTCPFlags"},
		{Cisco, CiscoClientIPv4Address, "Cisco/clientIPv4Address"},
		{Cisco, 1, "Cisco/1"},
		{0, 510, "gtpuPduType"},
		{12345678, 1, "12345678/1"},
	} {
		if got := Name(c.enterprise, c.element); got != c.want {
			t.Errorf("element %d of %d is called %q, want %q", c.element, c.enterprise, got, c.want)
		}
	}
	unnamed := map[uint16]bool{97: true, 416: true, 419: true}
	for element := range uint16(511) {
		if element == 0 || element >= 65 && element <= 69 || element >= 105 && element <= 127 {
			continue
		}
		if _, known := names()[element]; known == unnamed[element] {
			t.Errorf("element %d has a name: %v", element, known)
		}
	}
}
