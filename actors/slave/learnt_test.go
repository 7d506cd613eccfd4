package slave

import (
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/flowtest/synth"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/source"
	"example.com/weir/persistence/flowstore"
	"example.com/weir/persistence/topology"
)

// decoding is a Slave that decodes and stores, and is not linked to anybody.
func decoding(t *testing.T, dir string) *Slave {
	t.Helper()
	store, err := flowstore.Open(filepath.Join(dir, flowsFolder), flowstore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	book := ledger.NewBook()
	s := &Slave{cfg: Config{Name: "s1", DataDir: dir, Log: slog.New(slog.DiscardHandler), Decoders: 1}, store: store, book: book, learnt: newLearnt(book, topology.Slave, source.BySession)}
	s.settings.Store(&source.Settings{})
	s.startDecoders()
	return s
}

// stop ends what decoding began, as Close does.
func stop(t *testing.T, s *Slave) {
	t.Helper()
	s.decoders.Close()
	if err := s.learnt.Close(); err != nil {
		t.Error(err)
	}
	if err := s.store.Close(); err != nil {
		t.Error(err)
	}
}

// export returns the next packets of an exporter; only the first announces
// templates.
func export(t *testing.T, e *synth.Exporter, n int) (packets []flow.Packet, records int) {
	t.Helper()
	now := time.Now()
	for range n {
		payload, k := e.Packet(now)
		records += k
		packets = append(packets, flow.Packet{
			Payload: append([]byte(nil), payload...), Received: now, Port: 2055,
			Exporter: netip.MustParseAddrPort("192.0.2.1:4000"),
		})
	}
	return packets, records
}

func TestARestartedSlaveDecodesTheNextPacketAtOnce(t *testing.T) {
	for _, protocol := range []synth.Protocol{synth.NetFlow9, synth.IPFIX} {
		t.Run(string(protocol), func(t *testing.T) {
			dir := t.TempDir()
			e, err := synth.New(synth.Config{Name: "router", Protocol: protocol, Domain: 7, FlowsPerPacket: 10, SamplingRate: 100})
			if err != nil {
				t.Fatal(err)
			}
			before := decoding(t, dir)
			packets, _ := export(t, e, 5)
			before.decoders.Take(packets)
			stop(t, before)

			after := decoding(t, dir)
			packets, records := export(t, e, 5)
			after.decoders.Take(packets)
			after.decoders.Close()
			kept := uint64(0)
			for _, entry := range after.book.Entries() {
				if entry.Kind == ledger.Records {
					kept += entry.Kept
				}
			}
			if kept != uint64(records) || after.learnt.templates.Parked() != 0 {
				t.Errorf("%d of %d records kept, %d data sets wait", kept, records, after.learnt.templates.Parked())
			}
			known := after.knownSources()
			if len(known) != 1 || known[0].Sampling.Rate != 100 || known[0].Templates.Count == 0 {
				t.Errorf("sources after the restart: %+v, want one that samples 1 in 100", known)
			}
			if err := after.learnt.Close(); err != nil {
				t.Error(err)
			}
			if err := after.store.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestADamagedSnapshotDoesNotStopTheSlave: what was in it comes again.
func TestADamagedSnapshotDoesNotStopTheSlave(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{templatesFile, ratesFile} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("half a"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	e, err := synth.New(synth.Config{Name: "router", Protocol: synth.IPFIX, FlowsPerPacket: 10})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s := decoding(t, dir)
		packets, _ := export(t, e, 1)
		s.decoders.Take(packets)
		stop(t, s)
		if n := s.learnt.templates.Len(); n == 0 {
			t.Error("no templates known")
		}
	}
}
