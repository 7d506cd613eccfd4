// Package pcap takes export packets out of packet captures, in the pcap and
// pcapng forms.
package pcap

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/netip"
	"os"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/frame"
)

// Read yields the payloads of the UDP datagrams of the capture at path, in
// its order: Exporter is the source, Port the destination port, Received the
// time of capture. Payloads stay valid. Frames that are no UDP over IP are
// left out, fragments too. An error ends the walk.
func Read(path string) iter.Seq2[flow.Packet, error] {
	return func(yield func(flow.Packet, error) bool) {
		file, err := os.Open(path)
		if err != nil {
			yield(flow.Packet{}, err)
			return
		}
		defer file.Close()
		for p, err := range Stream(file) {
			if err != nil {
				err = fmt.Errorf("read capture %s: %w", path, err)
			}
			if !yield(p, err) {
				return
			}
		}
	}
}

// Stream is Read for a capture that is not a file.
func Stream(from io.Reader) iter.Seq2[flow.Packet, error] {
	return func(yield func(flow.Packet, error) bool) {
		frames, link, err := open(from)
		if err != nil {
			yield(flow.Packet{}, err)
			return
		}
		for {
			octets, at, err := frames.ReadPacketData()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(flow.Packet{}, err)
				return
			}
			p, ok := datagram(link, octets)
			if !ok {
				continue
			}
			p.Received = at.Timestamp
			if !yield(p, nil) {
				return
			}
		}
	}
}

type frameReader interface {
	ReadPacketData() ([]byte, gopacket.CaptureInfo, error)
}

// open tells pcap from pcapng by its first octets.
func open(from io.Reader) (frameReader, layers.LinkType, error) {
	r := bufio.NewReader(from)
	magic, err := r.Peek(4)
	if err != nil {
		return nil, 0, fmt.Errorf("read magic: %w", err)
	}
	if [4]byte(magic) == [4]byte{0x0a, 0x0d, 0x0d, 0x0a} {
		ng, err := pcapgo.NewNgReader(r, pcapgo.DefaultNgReaderOptions)
		if err != nil {
			return nil, 0, err
		}
		return ng, ng.LinkType(), nil
	}
	pcap, err := pcapgo.NewReader(r)
	if err != nil {
		return nil, 0, err
	}
	return pcap, pcap.LinkType(), nil
}

// datagram returns the UDP datagram of a frame.
func datagram(link layers.LinkType, octets []byte) (flow.Packet, bool) {
	octets, kind := strip(link, octets)
	h := frame.Parse(kind, octets)
	if h.Payload == nil || h.MoreFragment || h.Offset != 0 {
		return flow.Packet{}, false
	}
	return flow.Packet{
		Exporter: netip.AddrPortFrom(flow.Addr(h.Src).Netip(), h.SrcPort),
		Port:     h.DstPort,
		Payload:  h.Payload,
	}, true
}

// strip removes link headers that flowio/frame does not know.
func strip(link layers.LinkType, octets []byte) ([]byte, frame.Link) {
	skip := 0
	switch link {
	case layers.LinkTypeEthernet:
		return octets, frame.Ethernet
	case layers.LinkTypeNull, layers.LinkTypeLoop:
		skip = 4
	case layers.LinkTypeLinuxSLL:
		skip = 16
	case layers.LinkTypeLinuxSLL2:
		skip = 20
	}
	return octets[min(skip, len(octets)):], frame.IP
}
