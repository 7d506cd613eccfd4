package distribute

import (
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"example.com/weir/flowio/decode"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/flowtest"
	"example.com/weir/flowio/sequence"
	"example.com/weir/flowio/source"
)

// TestSequencesBeforeTheProxy follows the exporters' own numbers under both
// models, with a packet left out.
func TestSequencesBeforeTheProxy(t *testing.T) {
	for name, want := range map[string]source.Sequence{
		"nf5_netgraph":                    {Version: 5, Unit: sequence.Flows, Counts: sequence.Counts{Received: 90, Lost: 30}},
		"gen_pmacct_v9_sampled16":         {Version: 9, Unit: sequence.Packets, Counts: sequence.Counts{Received: 209, Lost: 1}},
		"ipfix_ipfixcol_01":               {Version: 10, Unit: sequence.Records, Counts: sequence.Counts{Received: 4231, Lost: 20}},
		"gen_softflowd_ipfix_ether_micro": {Version: 10, Unit: sequence.Flows, Counts: sequence.Counts{Received: 193, Lost: 20}},
		"gen_pmacct_sflow_sampled64":      {Version: flow.VersionSFlow5, Unit: sequence.Datagrams, Counts: sequence.Counts{Received: 142, Lost: 1}},
	} {
		for _, model := range []string{RoundRobin, FlowSource} {
			t.Run(name+" "+model, func(t *testing.T) {
				packets := flowtest.Packets(t, flowtest.Data(t, "flow/"+name+".pcap"))
				at := len(packets) / 2
				registry := source.NewRegistry(source.Config{})
				d, _ := newKept(t, Config{Model: model, Registry: registry}, 2)
				d.Take(packets[:at])
				d.Take(packets[at+1:])
				got := registry.Snapshot(d.Templates())
				if len(got) != 1 || got[0].Sequences[0] != want {
					t.Fatalf("%+v, want %+v", got[0].Sequences, want)
				}
				if want.Version == 10 && got[0].Templates.Count == 0 {
					t.Error("no template is listed")
				}
			})
		}
	}
}

// TestObserveSharesTemplates deals data out that come from another port than
// their template.
func TestObserveSharesTemplates(t *testing.T) {
	d, slaves := newKept(t, Config{Model: RoundRobin, Policy: source.ByAddress}, 1)
	announcement := packet(export(10, 1700000000, 0, 7, flows256.AppendSet(nil, 10)))
	data := packet(export(10, 1700000000, 0, 7, set(256, record256(1, 2, 3))))
	data.Exporter = netipPort(data.Exporter, 9)
	d.Take([]flow.Packet{announcement, data})
	for _, sh := range d.shards {
		sh.tick(time.Now().Add(time.Minute))
	}
	balance(t, d)
	if got := total(d, 1).Kept; got != 1 {
		t.Errorf("%d records dealt out, want 1; %d packets", got, slaves.count())
	}
}

func netipPort(a netip.AddrPort, port uint16) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr(), port)
}

// TestRestart loads what another Distributor kept of templates and sampling
// rates: the next packet is dealt out, and its Slave is told both first.
func TestRestart(t *testing.T) {
	for _, model := range []string{RoundRobin, FlowSource} {
		t.Run(model, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "templates")
			before, _ := newKept(t, Config{Model: model}, 1)
			before.Take([]flow.Packet{packet(export(10, 1700000000, 0, 7, flows256.AppendSet(nil, 10),
				sampler512.AppendSet(nil, 10), set(512, []byte{0, 0, 0, 1, 7, 0, 0, 0, 100})))})
			if err := before.Templates().Save(path); err != nil {
				t.Fatal(err)
			}
			after, slaves := newKept(t, Config{Model: model}, 1)
			if err := after.Templates().Load(path); err != nil {
				t.Fatal(err)
			}
			after.Take([]flow.Packet{packet(export(10, 1700000001, 0, 7, set(256, record256(1, 2, 3))))})
			for _, sh := range after.shards {
				sh.tick(time.Now().Add(time.Minute))
			}
			balance(t, after)
			d := decode.New(decode.Config{})
			out := flow.NewBatch(flow.AllFields)
			for _, p := range slaves.to("slave-0") {
				if err := d.Decode(p, out); err != nil {
					t.Error(err)
				}
			}
			if out.Len() != 1 {
				t.Fatalf("the Slave decodes %d records, want 1", out.Len())
			}
			if rate := out.Num(flow.SamplingRate)[0]; rate != 100 {
				t.Errorf("sampling rate %d, want 100", rate)
			}
		})
	}
}
