package list

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"

	"example.com/weir/flowio/flow"
)

// A list of flows is paged by key, not by number, so that records that arrive
// in between move no page: the next page begins behind the last record of the
// one before. Records have no identity, so the key is all that a list shows
// and orders by. Of records that are equal in all of that it does not matter
// which is which, and the mark says how many of them have been shown.
//
// As text a mark is, in base64 (RFC 4648, for URLs, not padded):
//
//	octet    1, the version
//	8 octets of the SHA-256 of the question, see Spec.Question
//	varint   from, to: Unix milliseconds, as the first page resolved them
//	uvarint  records shown that are like this one
//	         for each column of the list, in the order of flow.Field: a number
//	         as uvarint, an address as its 16 octets

// pageMark is where a page of a list begins.
type pageMark struct {
	from, to int64
	row      *flow.Batch // one record
	shown    int         // records like it that earlier pages have
}

const (
	pageMarkVersion = 1

	// QuestionSize is how many octets tell questions apart.
	QuestionSize = 8

	// maxAlike bounds how many records that are alike, to the millisecond, are
	// told apart by their number.
	maxAlike = 100_000
)

var (
	errNoMark    = errors.New("the cursor is not one of ours: take next of the page before as it is")
	errOtherMark = errors.New("the cursor belongs to another question: filter, columns, order, channels, source groups and scaling must stay as they were")
	errAlike     = errors.New("more than 100000 flows of one millisecond are the same in all columns shown: show more columns")
)

// markText returns the mark behind the record row, of which as many as shown
// were shown.
func (s *Spec) markText(row *flow.Batch, shown int) string {
	raw := append([]byte{pageMarkVersion}, s.Question...)
	raw = binary.AppendVarint(binary.AppendVarint(raw, s.From), s.To)
	raw = binary.AppendUvarint(raw, uint64(shown))
	for f := range s.fields.All {
		if f.IsAddr() {
			raw = append(raw, row.Addr(f)[0][:]...)
		} else {
			raw = binary.AppendUvarint(raw, row.Num(f)[0])
		}
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// openMark begins to read a mark: what does not depend on the columns.
func openMark(text string) (m pageMark, question []byte, r *bytes.Reader, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) < 1+QuestionSize || raw[0] != pageMarkVersion {
		return m, nil, nil, errNoMark
	}
	question, r = raw[1:1+QuestionSize], bytes.NewReader(raw[1+QuestionSize:])
	from, err1 := binary.ReadVarint(r)
	to, err2 := binary.ReadVarint(r)
	shown, err3 := binary.ReadUvarint(r)
	if errors.Join(err1, err2, err3) != nil || from >= to || shown == 0 || shown > maxAlike {
		return m, nil, nil, errNoMark
	}
	return pageMark{from: from, to: to, shown: int(shown)}, question, r, nil
}

// RangeOf returns the time range of the first page of the list that a cursor
// belongs to, Unix milliseconds.
func RangeOf(cursor string) (from, to int64, err error) {
	m, _, _, err := openMark(cursor)
	return m.from, m.to, err
}

// readMark reads a mark of s, whose columns are known.
func (s *Spec) readMark(text string) (*pageMark, error) {
	m, question, r, err := openMark(text)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(question, s.Question) {
		return nil, errOtherMark
	}
	m.row = flow.NewBatch(s.fields)
	m.row.Extend(1)
	for f := range s.fields.All {
		if f.IsAddr() {
			_, err = io.ReadFull(r, m.row.Addr(f)[0][:])
		} else {
			m.row.Num(f)[0], err = binary.ReadUvarint(r)
		}
		if err != nil {
			return nil, errNoMark
		}
	}
	if r.Len() > 0 {
		return nil, errNoMark
	}
	return &m, nil
}
