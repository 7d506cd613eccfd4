package flowstore

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"

	"github.com/klauspost/compress/s2"

	"example.com/weir/flowio/flow"
)

const (
	journalMagic   = "WEIRJRNL"
	journalVersion = 1
	journalHeader  = len(journalMagic) + 4
	blockHeader    = 12

	// journalRows is how many records one block holds at most: enough for s2 to
	// find repetitions, few enough that encoding one is no pause.
	journalRows = 4096

	// maxBlockOctets bounds a block, compressed or not: journalRows records
	// whose fields take at most 16 octets each, and the header.
	maxBlockOctets = journalRows*flow.NumFields*16 + 64
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// journal is the file that holds the records of one open generation. Its
// methods but sync are guarded by the store's lock.
type journal struct {
	path  string
	file  *diskFile
	good  int64 // octets of whole blocks
	plain []byte
	block []byte
}

// createJournal makes an empty journal; the caller makes its name durable.
func createJournal(d *disk, path string) (*journal, error) {
	f, err := d.create(path, os.O_CREATE|os.O_EXCL)
	if err != nil {
		return nil, err
	}
	j := &journal{path: path, file: f}
	header := binary.LittleEndian.AppendUint32([]byte(journalMagic), journalVersion)
	if _, err := f.Write(header); err != nil {
		return nil, errors.Join(err, f.Close(), d.remove(path))
	}
	j.good = int64(len(header))
	return j, nil
}

// write appends one block with the records of b, journalRows at most. If it
// fails the file ends with the block before, and write may be tried again.
func (j *journal) write(b *flow.Batch) error {
	var err error
	if j.plain, err = b.AppendBinary(j.plain[:0]); err != nil {
		return err
	}
	need := blockHeader + s2.MaxEncodedLen(len(j.plain))
	if cap(j.block) < need {
		j.block = make([]byte, need)
	}
	body := s2.Encode(j.block[blockHeader:cap(j.block)], j.plain)
	j.block = j.block[:blockHeader+len(body)]
	binary.LittleEndian.PutUint32(j.block, uint32(len(body)))
	binary.LittleEndian.PutUint32(j.block[4:], uint32(b.Len()))
	binary.LittleEndian.PutUint32(j.block[8:], blockSum(j.block[:8], body))
	if _, err := j.file.WriteAt(j.block, j.good); err != nil {
		return errors.Join(err, j.file.truncate(j.good))
	}
	j.good += int64(len(j.block))
	return nil
}

func blockSum(header, body []byte) uint32 {
	return crc32.Update(crc32.Checksum(header, castagnoli), castagnoli, body)
}

// sync makes the blocks written so far durable. It may run beside write.
func (j *journal) sync() error {
	err := j.file.Sync()
	if errors.Is(err, os.ErrClosed) {
		return nil // its segment was sealed meanwhile
	}
	return err
}

func (j *journal) close() error { return j.file.Close() }

// replayed says how the reading of a journal ended.
type replayed struct {
	rows     int    // handed out
	lostRows int    // in blocks that were there but could not be read; a lower bound
	torn     string // what was wrong with the first of them; empty if all were good
}

// replay calls use with every batch of the journal up to the first block that
// is not as it was written. What follows it is lost: batches after a gap
// would break the order of arrival. Only reading, use, and a newer version
// are errors.
func replay(r io.Reader, use func(*flow.Batch) error) (replayed, error) {
	var done replayed
	in := bufio.NewReaderSize(r, 1<<16)
	if torn, err := readJournalHeader(in); torn != "" || err != nil {
		done.torn = torn
		return done, err
	}
	blocks := blockReader{in: in}
	for {
		batch, err := blocks.next()
		switch {
		case errors.Is(err, io.EOF):
			return done, nil
		case errors.Is(err, ErrCorrupt):
			done.torn = err.Error()
			done.lostRows = blocks.rows
			lost, err := blocks.countRest()
			done.lostRows += lost
			return done, err
		case err != nil:
			return done, err
		}
		if err := use(batch); err != nil {
			return done, err
		}
		done.rows += batch.Len()
	}
}

func readJournalHeader(in *bufio.Reader) (torn string, err error) {
	var header [journalHeader]byte
	n, err := io.ReadFull(in, header[:])
	switch {
	case isEnd(err):
		if n == 0 {
			return "", nil // created, then killed
		}
		return "ends within its header", nil
	case err != nil:
		return "", err
	case string(header[:len(journalMagic)]) != journalMagic:
		return "no journal header", nil
	}
	if v := binary.LittleEndian.Uint32(header[len(journalMagic):]); v > journalVersion {
		return "", fmt.Errorf("journal format %d, this weir reads up to %d: %w", v, journalVersion, ErrNewer)
	}
	return "", nil
}

// blockReader reads the blocks of a journal one by one.
type blockReader struct {
	in    *bufio.Reader
	rows  int // what the header of the latest block says, 0 if that was not plausible
	body  []byte
	plain []byte
	batch flow.Batch
}

// next returns the next batch, io.EOF after the last, or an error that wraps
// ErrCorrupt. The batch is valid until the next call.
func (b *blockReader) next() (*flow.Batch, error) {
	header, err := b.header()
	if err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(b.in, b.body); err != nil {
		return nil, cutOff(err, "block")
	}
	if blockSum(header[:8], b.body) != binary.LittleEndian.Uint32(header[8:]) {
		return nil, fmt.Errorf("%w: checksum of a block", ErrCorrupt)
	}
	n, err := s2.DecodedLen(b.body)
	if err != nil || n > maxBlockOctets {
		return nil, fmt.Errorf("%w: block of %d octets", ErrCorrupt, n)
	}
	if b.plain, err = s2.Decode(b.plain[:cap(b.plain)], b.body); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if err := b.batch.UnmarshalBinary(b.plain); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if b.batch.Len() != b.rows {
		return nil, fmt.Errorf("%w: %d records where the header says %d", ErrCorrupt, b.batch.Len(), b.rows)
	}
	return &b.batch, nil
}

// header reads the header of a block and makes room for its body.
func (b *blockReader) header() (header [blockHeader]byte, err error) {
	b.rows = 0
	if _, err := io.ReadFull(b.in, header[:]); err != nil {
		if errors.Is(err, io.EOF) {
			return header, err
		}
		return header, cutOff(err, "block header")
	}
	length, rows := binary.LittleEndian.Uint32(header[:]), binary.LittleEndian.Uint32(header[4:])
	if int64(length) > int64(maxBlockOctets) || rows > journalRows {
		return header, fmt.Errorf("%w: block of %d octets and %d records", ErrCorrupt, length, rows)
	}
	b.rows = int(rows)
	if cap(b.body) < int(length) {
		b.body = make([]byte, length)
	}
	b.body = b.body[:length]
	return header, nil
}

// countRest adds up what the headers of the remaining blocks say, as far as
// they make sense.
func (b *blockReader) countRest() (rows int, err error) {
	for {
		if _, err := b.header(); errors.Is(err, io.EOF) || errors.Is(err, ErrCorrupt) {
			return rows, nil
		} else if err != nil {
			return rows, err
		}
		rows += b.rows
		if _, err := b.in.Discard(len(b.body)); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return rows, err
		}
	}
}

// cutOff tells the end of a file within something from trouble reading it.
func cutOff(err error, within string) error {
	if isEnd(err) {
		return fmt.Errorf("%w: ends within a %s", ErrCorrupt, within)
	}
	return err
}

// isEnd reports the end of a file, at or within what was to be read.
func isEnd(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }
