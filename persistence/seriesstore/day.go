package seriesstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"example.com/weir/flowio/flow"
)

const (
	magic   = "WEIRSERI"
	version = 1

	// fileHeader is the fixed part before the set of generations.
	fileHeader = len(magic) + 4 + 8 + 4 + 4

	// leastOctets is the length of a header with an empty set, which every file
	// has once its first append is durable.
	leastOctets = fileHeader + 1

	// maxSetOctets bounds the set of generations in a file.
	maxSetOctets = 8 << 20

	suffix        = ".series"
	damagedSuffix = ".damaged"
)

// ErrNewer reports a file of a newer version of weir.
var ErrNewer = errors.New("written by a newer version of weir")

// dayFile is the points of one UTC day at one step: merged ones first, then
// what generations have added since.
type dayFile struct {
	path   string
	step   int64
	day    int64 // Unix milliseconds of its begin
	size   int64 // octets of whole blocks
	blocks []placed
	merged generations // summed up in the blocks without a generation
	known  generations // these and those of the blocks
	added  time.Time   // when a block was last added
}

// placed is a block and where its header is.
type placed struct {
	blockInfo
	at int64
}

func dayPath(dir string, step, day int64) string {
	return filepath.Join(dir, fmt.Sprintf("%ds", step/1000), time.UnixMilli(day).UTC().Format("2006-01-02")+suffix)
}

