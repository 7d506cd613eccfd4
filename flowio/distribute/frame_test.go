package distribute

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"
)

func FuzzFrame(f *testing.F) {
	f.Add(appendFrame(nil, 7, exporter, 2055, time.Unix(1, 2), []byte("payload")))
	f.Add(aliveFrame())
	f.Add(binary.BigEndian.AppendUint32(nil, 1<<31))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, n, err := parseFrame(b)
		if err != nil || n == 0 {
			return
		}
		if n > len(b) || len(got.packet.Payload) != n-frameHeaderLen {
			t.Fatalf("frame of %d octets with a payload of %d out of %d", n, len(got.packet.Payload), len(b))
		}
		p := got.packet
		again := appendFrame(nil, got.sequence, p.Exporter, p.Port, p.Received, p.Payload)
		again[5] = got.kind
		if !slices.Equal(again, b[:n]) {
			t.Fatalf("%x becomes %x", b[:n], again)
		}
	})
}
