package seriesstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"

	"github.com/klauspost/compress/zstd"

	"example.com/weir/flowio/flow"
)

const (
	// blockPoints bounds the points of one block: what a reader of one channel
	// has to unpack beside its own.
	blockPoints = 16_384

	// maxBlockOctets bounds a block, packed or not: each point takes at most six
	// varints, and a channel of its own.
	maxBlockOctets = blockPoints*(6*binary.MaxVarintLen64+17) + 1024

	// blockHeader is the fixed part before the body.
	blockHeader = 60
)

// ErrCorrupt reports octets that are not what was written.
var ErrCorrupt = errors.New("corrupt")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// kind says whose points a block has.
type kind uint32

const (
	channelBlock kind = 1 // of channels
	totalBlock   kind = 2 // of all channels together
)

// blockInfo is the header of a block: what a reader needs to pass it over.
type blockInfo struct {
	length      int // of the body
	kind        kind
	points      int
	left        int    // blocks that follow it in the same append; without them it does not count
	generation  uint64 // whose records are summed up; 0 in a merged file
	first, last flow.Addr
	sum         uint32
}

func (b *blockInfo) appendTo(out []byte) []byte {
	out = binary.LittleEndian.AppendUint32(out, uint32(b.length))
	out = binary.LittleEndian.AppendUint32(out, uint32(b.kind))
	out = binary.LittleEndian.AppendUint32(out, uint32(b.points))
	out = binary.LittleEndian.AppendUint32(out, uint32(b.left))
	out = binary.LittleEndian.AppendUint64(out, b.generation)
	out = append(out, b.first[:]...)
	return append(out, b.last[:]...)
}

// parseInfo reads a header of blockHeader octets.
func parseInfo(h []byte) (blockInfo, error) {
	b := blockInfo{
		length: int(binary.LittleEndian.Uint32(h)), kind: kind(binary.LittleEndian.Uint32(h[4:])),
		points: int(binary.LittleEndian.Uint32(h[8:])), left: int(binary.LittleEndian.Uint32(h[12:])),
		generation: binary.LittleEndian.Uint64(h[16:]),
		first:      flow.Addr(h[24:40]), last: flow.Addr(h[40:56]), sum: binary.LittleEndian.Uint32(h[56:]),
	}
	if b.length > maxBlockOctets || b.points > blockPoints || b.kind != channelBlock && b.kind != totalBlock {
		return b, fmt.Errorf("%w: block of kind %d with %d points in %d octets", ErrCorrupt, b.kind, b.points, b.length)
	}
	return b, nil
}

// codec packs and unpacks blocks; it is safe for concurrent use.
type codec struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}

func newCodec() *codec {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic(err) // only wrong options make it fail
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxBlockOctets))
	if err != nil {
		panic(err)
	}
	return &codec{enc, dec}
}

// appendBlocks appends merged points of one kind as blocks, after which so
// many follow.
func (c *codec) appendBlocks(out []byte, k kind, generation uint64, points []Point, follow int) []byte {
	left := blocksOf(points) + follow
	for some := range slices.Chunk(points, blockPoints) {
		left--
		body := c.enc.EncodeAll(appendPoints(nil, some), nil)
		info := blockInfo{
			length: len(body), kind: k, points: len(some), left: left, generation: generation,
			first: some[0].Channel, last: some[len(some)-1].Channel,
		}
		at := len(out)
		out = info.appendTo(out)
		sum := crc32.Update(crc32.Checksum(out[at:], castagnoli), castagnoli, body)
		out = binary.LittleEndian.AppendUint32(out, sum)
		out = append(out, body...)
	}
	return out
}

func blocksOf(points []Point) int { return (len(points) + blockPoints - 1) / blockPoints }

// appendPoints writes points column by column: what is alike lies together.
func appendPoints(out []byte, points []Point) []byte {
	for i := 0; i < len(points); { // runs of a channel and class
		n := 1
		for i+n < len(points) && points[i+n].Channel == points[i].Channel && points[i+n].Class == points[i].Class {
			n++
		}
		out = binary.AppendUvarint(out, uint64(n))
		out = append(out, byte(points[i].Class))
		out = append(out, points[i].Channel[:]...)
		i += n
	}
	last := int64(0)
	for i := range points {
		out = binary.AppendVarint(out, points[i].Time/Fine-last)
		last = points[i].Time / Fine
	}
	for _, column := range columns {
		for i := range points {
			out = binary.AppendUvarint(out, column.get(&points[i].Sums))
		}
	}
	return out
}

// columns are the numbers of a point. What sampling adds is mostly a multiple
// of what was exported, or nothing.
var columns = [...]struct {
	get func(*Sums) uint64
	set func(*Sums, uint64)
}{
	{func(s *Sums) uint64 { return s.Flows }, func(s *Sums, v uint64) { s.Flows = v }},
	{func(s *Sums) uint64 { return s.Packets }, func(s *Sums, v uint64) { s.Packets = v }},
	{func(s *Sums) uint64 { return s.Bytes }, func(s *Sums, v uint64) { s.Bytes = v }},
	{func(s *Sums) uint64 { return s.ScaledPackets - s.Packets }, func(s *Sums, v uint64) { s.ScaledPackets = s.Packets + v }},
	{func(s *Sums) uint64 { return s.ScaledBytes - s.Bytes }, func(s *Sums, v uint64) { s.ScaledBytes = s.Bytes + v }},
}

// unpack returns the points of a block whose header and body are given.
func (c *codec) unpack(header, body []byte) (points []Point, err error) {
	info, err := parseInfo(header)
	if err != nil {
		return nil, err
	}
	if crc32.Update(crc32.Checksum(header[:blockHeader-4], castagnoli), castagnoli, body) != info.sum {
		return nil, fmt.Errorf("%w: checksum of a block", ErrCorrupt)
	}
	plain, err := c.dec.DecodeAll(body, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return parsePoints(plain, info.points)
}

func parsePoints(in []byte, n int) ([]Point, error) {
	if n > len(in) { // each takes some octets
		return nil, fmt.Errorf("%w: %d points in %d octets", ErrCorrupt, n, len(in))
	}
	points := make([]Point, n)
	in, err := parseChannels(in, points)
	if err != nil {
		return nil, err
	}
	last := int64(0)
	for i := range points {
		d, size := binary.Varint(in)
		if size <= 0 {
			return nil, fmt.Errorf("%w: ends within a time", ErrCorrupt)
		}
		last += d
		points[i].Time, in = last*Fine, in[size:]
	}
	for _, column := range columns {
		for i := range points {
			v, size := binary.Uvarint(in)
			if size <= 0 {
				return nil, fmt.Errorf("%w: ends within a number", ErrCorrupt)
			}
			column.set(&points[i].Sums, v)
			in = in[size:]
		}
	}
	if len(in) > 0 {
		return nil, fmt.Errorf("%w: %d octets after the last number", ErrCorrupt, len(in))
	}
	return points, nil
}

func parseChannels(in []byte, points []Point) ([]byte, error) {
	for at := 0; at < len(points); {
		n, size := binary.Uvarint(in)
		if size <= 0 || n == 0 || n > uint64(len(points)-at) || len(in) < size+17 {
			return nil, fmt.Errorf("%w: run of a channel", ErrCorrupt)
		}
		class, channel := Class(in[size]), flow.Addr(in[size+1:size+17])
		if class >= NumClasses {
			return nil, fmt.Errorf("%w: class %d", ErrCorrupt, class)
		}
		for range n {
			points[at].Class, points[at].Channel = class, channel
			at++
		}
		in = in[size+17:]
	}
	return in, nil
}
