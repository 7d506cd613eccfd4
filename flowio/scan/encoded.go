package scan

import (
	"context"
	"errors"

	"example.com/weir/flowio/bitpack"
	"example.com/weir/flowio/flow"
)

// Encoded is a Source whose columns can be had as they are stored: sorted
// dictionaries, and indexes into them. A scan then compares and adds by index,
// and looks at values once per dictionary.
type Encoded interface {
	Source
	// Columns begins a reading of the source. It returns nil if the source
	// cannot be read so, or not at all; the scan then falls back to Read, which
	// tells what is wrong. Close what it returns.
	Columns(ctx context.Context) Columns
}

// Identified is a Source that can be told from all others, now and later, and
// never changes: a sealed segment.
type Identified interface {
	Source
	ID() string    // empty: it may still change
	IsWhole() bool // everything that was read of it so far could be read
}

// Columns are columns of one Encoded source, for one goroutine.
type Columns interface {
	// Pages returns the number of pages. Page i of every column holds the same
	// records.
	Pages() int
	// Rows returns the number of records of a page, at most MaxBatch.
	Rows(page int) int
	// Times returns the least and the greatest flow.Time of a page.
	Times(page int) (minMs, maxMs int64)
	// Open reads the dictionaries of columns; what follows is for those. After
	// an error the scan falls back to Read.
	Open(fields flow.FieldSet) error
	// Dictionary returns the values of a column that is stored as indexes.
	Dictionary(f flow.Field) (Dictionary, bool)
	// Page returns one page of a column. It is valid until the next call for
	// the same column.
	Page(f flow.Field, page int) (Page, error)
	// Skip notes that a page could not be read, for the answer's coverage. An
	// ErrCutOff says that what Page returned could not be read.
	Skip(page int, err error)
	// Close gives the columns back and returns how many octets were read.
	Close() (bytesRead uint64)
}

// Dictionary is the different values of a column, ascending. Of Numbers and
// IDs one is nil.
type Dictionary struct {
	Numbers []uint64
	IDs     []uint32 // of addresses, in Names
	Names   *Names
}

// Len returns the number of values.
func (d Dictionary) Len() int { return max(len(d.Numbers), len(d.IDs)) }

// Number returns value i of a number column.
func (d Dictionary) Number(i int) uint64 { return d.Numbers[i] }

// Addr returns value i of an address column.
func (d Dictionary) Addr(i int) flow.Addr { return d.Names.Addr(d.IDs[i]) }

// Page is one page of a column: indexes into its dictionary, which are below
// its length, or values if it has none.
type Page struct {
	Rows   int
	IsOne  bool   // all rows have the index One
	One    uint32 //
	Width  uint   // of the indexes in Packed, see flowio/bitpack
	Packed []byte

	Values []uint64    // of a number column without dictionary
	Addrs  []flow.Addr // of an address column without dictionary
}

// codes fills to with the indexes of the rows from first on, a multiple of 8.
func (p *Page) codes(to []uint32, first int) {
	if p.IsOne {
		for i := range to {
			to[i] = p.One
		}
		return
	}
	bitpack.Unpack(to, p.Packed, p.Width, first)
}

// pick fills to with the indexes of the named rows.
func (p *Page) pick(to []uint32, rows []uint16) {
	if p.IsOne {
		for i := range rows {
			to[i] = p.One
		}
		return
	}
	bitpack.Pick(to, p.Packed, p.Width, rows)
}

// ErrCutOff reports a file that became shorter while it was read.
var ErrCutOff = errors.New("file was cut off while it was read")

// Numbers fills to with the numbers of the rows from first on, a multiple of
// 8; d is the column's dictionary, if it has one.
func (p *Page) Numbers(d Dictionary, to []uint64, first int) {
	if p.Values != nil {
		copy(to, p.Values[first:])
		return
	}
	p.inParts(len(to), first, func(at int, codes []uint32) {
		for i, c := range codes {
			to[at+i] = d.Numbers[c]
		}
	})
}

// Addresses is Numbers for an address column.
func (p *Page) Addresses(d Dictionary, to []flow.Addr, first int) {
	if p.Addrs != nil {
		copy(to, p.Addrs[first:])
		return
	}
	p.inParts(len(to), first, func(at int, codes []uint32) {
		for i, c := range codes {
			codes[i] = d.IDs[c]
		}
		d.Names.Addrs(codes, to[at:at+len(codes)])
	})
}

func (p *Page) inParts(n, first int, use func(at int, codes []uint32)) {
	var codes [1024]uint32
	for at := 0; at < n; at += len(codes) {
		part := codes[:min(len(codes), n-at)]
		p.codes(part, first+at)
		use(at, part)
	}
}