// loadDay reads what the file of a day holds, without the points. It returns
// fs.ErrNotExist if there is none, or one that a crash has cut off within its
// header, and an error that wraps ErrCorrupt if it is damaged; a block that is
// cut off at its end is no damage.
func loadDay(dir string, step, day int64) (*dayFile, error) {
	d := &dayFile{path: dayPath(dir, step, day), step: step, day: day}
	f, err := os.Open(d.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if stat, err := f.Stat(); err != nil {
		return nil, err
	} else if stat.Size() < int64(leastOctets) {
		return nil, fmt.Errorf("series %s: %w: its first append was cut off", d.path, fs.ErrNotExist)
	}
	if err := d.readHeader(f); err != nil {
		return nil, fmt.Errorf("series %s: %w", d.path, err)
	}
	if err := d.readBlocks(f); err != nil {
		return nil, fmt.Errorf("series %s: %w", d.path, err)
	}
	return d, nil
}

func (d *dayFile) header() []byte {
	set := d.merged.appendTo(nil)
	out := binary.LittleEndian.AppendUint32([]byte(magic), version)
	out = binary.LittleEndian.AppendUint64(out, uint64(d.step))
	out = binary.LittleEndian.AppendUint32(out, uint32(len(set)))
	out = binary.LittleEndian.AppendUint32(out, crc32.Update(crc32.Checksum(out, castagnoli), castagnoli, set))
	return append(out, set...)
}

func (d *dayFile) readHeader(f *os.File) error {
	h := make([]byte, fileHeader)
	if _, err := f.ReadAt(h, 0); err != nil {
		return cutOff(err, "header")
	}
	if string(h[:len(magic)]) != magic {
		return fmt.Errorf("%w: no series", ErrCorrupt)
	}
	if v := binary.LittleEndian.Uint32(h[8:]); v > version {
		return fmt.Errorf("format %d, this weir reads up to %d: %w", v, version, ErrNewer)
	}
	length := binary.LittleEndian.Uint32(h[20:])
	if step := int64(binary.LittleEndian.Uint64(h[12:])); step != d.step || length > maxSetOctets {
		return fmt.Errorf("%w: header", ErrCorrupt)
	}
	set := make([]byte, length)
	if _, err := f.ReadAt(set, int64(fileHeader)); err != nil {
		return cutOff(err, "set of generations")
	}
	if crc32.Update(crc32.Checksum(h[:24], castagnoli), castagnoli, set) != binary.LittleEndian.Uint32(h[24:]) {
		return fmt.Errorf("%w: checksum of the header", ErrCorrupt)
	}
	var err error
	if d.merged, err = parseGenerations(set); err != nil {
		return err
	}
	d.known.addAll(&d.merged)
	d.size = int64(fileHeader) + int64(length)
	return nil
}

// readBlocks reads the headers of the blocks from size on. The bodies of those
// that generations have added are compared with their checksums: whether they
// are all there decides about the journal they were made of. An append that a
// crash has cut off is as if it had not been.
func (d *dayFile) readBlocks(f *os.File) error {
	stat, err := f.Stat()
	if err != nil {
		return err
	}
	h := make([]byte, blockHeader)
	var group []placed // of one append
	for at := d.size; at+blockHeader <= stat.Size(); {
		if _, err := f.ReadAt(h, at); err != nil {
			return err
		}
		info, err := parseInfo(h)
		if err != nil {
			return err
		}
		end := at + blockHeader + int64(info.length)
		if end > stat.Size() {
			return nil
		}
		if info.generation != 0 {
			if err := checkBody(f, h, info, at); err != nil && end == stat.Size() {
				return nil
			} else if err != nil {
				return err
			}
		}
		group = append(group, placed{info, at})
		if at = end; info.left == 0 {
			d.blocks = append(d.blocks, group...)
			d.size, group = end, nil
			if info.generation != 0 {
				d.known.add(info.generation)
			}
		}
	}
	return nil
}

func checkBody(f *os.File, header []byte, info blockInfo, at int64) error {
	body := make([]byte, info.length)
	if _, err := f.ReadAt(body, at+blockHeader); err != nil {
		return err
	}
	if crc32.Update(crc32.Checksum(header[:blockHeader-4], castagnoli), castagnoli, body) != info.sum {
		return fmt.Errorf("%w: checksum of a block", ErrCorrupt)
	}
	return nil
}

// append adds the points of one generation durably, all of them or none.
func (d *dayFile) append(c *codec, generation uint64, points []Point) error {
	isNew := d.size == 0
	var out []byte
	if isNew {
		out = d.header()
	}
	out = c.appendBlocks(out, totalBlock, generation, totals(points), blocksOf(points))
	out = c.appendBlocks(out, channelBlock, generation, points, 0)
	f, err := os.OpenFile(d.path, os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return err
	}
	defer f.Close()
	// First, so that no crash leaves these octets before others that an earlier
	// one has left.
	if err := f.Truncate(d.size); err != nil {
		return err
	}
	if _, err := f.WriteAt(out, d.size); err != nil {
		return errors.Join(err, f.Truncate(d.size))
	}
	if err := f.Sync(); err != nil {
		return err
	}
	d.added = time.Now()
	if isNew {
		if err := syncDir(filepath.Dir(d.path)); err != nil {
			return err
		}
		d.size = int64(len(d.header()))
	}
	return d.readBlocks(f)
}

// readBlocks unpacks the blocks that wanted accepts, one after the other.
func readBlocks(f *os.File, c *codec, blocks []placed, wanted func(*blockInfo) bool, use func([]Point) error) error {
	for _, b := range blocks {
		if !wanted(&b.blockInfo) {
			continue
		}
		octets := make([]byte, blockHeader+b.length)
		if _, err := f.ReadAt(octets, b.at); err != nil {
			return cutOff(err, "block")
		}
		points, err := c.unpack(octets[:blockHeader], octets[blockHeader:])
		if err != nil {
			return err
		}
		if err := use(points); err != nil {
			return err
		}
	}
	return nil
}

// within reports whether the block may have points of one of the channels,
// which ascend; all if there are none.
func (b *blockInfo) within(channels []flow.Addr) bool {
	if len(channels) == 0 {
		return true
	}
	for i := range channels {
		if string(channels[i][:]) >= string(b.first[:]) && string(channels[i][:]) <= string(b.last[:]) {
			return true
		}
	}
	return false
}

func cutOff(err error, within string) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: ends within a %s", ErrCorrupt, within)
	}
	return err
}

func syncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
