package flowstore

import (
	"bufio"
	"encoding/binary"
	"hash/crc32"
	"io"
	"strconv"

	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// formatVersion is the layout that FORMAT.md describes. Readers refuse a newer
// one; a column more or less is not a new version.
const formatVersion = 1

// Keys of the footer's metadata.
const (
	versionKey  = "weir.format"
	sequenceKey = "weir.sequence"
	replacesKey = "weir.replaces"

	// membershipsKey has the sets of channels that the column membership
	// numbers. No segment has any yet.
	membershipsKey = "weir.memberships"
)

const parquetMagic = "PAR1"

// fileWriter puts pages that are ready into a Parquet file, row group by row
// group, each begun by startGroup. Columns are written one after the other,
// each begun by startColumn. The first error of the underlying writer is kept and returned by finish.
type fileWriter struct {
	out     *bufio.Writer
	offset  int64
	thrift  thrift.CompactProtocol
	groups  []format.RowGroup    // their columns are set by footer
	chunks  []format.ColumnChunk // of all groups
	columns []format.ColumnIndex
	offsets []format.OffsetIndex
	row     int64
	err     error
}

func newFileWriter(out io.Writer) *fileWriter {
	w := &fileWriter{out: bufio.NewWriterSize(out, 1<<20)}
	w.write([]byte(parquetMagic))
	return w
}

func (w *fileWriter) write(b []byte) {
	if w.err == nil {
		_, w.err = w.out.Write(b)
	}
	w.offset += int64(len(b))
}

func (w *fileWriter) marshal(v any) []byte {
	b, err := thrift.Marshal(&w.thrift, v)
	if err != nil && w.err == nil {
		w.err = err
	}
	return b
}

func (w *fileWriter) startGroup(rows int) {
	w.groups = append(w.groups, format.RowGroup{NumRows: int64(rows), FileOffset: w.offset, Ordinal: int16(len(w.groups))})
}

func (w *fileWriter) startColumn(c *column, rows int) {
	w.row = 0
	w.chunks = append(w.chunks, format.ColumnChunk{MetaData: format.ColumnMetaData{
		Type:           c.physical(),
		PathInSchema:   thrift.Slice[string]{c.name},
		Codec:          format.Zstd,
		NumValues:      int64(rows),
		DataPageOffset: -1,
	}})
	w.columns = append(w.columns, format.ColumnIndex{})
	w.offsets = append(w.offsets, format.OffsetIndex{})
}

func (w *fileWriter) chunk() *format.ColumnMetaData { return &w.chunks[len(w.chunks)-1].MetaData }

// page writes one page and accounts for it in its chunk.
func (w *fileWriter) page(header *format.PageHeader, body []byte) {
	header.CompressedPageSize = int32(len(body))
	header.CRC = int32(crc32.ChecksumIEEE(body))
	h := w.marshal(header)
	c := w.chunk()
	c.TotalCompressedSize += int64(len(h) + len(body))
	c.TotalUncompressedSize += int64(len(h)) + int64(header.UncompressedPageSize)
	w.write(h)
	w.write(body)
}

// dictionaryPage writes the values, n of them and rawSize octets before they
// were compressed.
func (w *fileWriter) dictionaryPage(body []byte, n, rawSize int) {
	w.chunk().DictionaryPageOffset = w.offset
	w.page(&format.PageHeader{
		Type:                 format.DictionaryPage,
		UncompressedPageSize: int32(rawSize),
		DictionaryPageHeader: thrift.New(format.DictionaryPageHeader{
			NumValues: int32(n), Encoding: format.Plain, IsSorted: true,
		}),
	}, body)
	w.chunk().Encoding = append(w.chunk().Encoding, format.Plain)
}

// dataPage is what the index says about one page beside its body.
type dataPage struct {
	rows       int
	encoding   format.Encoding
	compressed bool
	rawSize    int    // octets before compression
	min, max   []byte // smallest and largest value, PLAIN
}

func (w *fileWriter) dataPage(p dataPage, body []byte) {
	c, at := w.chunk(), len(w.chunks)-1
	if c.DataPageOffset < 0 {
		c.DataPageOffset = w.offset
		c.Encoding = append(c.Encoding, p.encoding)
	}
	start := w.offset
	w.page(&format.PageHeader{
		Type:                 format.DataPageV2,
		UncompressedPageSize: int32(p.rawSize),
		DataPageHeaderV2: thrift.New(format.DataPageHeaderV2{
			NumValues: int32(p.rows), NumRows: int32(p.rows),
			Encoding: p.encoding, IsCompressed: thrift.New(p.compressed),
		}),
	}, body)

	o := &w.offsets[at]
	o.PageLocations = append(o.PageLocations, format.PageLocation{
		Offset: start, CompressedPageSize: int32(w.offset - start), FirstRowIndex: w.row,
	})
	w.row += int64(p.rows)

	x := &w.columns[at]
	x.NullPages = append(x.NullPages, false)
	x.NullCounts = append(x.NullCounts, 0)
	x.MinValues = append(x.MinValues, p.min)
	x.MaxValues = append(x.MaxValues, p.max)
}

// endColumn records the bounds of the whole column.
func (w *fileWriter) endColumn(min, max []byte) {
	w.chunk().Statistics = format.Statistics{MinValue: min, MaxValue: max}
}

// finish writes the page indexes, the checksums, and the footer.
func (w *fileWriter) finish(metadata thrift.Slice[format.KeyValue]) error {
	var sum uint32
	for i := range w.chunks {
		b := w.marshal(&w.columns[i])
		w.chunks[i].ColumnIndexOffset, w.chunks[i].ColumnIndexLength = w.offset, int32(len(b))
		sum = crc32.Update(sum, castagnoli, b)
		w.write(b)
	}
	for i := range w.chunks {
		b := w.marshal(&w.offsets[i])
		w.chunks[i].OffsetIndexOffset, w.chunks[i].OffsetIndexLength = w.offset, int32(len(b))
		sum = crc32.Update(sum, castagnoli, b)
		w.write(b)
	}
	footer := w.marshal(w.footer(metadata))
	w.write(checksums(sum, footer))
	w.write(footer)
	w.write(binary.LittleEndian.AppendUint32(nil, uint32(len(footer))))
	w.write([]byte(parquetMagic))
	if w.err != nil {
		return w.err
	}
	return w.out.Flush()
}

// checksums are the eight octets before the footer: the CRC-32C of the page
// indexes, and that of itself and the footer. Parquet gives neither a
// checksum, and its readers look at nothing that no offset points to.
func checksums(indexes uint32, footer []byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, indexes)
	return binary.LittleEndian.AppendUint32(b, crc32.Update(crc32.Checksum(b, castagnoli), castagnoli, footer))
}

