package distribute

import (
	"encoding/binary"
	"time"
)

const (
	// maxFree bounds the buffers that a shard keeps for reuse: as many as a
	// busy flush needs at once, 1.5 MiB at the MTU of Ethernet.
	maxFree = 1024

	// setHeaderLen is the length of a set header: set ID and length.
	setHeaderLen = 4

	// maxPadding is what aligning a set to four octets costs at most.
	maxPadding = 3
)

// buffer is a packet that is being filled.
type buffer struct {
	octets  []byte // room for the header, then sets, records or samples
	room    int    // octets that may be used, without padding
	records int    // flow records in it, as the ledger counts them
	others  others // samples that hold no flow
	count   int    // records, templates and samples in it
	data    int    // data records in it, options data included

	set, shortest int // offset of the set that is open, 0 if none is; its shortest record

	session  *session
	stream   *stream
	leg      int       // index of the Slave
	received time.Time // of the first packet that is in it
	opened   time.Time

	older, younger *buffer // in the shard's list of open buffers
}

// openSet begins a set whose records have at least shortest octets.
func (b *buffer) openSet(id uint16, shortest int) {
	b.set, b.shortest = len(b.octets), shortest
	b.octets = binary.BigEndian.AppendUint16(b.octets, id)
	b.octets = append(b.octets, 0, 0)
}

// closeSet ends the set that is open, if one is. Padding must be shorter than
// a record, or it would be one.
func (b *buffer) closeSet(align bool) {
	if b.set == 0 {
		return
	}
	if n := -(len(b.octets) - b.set) & maxPadding; align && n < b.shortest {
		b.octets = append(b.octets, "\x00\x00\x00"[:n]...)
	}
	binary.BigEndian.PutUint16(b.octets[b.set+2:], uint16(len(b.octets)-b.set))
	b.set = 0
}

// holds reports whether set id is the one that is open.
func (b *buffer) holds(id uint16) bool {
	return b.set > 0 && binary.BigEndian.Uint16(b.octets[b.set:]) == id
}

// buffers is the open buffers of a shard in the order they were opened, and
// free ones.
type buffers struct {
	oldest, youngest *buffer
	free             []*buffer
	size             int // octets of a new one
}

// get returns an empty buffer that can hold at least n octets.
func (l *buffers) get(n int) *buffer {
	if n > l.size {
		return &buffer{octets: make([]byte, 0, n)}
	}
	if i := len(l.free) - 1; i >= 0 {
		b := l.free[i]
		l.free = l.free[:i]
		return b
	}
	return &buffer{octets: make([]byte, 0, l.size)}
}

// put takes a buffer back.
func (l *buffers) put(b *buffer) {
	if len(l.free) >= maxFree || cap(b.octets) != l.size {
		return
	}
	*b = buffer{octets: b.octets[:0]}
	l.free = append(l.free, b)
}

// push adds b as the youngest.
func (l *buffers) push(b *buffer) {
	b.older, b.younger = l.youngest, nil
	if l.youngest != nil {
		l.youngest.younger = b
	} else {
		l.oldest = b
	}
	l.youngest = b
}

// remove takes b out of the list.
func (l *buffers) remove(b *buffer) {
	if b.older != nil {
		b.older.younger = b.younger
	} else {
		l.oldest = b.younger
	}
	if b.younger != nil {
		b.younger.older = b.older
	} else {
		l.youngest = b.older
	}
	b.older, b.younger = nil, nil
}
