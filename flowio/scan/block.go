package scan

import (
	"math/bits"

	"example.com/weir/flowio/flow"
)

// pickShare is how many rows of a block must be there for each chosen one for
// picking indexes to be faster than unpacking all and taking some.
const pickShare = 8

// block is up to blockRows rows of a page, and which of them are chosen. It
// implements filter.Block for all its rows; the other methods are about the
// chosen ones.
type block struct {
	scanner *segmentScanner

	page     int
	pageRows int
	isInside bool // all times of the page are asked for
	loaded   flow.FieldSet
	pages    [flow.NumFields]Page

	first int
	rows  int
	n     int      // chosen
	all   bool     // all rows are
	picks []uint16 // numbers of the chosen rows in the page, unless all are

	pickedRows [blockRows]uint16
	unpacked   [blockRows]uint32
	codes      map[flow.Field]*[blockRows]uint32 // of the filter
	batch      *flow.Batch
	addresses  [blockRows]flow.Addr
	wide       [blockRows]uint64
}

func (b *block) begin() {
	b.batch = nil
	if b.codes == nil {
		b.codes = map[flow.Field]*[blockRows]uint32{}
	}
}

// turn goes to a page, of which nothing is loaded yet.
func (b *block) turn(page, rows int, isInside bool) {
	b.page, b.pageRows, b.isInside, b.loaded = page, rows, isInside, 0
}

// load reads the page of columns.
func (b *block) load(fields flow.FieldSet) (err error) {
	for f := range (fields &^ b.loaded).All {
		if b.pages[f], err = b.scanner.columns.Page(f, b.page); err != nil {
			return err
		}
		b.loaded |= flow.Fields(f)
	}
	return nil
}

// firstChosen goes to the first rows of the page that have chosen ones, and
// reads the columns of the filter as far as that needs them.
func (b *block) firstChosen() (bool, error) {
	if !b.isInside {
		if err := b.load(flow.Fields(flow.Time)); err != nil {
			return false, err
		}
	}
	b.first = -blockRows
	return b.nextChosen()
}

// nextChosen goes on to the next rows that have chosen ones.
func (b *block) nextChosen() (bool, error) {
	for first := b.first + blockRows; first < b.pageRows; first += blockRows {
		if err := b.choose(first); err != nil || b.n > 0 {
			return b.n > 0, err
		}
	}
	return false, nil
}

// choose goes to the rows from first on and chooses those that match.
func (b *block) choose(first int) error {
	b.first, b.rows = first, min(blockRows, b.pageRows-first)
	b.batchIsOld()
	if match, ok := b.scanner.program.Constant(); ok && match && b.isInside {
		b.n, b.all = b.rows, true
		return nil
	}
	set := b.scanner.set[:(b.rows+63)/64]
	if err := b.scanner.program.Match(b, set); err != nil {
		return err
	}
	if !b.isInside {
		b.keepInside(set)
	}
	b.pick(set)
	return nil
}

// keepInside clears the rows whose times are not asked for.
func (b *block) keepInside(set []uint64) {
	spec := b.scanner.spec
	times := b.column(flow.Time, b.wide[:b.rows])
	for i, t := range times {
		if !spec.asksFor(int64(t)) {
			set[i/64] &^= 1 << (i % 64)
		}
	}
}

// pick turns the set into row numbers.
func (b *block) pick(set []uint64) {
	n := 0
	for w, word := range set {
		for ; word != 0; word &= word - 1 {
			b.pickedRows[n] = uint16(b.first + w<<6 + bits.TrailingZeros64(word))
			n++
		}
	}
	b.n, b.all, b.picks = n, n == b.rows, b.pickedRows[:n]
}

// Rows implements filter.Block.
func (b *block) Rows() int { return b.rows }

// Codes implements filter.Block.
func (b *block) Codes(f flow.Field) ([]uint32, error) {
	if err := b.load(flow.Fields(f)); err != nil {
		return nil, err
	}
	to := b.codes[f]
	if to == nil {
		to = new([blockRows]uint32)
		b.codes[f] = to
	}
	b.pages[f].codes(to[:b.rows], b.first)
	return to[:b.rows], nil
}

// Batch implements filter.Block.
func (b *block) Batch() (*flow.Batch, error) {
	fields := b.scanner.program.Values()
	if b.batch == nil {
		b.batch = flow.NewBatch(fields)
	}
	if b.batch.Len() > 0 {
		return b.batch, nil
	}
	if err := b.load(fields); err != nil {
		return nil, err
	}
	b.batch.Extend(b.rows)
	for f := range fields.All {
		d, _ := b.scanner.columns.Dictionary(f)
		if f.IsAddr() {
			b.pages[f].Addresses(d, b.batch.Addr(f), b.first)
		} else {
			b.pages[f].Numbers(d, b.batch.Num(f), b.first)
		}
	}
	return b.batch, nil
}

func (b *block) batchIsOld() {
	if b.batch != nil {
		b.batch.Reset()
	}
}

// column fills to with a number column of all rows.
func (b *block) column(f flow.Field, to []uint64) []uint64 {
	d, _ := b.scanner.columns.Dictionary(f)
	b.pages[f].Numbers(d, to, b.first)
	return to
}

// indexes fills to with the dictionary indexes of the chosen rows.
func (b *block) indexes(f flow.Field, to []uint32) []uint32 {
	to = to[:b.n]
	p := &b.pages[f]
	switch {
	case b.all:
		p.codes(to, b.first)
	case b.n > b.rows/pickShare && !p.IsOne:
		// Unpacking all and taking some is faster than picking many.
		p.codes(b.unpacked[:b.rows], b.first)
		for i, r := range b.picks {
			to[i] = b.unpacked[(int(r)-b.first)%blockRows]
		}
	default:
		p.pick(to, b.picks)
	}
	return to
}

// numbers returns a number column of the chosen rows, in to or where it lies.
func (b *block) numbers(f flow.Field, to []uint64) []uint64 {
	p := &b.pages[f]
	if p.Values == nil {
		d, _ := b.scanner.columns.Dictionary(f)
		return b.lookUp(f, d.Numbers, to)
	}
	if b.all {
		return p.Values[b.first : b.first+b.rows]
	}
	for i, r := range b.picks {
		to[i] = p.Values[r]
	}
	return to[:b.n]
}

// lookUp is numbers for a dictionary of the caller's.
func (b *block) lookUp(f flow.Field, values, to []uint64) []uint64 {
	to = to[:b.n]
	for i, c := range b.indexes(f, b.scanner.part[:]) {
		to[i] = values[c]
	}
	return to
}

// addrs returns an address column of the chosen rows.
func (b *block) addrs(f flow.Field) []flow.Addr {
	p, to := &b.pages[f], b.addresses[:b.n]
	if p.Addrs == nil {
		d, _ := b.scanner.columns.Dictionary(f)
		codes := b.indexes(f, b.scanner.part[:])
		for i, c := range codes {
			codes[i] = d.IDs[c]
		}
		d.Names.Addrs(codes, to)
		return to
	}
	for i := range to {
		to[i] = p.Addrs[b.row(i)]
	}
	return to
}

// row returns where the chosen row i lies in the page.
func (b *block) row(i int) int {
	if b.all {
		return b.first + i
	}
	return int(b.picks[i])
}