func (w *fileWriter) footer(metadata thrift.Slice[format.KeyValue]) *format.FileMetaData {
	rows := int64(0)
	for i := range w.groups {
		g := &w.groups[i]
		g.Columns = w.chunks[i*numColumns : (i+1)*numColumns]
		for j := range g.Columns {
			g.TotalByteSize += g.Columns[j].MetaData.TotalUncompressedSize
			g.TotalCompressedSize += g.Columns[j].MetaData.TotalCompressedSize
		}
		rows += g.NumRows
	}
	meta := &format.FileMetaData{
		Version:          2,
		Schema:           schema(),
		NumRows:          rows,
		RowGroups:        w.groups,
		KeyValueMetadata: metadata,
		CreatedBy:        "weir",
	}
	for range columns {
		meta.ColumnOrders = append(meta.ColumnOrders, format.ColumnOrder{Value: &format.TypeDefinedOrder{}})
	}
	return meta
}

// identity is which segment a file is.
type identity struct {
	sequence uint64
	replaces []segmentName
}

func (id identity) metadata() thrift.Slice[format.KeyValue] {
	pairs := thrift.Slice[format.KeyValue]{
		{Key: versionKey, Value: strconv.Itoa(formatVersion)},
		{Key: sequenceKey, Value: strconv.FormatUint(id.sequence, 10)},
	}
	if len(id.replaces) > 0 {
		pairs = append(pairs, format.KeyValue{Key: replacesKey, Value: joinNames(id.replaces)})
	}
	return pairs
}

func schema() []format.SchemaElement {
	elements := []format.SchemaElement{{Name: "flow", NumChildren: thrift.New(int32(numColumns))}}
	for i := range columns {
		c := &columns[i]
		e := format.SchemaElement{
			Type:           thrift.New(c.physical()),
			RepetitionType: thrift.New(format.Required),
			Name:           c.name,
			FieldID:        c.id,
		}
		if c.kind == addr {
			e.TypeLength = thrift.New[int32](16)
		} else {
			e.LogicalType = format.LogicalType{Value: c.logical}
			e.ConvertedType = thrift.New(converted(c.logical))
		}
		elements = append(elements, e)
	}
	return elements
}

// converted is what readers older than logical types go by.
func converted(logical format.LogicalTypeValue) deprecated.ConvertedType {
	integer, ok := logical.(*format.IntType)
	switch {
	case !ok:
		return deprecated.TimestampMillis
	case integer.IsSigned:
		return deprecated.Int32
	}
	return map[int8]deprecated.ConvertedType{
		8: deprecated.Uint8, 16: deprecated.Uint16, 32: deprecated.Uint32, 64: deprecated.Uint64,
	}[integer.BitWidth]
}
