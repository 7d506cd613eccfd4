package nfcapd

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/anchore/go-lzo"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"example.com/weir/flowio/flow"
)

const (
	fileMagic  = 0xa50c
	fileLayout = 2

	headerOctets = 40
	blockHeader  = 12

	// maxBlockOctets bounds a block before and after decompression. nfdump
	// writes blocks of 1 MiB, its larger tools of 5.
	maxBlockOctets = 32 << 20

	// minRecordOctets is the header of a record: what every record has.
	minRecordOctets = 4

	// flowBlock is the type of a data block that holds records.
	flowBlock = 3

	// isPlain is the flag of a block that is not compressed though its file is.
	isPlain = 1
)

var (
	// ErrFormat reports octets that are not a file of nfcapd, or one that is
	// damaged or cut off.
	ErrFormat = errors.New("not a sound nfcapd file")

	// ErrLayout reports a file of nfcapd of a kind that is not read here.
	ErrLayout = errors.New("this layout is not read")
)

// compression is how the blocks of a file are compressed.
type compression uint8

const (
	none compression = iota
	withLZO
	withBZ2
	withLZ4
	withZSTD
)

// Counts account for the flow records of a file:
// Read = Kept + Σ Skipped.
type Counts struct {
	Read    uint64
	Kept    uint64
	Skipped [NumReasons]uint64
}

// Add adds the counts of another file.
func (c *Counts) Add(o Counts) {
	c.Read += o.Read
	c.Kept += o.Kept
	for r := range c.Skipped {
		c.Skipped[r] += o.Skipped[r]
	}
}

// Reader reads one file. It is not safe for concurrent use.
type Reader struct {
	in     *bufio.Reader
	header fileHeader
	zstd   *zstd.Decoder
	packed []byte
	block  []byte
	left   uint32 // blocks of records

	exporters map[uint16]exporter
	counts    Counts
}

// fileHeader is what the begin of a file says.
type fileHeader struct {
	compression compression
	blockSize   uint32
	blocks      uint32
}

// NewReader reads the header of a file. Its errors wrap ErrFormat or ErrLayout
// unless reading itself failed.
func NewReader(in io.Reader) (*Reader, error) {
	r := &Reader{in: bufio.NewReaderSize(in, 1<<16), exporters: map[uint16]exporter{}}
	h := make([]byte, headerOctets)
	if n, err := io.ReadFull(r.in, h); err != nil && n < 4 {
		return nil, cutOff(err, "header")
	} else if err := r.takeHeader(h, n); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *Reader) takeHeader(h []byte, n int) error {
	magic, layout := binary.LittleEndian.Uint16(h), binary.LittleEndian.Uint16(h[2:])
	switch {
	case magic == 0x0ca5:
		return fmt.Errorf("%w: written on a big-endian machine; convert it there with nfdump -r FILE -w NEW -o csv", ErrLayout)
	case magic != fileMagic:
		return fmt.Errorf("%w: it does not begin as one", ErrFormat)
	case layout == 1:
		return fmt.Errorf("%w: layout 1 of nfdump 1.6; convert it with nfdump 1.7: nfdump -r FILE -w NEW", ErrLayout)
	case layout != fileLayout:
		return fmt.Errorf("%w: layout %d, this weir reads %d", ErrLayout, layout, fileLayout)
	case n < headerOctets:
		return fmt.Errorf("%w: ends within its header", ErrFormat)
	case h[17] != 0:
		return fmt.Errorf("%w: it is encrypted", ErrLayout)
	}
	r.header = fileHeader{compression(h[16]), binary.LittleEndian.Uint32(h[32:]), binary.LittleEndian.Uint32(h[36:])}
	if r.header.compression > withZSTD {
		return fmt.Errorf("%w: compression %d", ErrLayout, h[16])
	}
	if r.header.blockSize > maxBlockOctets {
		return fmt.Errorf("%w: blocks of %d octets, at most %d are taken", ErrFormat, r.header.blockSize, maxBlockOctets)
	}
	if r.header.compression == withZSTD {
		var err error
		if r.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxBlockOctets)); err != nil {
			return err
		}
	}
	r.left = r.header.blocks
	return nil
}

// Counts returns what was read so far.
func (r *Reader) Counts() Counts { return r.counts }

// Next replaces the records of b by those of the next block, of all fields
// that b has. It returns io.EOF after the last. After an error that wraps
// ErrFormat the records of b are those before the damage, and nothing more can
// be read.
func (r *Reader) Next(b *flow.Batch) error {
	b.Reset()
	for r.left > 0 {
		r.left--
		kind, err := r.readBlock()
		if err != nil {
			r.left = 0
			return err
		}
		if kind != flowBlock {
			continue
		}
		if err := r.records(b); err != nil {
			r.left = 0
			return err
		}
		return nil
	}
	return io.EOF
}

// readBlock reads a block into r.block.
func (r *Reader) readBlock() (kind uint16, err error) {
	var h [blockHeader]byte
	if _, err := io.ReadFull(r.in, h[:]); err != nil {
		return 0, cutOff(err, "header of a block")
	}
	size := binary.LittleEndian.Uint32(h[4:])
	kind, flags := binary.LittleEndian.Uint16(h[8:]), binary.LittleEndian.Uint16(h[10:])
	if size > maxBlockOctets {
		return 0, fmt.Errorf("%w: a block of %d octets", ErrFormat, size)
	}
	if uint32(cap(r.packed)) < size {
		r.packed = make([]byte, size)
	}
	r.packed = r.packed[:size]
	if _, err := io.ReadFull(r.in, r.packed); err != nil {
		return 0, cutOff(err, "block")
	}
	if r.header.compression == none || flags&isPlain != 0 {
		r.block = append(r.block[:0], r.packed...)
		return kind, nil
	}
	if err := r.unpack(); err != nil {
		return 0, fmt.Errorf("%w: block: %w", ErrFormat, err)
	}
	return kind, nil
}

// unpack decompresses r.packed into r.block.
func (r *Reader) unpack() (err error) {
	defer func() { // the libraries do not promise to survive hostile octets
		if p := recover(); p != nil {
			err = fmt.Errorf("decompress: %v", p)
		}
	}()
	// The size in the header is that of the buffer nfdump filled, records may
	// take all of it.
	size := int(max(r.header.blockSize, 1<<20))
	if cap(r.block) < size {
		r.block = make([]byte, size)
	}
	n := 0
	switch r.header.compression {
	case withLZO:
		n, err = lzo.Decompress(r.packed, r.block[:size])
	case withLZ4:
		n, err = lz4.UncompressBlock(r.packed, r.block[:size])
	case withBZ2:
		n, err = readAll(bzip2.NewReader(bytes.NewReader(r.packed)), r.block[:size])
	case withZSTD:
		r.block, err = r.zstd.DecodeAll(r.packed, r.block[:0])
		n = len(r.block)
	}
	if err != nil {
		return err
	}
	r.block = r.block[:n]
	return nil
}

// readAll fills to with everything that in has, which must fit.
func readAll(in io.Reader, to []byte) (n int, err error) {
	n, err = io.ReadFull(in, to)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return n, nil
	}
	if err == nil {
		if _, err := in.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			return n, errors.New("larger than the file says")
		}
	}
	return n, err
}

func cutOff(err error, within string) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: ends within a %s", ErrFormat, within)
	}
	return err
}
