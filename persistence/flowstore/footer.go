package flowstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

var (
	// ErrCorrupt reports a file that is not what was written: cut off,
	// changed, or of another kind.
	ErrCorrupt = errors.New("corrupt")

	// ErrNewer reports a file that a newer weir wrote in a layout that this one
	// does not know.
	ErrNewer = errors.New("written by a newer version of weir")
)

// maxTailOctets bounds the footer, and the page indexes of all columns
// together: 31 columns of 64 pages take 100 KiB.
const maxTailOctets = 4 << 20

// footer is what the end of a segment's file says about it.
type footer struct {
	rows     int
	sequence uint64
	replaces []segmentName
	minTime  int64
	maxTime  int64
	indexSum uint32                          // checksum of the page indexes
	indexEnd int64                           // offset of the first octet behind them
	hasMore  bool                            // what a rewriting through records would lose
	chunks   [numColumns]*format.ColumnChunk // nil: the segment lacks the column
}

// readFooter reads the footer of the segment of the given size. Its errors
// wrap ErrCorrupt or ErrNewer unless reading itself failed.
func readFooter(r io.ReaderAt, size int64) (f *footer, err error) {
	defer func() { // the library does not promise to survive hostile octets
		if p := recover(); p != nil {
			f, err = nil, fmt.Errorf("footer: %w: %v", ErrCorrupt, p)
		}
	}()
	indexSum, indexEnd, err := checkFooter(r, size)
	if err != nil {
		return nil, err
	}
	file, err := parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, fmt.Errorf("footer: %w: %w", ErrCorrupt, err)
	}
	meta := file.Metadata()
	if err := checkVersion(file); err != nil {
		return nil, err
	}
	if len(meta.RowGroups) != 1 {
		return nil, fmt.Errorf("footer: %w: %d row groups instead of one", ErrCorrupt, len(meta.RowGroups))
	}
	f = &footer{rows: int(meta.NumRows), indexSum: indexSum, indexEnd: indexEnd}
	sequence, _ := file.Lookup(sequenceKey)
	if f.sequence, err = strconv.ParseUint(sequence, 10, 64); err != nil {
		return nil, fmt.Errorf("footer: %w: %s is %q", ErrCorrupt, sequenceKey, sequence)
	}
	replaced, _ := file.Lookup(replacesKey)
	if f.replaces, err = parseNames(replaced); err != nil {
		return nil, fmt.Errorf("footer: %w: %s is %q", ErrCorrupt, replacesKey, replaced)
	}
	_, f.hasMore = file.Lookup(membershipsKey)
	f.takeChunks(meta)
	return f, f.takeBounds()
}

// checkFooter compares the footer with its checksum, before anything in it is
// believed: the library allocates what it reads there.
func checkFooter(r io.ReaderAt, size int64) (indexSum uint32, indexEnd int64, err error) {
	const end = 4 + len(parquetMagic)
	b := make([]byte, end)
	if size < int64(2*len(parquetMagic)+end) {
		return 0, 0, fmt.Errorf("footer: %w: a file of %d octets", ErrCorrupt, size)
	}
	if _, err := r.ReadAt(b, size-int64(end)); err != nil {
		return 0, 0, readError(err)
	}
	length := int64(binary.LittleEndian.Uint32(b))
	at := size - int64(end) - length - 8
	if string(b[4:]) != parquetMagic || length > maxTailOctets || at < int64(len(parquetMagic)) {
		return 0, 0, fmt.Errorf("footer: %w: no Parquet file, or cut off", ErrCorrupt)
	}
	b = make([]byte, 8+length)
	if _, err := r.ReadAt(b, at); err != nil {
		return 0, 0, readError(err)
	}
	indexSum = binary.LittleEndian.Uint32(b)
	if string(checksums(indexSum, b[8:])) != string(b[:8]) {
		return 0, 0, fmt.Errorf("footer: %w: checksum, or not a flow segment", ErrCorrupt)
	}
	return indexSum, at, nil
}

// readError tells a file that is too short from one that cannot be read.
func readError(err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("footer: %w: cut off", ErrCorrupt)
	}
	return fmt.Errorf("footer: %w", err)
}

// checkIndexes compares the page indexes with their checksum.
func (f *footer) checkIndexes(r io.ReaderAt) error {
	start := f.chunks[0].ColumnIndexOffset
	if start <= 0 || start > f.indexEnd || f.indexEnd-start > maxTailOctets {
		return fmt.Errorf("page indexes: %w: at %d", ErrCorrupt, start)
	}
	b := make([]byte, f.indexEnd-start)
	if _, err := r.ReadAt(b, start); err != nil {
		return fmt.Errorf("page indexes: %w", err)
	}
	if crc32.Checksum(b, castagnoli) != f.indexSum {
		return fmt.Errorf("page indexes: %w: checksum", ErrCorrupt)
	}
	return nil
}

func checkVersion(file *parquet.File) error {
	text, ok := file.Lookup(versionKey)
	if !ok {
		return fmt.Errorf("footer: %w: no %s, not a flow segment", ErrCorrupt, versionKey)
	}
	version, err := strconv.Atoi(text)
	if err != nil {
		return fmt.Errorf("footer: %w: %s is %q", ErrCorrupt, versionKey, text)
	}
	if version > formatVersion {
		return fmt.Errorf("format %d, this weir reads up to %d: %w", version, formatVersion, ErrNewer)
	}
	return nil
}

// takeChunks finds the columns by name and type; others are left alone.
func (f *footer) takeChunks(meta *format.FileMetaData) {
	chunks := meta.RowGroups[0].Columns
	for i := range chunks {
		path, isKnown := chunks[i].MetaData.PathInSchema, false
		for j := range columns {
			if len(path) == 1 && path[0] == columns[j].name && chunks[i].MetaData.Type == columns[j].physical() {
				f.chunks[j], isKnown = &chunks[i], true
			}
		}
		f.hasMore = f.hasMore || !isKnown
	}
}

func (f *footer) takeBounds() error {
	time := f.chunks[0]
	if time == nil {
		return fmt.Errorf("footer: %w: no column %s", ErrCorrupt, columns[0].name)
	}
	s := time.MetaData.Statistics
	if len(s.MinValue) != 8 || len(s.MaxValue) != 8 {
		return fmt.Errorf("footer: %w: no bounds of time", ErrCorrupt)
	}
	f.minTime = int64(binary.LittleEndian.Uint64(s.MinValue))
	f.maxTime = int64(binary.LittleEndian.Uint64(s.MaxValue))
	return nil
}

// readIndex reads the thrift structure at offset.
func readIndex(r io.ReaderAt, offset int64, length int32, v any) error {
	if length <= 0 || length > maxTailOctets {
		return fmt.Errorf("page index: %w: %d octets", ErrCorrupt, length)
	}
	b := make([]byte, length)
	if _, err := r.ReadAt(b, offset); err != nil {
		return fmt.Errorf("page index: %w", err)
	}
	if err := thrift.Unmarshal(&thrift.CompactProtocol{}, b, v); err != nil {
		return fmt.Errorf("page index: %w: %w", ErrCorrupt, err)
	}
	return nil
}
