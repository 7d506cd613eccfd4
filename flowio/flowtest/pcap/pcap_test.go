package pcap_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"example.com/weir/flowio/flowtest"
	"example.com/weir/flowio/flowtest/pcap"
)

// TestRead counts the datagrams of every capture.
func TestRead(t *testing.T) {
	octets, err := os.ReadFile(flowtest.Data(t, "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	var captures []struct {
		File      string `json:"file"`
		Datagrams int    `json:"datagrams"`
	}
	if err := json.Unmarshal(octets, &captures); err != nil {
		t.Fatal(err)
	}
	for _, c := range captures {
		n := 0
		for p, err := range pcap.Read(flowtest.Data(t, c.File)) {
			if err != nil {
				t.Fatal(err)
			}
			if !p.Exporter.IsValid() || p.Port == 0 || p.Received.IsZero() {
				t.Errorf("%s: datagram %d lacks exporter, port or time: %+v", c.File, n, p)
			}
			n++
		}
		if n != c.Datagrams {
			t.Errorf("%s: %d datagrams, want %d", c.File, n, c.Datagrams)
		}
	}
}

func TestRefuses(t *testing.T) {
	for p, err := range pcap.Stream(bytes.NewReader([]byte("no capture at all"))) {
		if err == nil {
			t.Errorf("datagram %+v out of no capture", p)
		}
	}
	for _, err := range pcap.Read("missing.pcap") {
		if err == nil {
			t.Error("a missing capture is read")
		}
	}
}
