package nfcapd

import (
	"encoding/binary"
	"fmt"

	"example.com/weir/flowio/flow"
)

// Reason says why a flow record is left out.
type Reason uint8

// The reasons.
const (
	Event     Reason = iota // an event of a firewall, without counters
	NoFlow                  // neither times nor counters
	OldRecord               // of a layout before that of nfdump 1.7

	NumReasons = iota
)

var reasonNames = [NumReasons]string{"event", "no_flow", "old_record"}

// String returns the name of r in summaries.
func (r Reason) String() string { return reasonNames[r] }

// Types of records.
const (
	oldFlow      = 10
	flowRecord   = 11
	exporterInfo = 7
)

const (
	recordHeader  = 12
	elementHeader = 4

	// Flags of a flow record.
	isEvent   = 1
	isSampled = 2
)

// exporter is what an exporter record says; flow records name it by number.
type exporter struct {
	addr   flow.Addr
	domain uint32
}

// records takes the records of r.block.
func (r *Reader) records(b *flow.Batch) error {
	for rest := r.block; len(rest) > 0; {
		if len(rest) < minRecordOctets {
			return fmt.Errorf("%w: ends within a record", ErrFormat)
		}
		kind, size := binary.LittleEndian.Uint16(rest), int(binary.LittleEndian.Uint16(rest[2:]))
		if size < minRecordOctets || size > len(rest) {
			return fmt.Errorf("%w: a record of %d octets where %d are left", ErrFormat, size, len(rest))
		}
		if err := r.record(kind, rest[:size], b); err != nil {
			return err
		}
		rest = rest[size:]
	}
	return nil
}

func (r *Reader) record(kind uint16, record []byte, b *flow.Batch) error {
	switch kind {
	case exporterInfo:
		r.takeExporter(record)
	case oldFlow:
		r.skip(OldRecord)
	case flowRecord:
		return r.flow(record, b)
	}
	return nil // what else there is describes samplers, interfaces and such
}

// skip counts a flow record that is left out.
func (r *Reader) skip(why Reason) {
	r.counts.Read++
	r.counts.Skipped[why]++
}

func (r *Reader) takeExporter(record []byte) {
	if len(record) < 32 {
		return
	}
	ip := record[8:24]
	e := exporter{domain: binary.LittleEndian.Uint32(record[28:])}
	if family := binary.LittleEndian.Uint16(record[24:]); family == 2 { // AF_INET
		e.addr = addr4(binary.LittleEndian.Uint32(ip[8:]))
	} else {
		e.addr = addr6(ip)
	}
	r.exporters[binary.LittleEndian.Uint16(record[26:])] = e
}

// flow appends one flow record to b, or counts why not. A record that is
// damaged is neither there nor counted.
func (r *Reader) flow(record []byte, b *flow.Batch) error {
	if len(record) < recordHeader {
		return fmt.Errorf("%w: a flow record of %d octets", ErrFormat, len(record))
	}
	if record[10]&isEvent != 0 {
		r.skip(Event)
		return nil
	}
	w := row{b, b.Extend(1)}
	isFlow, err := w.take(record)
	switch {
	case err != nil:
		b.Truncate(w.at)
		return err
	case !isFlow:
		b.Truncate(w.at)
		r.skip(NoFlow)
		return nil
	}
	r.counts.Read++
	r.counts.Kept++
	r.complete(w, binary.LittleEndian.Uint16(record[8:]))
	return nil
}

// take takes what a flow record says, and reports whether it has times and
// counters.
func (w row) take(record []byte) (isFlow bool, err error) {
	w.num(flow.Version, uint64(record[11]))
	if record[10]&isSampled != 0 { // counters are estimates already
		w.num(flow.SamplingRate, 1)
	}
	elements := int(binary.LittleEndian.Uint16(record[4:]))
	rest := record[recordHeader:]
	for range elements {
		if len(rest) < elementHeader {
			return false, fmt.Errorf("%w: ends within an element", ErrFormat)
		}
		kind, size := binary.LittleEndian.Uint16(rest), int(binary.LittleEndian.Uint16(rest[2:]))
		if size < elementHeader || size > len(rest) {
			return false, fmt.Errorf("%w: an element of %d octets where %d are left", ErrFormat, size, len(rest))
		}
		if e, known := elementsOf[kind]; known && size-elementHeader >= e.octets {
			e.take(w, rest[elementHeader:size])
			isFlow = isFlow || kind == genericElement
		}
		rest = rest[size:]
	}
	return isFlow, nil
}

// complete gives a record the exporter that its number stands for. The
// address the packet came from, if nfcapd has kept it, is only second: behind
// a relay it is that of the relay.
func (r *Reader) complete(w row, number uint16) {
	if e, known := r.exporters[number]; known {
		w.addr(flow.Exporter, e.addr)
		w.num(flow.Domain, uint64(e.domain))
	}
}

// row is one record of a batch. Fields that the batch lacks are left out.
type row struct {
	b  *flow.Batch
	at int
}

func (w row) num(f flow.Field, v uint64) {
	if c := w.b.Num(f); c != nil {
		c[w.at] = v
	}
}

func (w row) addr(f flow.Field, a flow.Addr) {
	if c := w.b.Addr(f); c != nil {
		c[w.at] = a
	}
}

// addr4 is an IPv4 address that was held as a number.
func addr4(n uint32) flow.Addr {
	a := flow.Addr{10: 0xff, 11: 0xff}
	binary.BigEndian.PutUint32(a[12:], n)
	return a
}

// addr6 is an IPv6 address that was held as two numbers.
func addr6(in []byte) (a flow.Addr) {
	binary.BigEndian.PutUint64(a[:8], binary.LittleEndian.Uint64(in))
	binary.BigEndian.PutUint64(a[8:], binary.LittleEndian.Uint64(in[8:]))
	return a
}
