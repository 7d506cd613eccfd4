package decode_test

import (
	"net/netip"
	"testing"
	"time"

	"example.com/weir/flowio/decode"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/flowtest"
	"example.com/weir/flowio/ipfix"
	"example.com/weir/flowio/sampling"
	"example.com/weir/flowio/sequence"
	"example.com/weir/flowio/source"
	"example.com/weir/flowio/template"
)

// observed decodes packets and returns what was noted of their sources.
func observed(t *testing.T, cfg decode.Config, packets ...flow.Packet) []source.Source {
	t.Helper()
	cfg.Sources = source.NewRegistry(source.Config{Policy: cfg.Policy})
	d := decode.New(cfg)
	for _, p := range packets {
		if err := d.Decode(p, flow.NewBatch(flow.AllFields)); err != nil {
			t.Logf("%v", err)
		}
	}
	return cfg.Sources.Snapshot(cfg.Templates)
}

// TestSequencesOfCaptures follows the sequences of exporters that export
// without a gap, each in its own way.
func TestSequencesOfCaptures(t *testing.T) {
	for name, want := range map[string]source.Sequence{
		"nf5_netgraph":                    {Version: 5, Unit: sequence.Flows, Counts: sequence.Counts{Received: 120}},
		"gen_pmacct_v9_sampled16":         {Version: 9, Unit: sequence.Packets, Counts: sequence.Counts{Received: 210}},
		"ipfix_ipfixcol_01":               {Version: 10, Unit: sequence.Records, Counts: sequence.Counts{Received: 4251}},
		"ipfix_withdrawal":                {Version: 10, Unit: sequence.Records, Counts: sequence.Counts{Received: 242, Resets: 1}},
		"gen_softflowd_ipfix_ether_micro": {Version: 10, Unit: sequence.Flows, Counts: sequence.Counts{Received: 213}},
		"gen_pmacct_sflow_sampled64":      {Version: flow.VersionSFlow5, Unit: sequence.Datagrams, Counts: sequence.Counts{Received: 143}},
	} {
		t.Run(name, func(t *testing.T) {
			got := observed(t, decode.Config{}, flowtest.Packets(t, flowtest.Data(t, "flow/"+name+".pcap"))...)
			if len(got) != 1 || got[0].Sequences[0] != want {
				t.Errorf("%+v, want %+v", got[0].Sequences, want)
			}
		})
	}
}

// TestLossOfCaptures leaves packets out: exactly their units are missing.
func TestLossOfCaptures(t *testing.T) {
	for name, want := range map[string]uint64{
		"nf5_netgraph": 30, "gen_pmacct_v9_sampled16": 1, "ipfix_ipfixcol_01": 20, "gen_pmacct_sflow_sampled64": 1,
	} {
		t.Run(name, func(t *testing.T) {
			packets := flowtest.Packets(t, flowtest.Data(t, "flow/"+name+".pcap"))
			at := len(packets) / 2
			got := observed(t, decode.Config{}, append(packets[:at:at], packets[at+1:]...)...)
			if lost := got[0].Sequences[0].Lost; lost != want {
				t.Errorf("%d lost, want %d", lost, want)
			}
		})
	}
}

func TestInterfacesOfCaptures(t *testing.T) {
	got := observed(t, decode.Config{}, flowtest.Packets(t, flowtest.Data(t, "flow/gen_ovs_sflow_methods.pcap"))...)
	if n := len(got[0].Interfaces); n != 3 {
		t.Errorf("%d interfaces, want 3", n)
	}
}

// TestOriginsOfRates says of each exporter where its rate was learnt.
func TestOriginsOfRates(t *testing.T) {
	for name, want := range map[string]source.Sampling{
		"gen_pmacct_v5_sampled4":     {Rate: 4, Origin: source.Header, Rates: []uint64{4}},
		"gen_softflowd_v9_sampled10": {Rate: 10, Origin: source.Options, Rates: []uint64{10}},
		"gen_pmacct_sflow_sampled64": {Rate: 64, Origin: source.Sample, Rates: []uint64{64}},
		"nf9_huawei":                 {Origin: source.Unknown, Unscaled: 1},
	} {
		t.Run(name, func(t *testing.T) {
			packets := flowtest.Packets(t, flowtest.Data(t, "flow/"+name+".pcap"))
			got := observed(t, decode.Config{}, packets...)[0].Sampling
			if got.Rate != want.Rate || got.Origin != want.Origin || got.Unscaled != want.Unscaled {
				t.Errorf("%+v, want %+v", got, want)
			}
			rates := sampling.NewTable()
			rates.SetManual(map[netip.Addr]uint64{packets[0].Exporter.Addr(): 777})
			if got := observed(t, decode.Config{Rates: rates}, packets...)[0].Sampling; got.Rate != 777 || got.Origin != source.Manual {
				t.Errorf("%+v after an operator set 777", got)
			}
		})
	}
}

// TestManualRate overrides what the exporter says in the records too.
func TestManualRate(t *testing.T) {
	rates := sampling.NewTable()
	rates.SetManual(map[netip.Addr]uint64{exporter.Addr(): 50})
	d := decode.New(decode.Config{Rates: rates})
	out := flow.NewBatch(flow.AllFields)
	if err := d.Decode(packet5(2), out); err != nil {
		t.Fatal(err)
	}
	if got := out.Num(flow.SamplingRate); got[0] != 50 || got[1] != 50 {
		t.Errorf("rates %v, want 50", got)
	}
}

// TestPolicy sends a template from one port and data from another.
func TestPolicy(t *testing.T) {
	for policy, want := range map[source.Policy]int{
		source.BySession: 0, source.ByAddressPort: 0, source.ByAddress: 3, source.ByAddressDomain: 3,
	} {
		t.Run(policy.String(), func(t *testing.T) {
			announcement, data := benchPackets(template.IPFIX, template.New(300, 0, benchFields), 3)
			data.Exporter = netip.AddrPortFrom(exporter.Addr(), 9)
			d := decode.New(decode.Config{Policy: policy})
			out := flow.NewBatch(flow.AllFields)
			for _, p := range []flow.Packet{announcement, data} {
				if err := d.Decode(p, out); err != nil {
					t.Fatal(err)
				}
			}
			if out.Len() != want {
				t.Errorf("%d records, want %d", out.Len(), want)
			}
		})
	}
}

// TestSkewedClock places an exporter by its arrival and says so.
func TestSkewedClock(t *testing.T) {
	message := ipfix.Header{Length: ipfix.HeaderLen, ExportTime: 1_700_003_600}.AppendTo(nil)
	got := observed(t, decode.Config{}, flow.Packet{Exporter: exporter, Received: time.Unix(1_700_000_000, 0), Payload: message})
	if want := (source.Clock{Skew: 3_600_000, IsSkewed: true, Skewed: 1}); got[0].Clock != want {
		t.Errorf("%+v, want %+v", got[0].Clock, want)
	}
}
