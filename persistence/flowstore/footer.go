package flowstore

import (
	"encoding/binary"
	"errors"
	"fmt"
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

// maxIndexOctets bounds what is read for one page index: a segment has 64
// pages of at most 60 octets each, so anything near it is a lie.
const maxIndexOctets = 1 << 20

// footer is what the end of a segment's file says about it.
type footer struct {
	rows     int
	sequence uint64
	minTime  int64
	maxTime  int64
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
	f = &footer{rows: int(meta.NumRows)}
	sequence, _ := file.Lookup(sequenceKey)
	if f.sequence, err = strconv.ParseUint(sequence, 10, 64); err != nil {
		return nil, fmt.Errorf("footer: %w: %s is %q", ErrCorrupt, sequenceKey, sequence)
	}
	f.takeChunks(meta)
	return f, f.takeBounds()
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
		path := chunks[i].MetaData.PathInSchema
		for j := range columns {
			if len(path) == 1 && path[0] == columns[j].name && chunks[i].MetaData.Type == columns[j].physical() {
				f.chunks[j] = &chunks[i]
			}
		}
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
	if length <= 0 || length > maxIndexOctets {
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
