// Package flowtest gives tests the captures of real exporters, their expected
// records and the malformed packets that the project keeps outside its
// repository.
//
// It is imported by tests only; synthetic exporters are in
// flowio/flowtest/synth, reading captures in flowio/flowtest/pcap.
package flowtest

import (
	"os"
	"path/filepath"
	"testing"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/flowtest/pcap"
)

// Dir returns the folder of test data: WEIR_TESTDATA, or shared/data beside
// the folder that holds go.mod. It skips the test if there is none, unless
// WEIR_TESTDATA names one that is missing, or in CI.
func Dir(t testing.TB) string {
	t.Helper()
	dir := dir(t)
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("WEIR_TESTDATA") != "" {
			t.Fatalf("test data: %v; set WEIR_TESTDATA to its folder", err)
		}
		Missing(t, "no test data: %v; set WEIR_TESTDATA to its folder", err)
	}
	return dir
}

func dir(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv("WEIR_TESTDATA"); dir != "" {
		return dir
	}
	return filepath.Join(moduleRoot(t), "..", "shared", "data")
}

// Data returns the path of a file of the test data, such as
// "flow/nf5_goflow2.pcap", and skips the test as Dir does.
func Data(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(Dir(t), name)
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// Packets returns the export packets of a capture.
func Packets(t testing.TB, path string) []flow.Packet {
	t.Helper()
	var packets []flow.Packet
	for p, err := range pcap.Read(path) {
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, p)
	}
	return packets
}

// Malformed returns the hostile and broken datagrams by file name, those of
// captures joined in their order.
func Malformed(t testing.TB) map[string][][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(Dir(t), "malformed", "*"))
	if err != nil {
		t.Fatal(err)
	}
	datagrams := map[string][][]byte{}
	for _, path := range paths {
		name := filepath.Base(path)
		if filepath.Ext(path) == ".pcap" {
			for _, p := range Packets(t, path) {
				datagrams[name] = append(datagrams[name], p.Payload)
			}
			continue
		}
		octets, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		datagrams[name] = [][]byte{octets}
	}
	return datagrams
}

// Seeds returns datagrams to start fuzzing from: the malformed ones, and
// the first few of each small capture of real exporters. Without test data
// there are none.
func Seeds(t testing.TB) map[string][][]byte {
	t.Helper()
	dir := dir(t)
	if _, err := os.Stat(dir); err != nil {
		return nil
	}
	const few, small = 4, 1500
	seeds := Malformed(t)
	captures, err := filepath.Glob(filepath.Join(dir, "flow", "*.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range captures {
		for _, p := range Packets(t, path) {
			if name := filepath.Base(path); len(p.Payload) <= small && len(seeds[name]) < few {
				seeds[name] = append(seeds[name], p.Payload)
			}
		}
	}
	return seeds
}

// moduleRoot returns the nearest folder above the working directory that
// holds go.mod.
func moduleRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the working directory")
		}
		dir = parent
	}
}
