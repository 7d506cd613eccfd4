package decode_test

import (
	"bytes"
	"testing"

	"github.com/netsampler/goflow2/v2/decoders/netflow"

	"example.com/weir/flowio/decode"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ie"
	"example.com/weir/flowio/source"
	"example.com/weir/flowio/template"
)

// twentyFields is a template as Cisco, Juniper and Nokia routers use it.
var twentyFields = append(benchFields[:len(benchFields):len(benchFields)], template.Field{Element: ie.VlanID, Length: 2})

// BenchmarkPeer decodes the same IPFIX message, 20 records of 20 fields, with
// weir, everything observed as in a unit, and with the decoder of goflow2,
// which gives each field as octets and leaves their meaning to others.
func BenchmarkPeer(b *testing.B) {
	const records = 20
	announcement, data := benchPackets(template.IPFIX, template.New(300, 0, twentyFields), records)
	b.Run("weir", func(b *testing.B) {
		d := decode.New(decode.Config{Sources: source.NewRegistry(source.Config{})})
		out := flow.NewBatch(flow.AllFields)
		d.Decode(announcement, out)
		out.Extend(batchRows + records)
		out.Reset()
		b.ReportAllocs()
		report := perSecond(b, records)
		for b.Loop() {
			if err := d.Decode(data, out); err != nil {
				b.Fatal(err)
			}
			if out.Len() >= batchRows {
				out.Reset()
			}
		}
		report()
	})
	b.Run("goflow2", func(b *testing.B) {
		templates := netflow.CreateTemplateSystem()
		decodeMessage := func(payload []byte) {
			var v9 netflow.NFv9Packet
			var message netflow.IPFIXPacket
			if err := netflow.DecodeMessageVersion(bytes.NewBuffer(payload), templates, &v9, &message); err != nil {
				b.Fatal(err)
			}
		}
		decodeMessage(announcement.Payload)
		b.ReportAllocs()
		report := perSecond(b, records)
		for b.Loop() {
			decodeMessage(data.Payload)
		}
		report()
	})
}
