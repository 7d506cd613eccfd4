package template

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"time"

	"example.com/weir/flowio/keep"
)

// snapshotKind names the form of a snapshot:
//
//	Unix seconds, 8 octets · number of templates, 4 octets
//	for each, announced longest ago first:
//	  length of the exporter, 1 octet · exporter as netip.AddrPort marshals it
//	  format 1 · options 1 · domain 4 · ID 2 · scope fields 2 · fields 2
//	  for each field: enterprise 4 · element 2 · length 2
//	  records of options data 2 · for each: length 2 · octets
const snapshotKind = "tmpl2"

// errSnapshot reports a snapshot that no Store wrote.
var errSnapshot = errors.New("not a snapshot of templates")

// Changes counts up with every template that is added, replaced or forgotten.
func (s *Store) Changes() uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.changes
}

// Save writes the templates to a file, see package keep. Data sets that wait
// for theirs are not kept.
func (s *Store) Save(path string) error {
	return keep.Write(path, snapshotKind, s.appendSnapshot(nil, time.Now()))
}

// Load adds the templates that Save wrote, unless newer ones are known. They
// live as long as if they had just been announced: an exporter that changed a
// layout while nobody listened announces it before it uses it. A file that is
// missing or older than a template lives is no error and gives none. After an
// error the Store is as it was; the file may be overwritten.
func (s *Store) Load(path string) error {
	octets, err := keep.Read(path, snapshotKind)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	now := time.Now()
	entries, err := parseSnapshot(octets, now)
	if err != nil {
		return fmt.Errorf("%s: %w", path, errors.Join(err, keep.ErrDamaged))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range entries {
		if s.entries[e.key] == nil {
			s.insertLocked(e)
		}
	}
	return nil
}

func (s *Store) appendSnapshot(b []byte, now time.Time) []byte {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b = binary.BigEndian.AppendUint64(b, uint64(now.Unix()))
	b = binary.BigEndian.AppendUint32(b, uint32(len(s.entries)))
	for at := s.byAge.Front(); at != nil; at = at.Next() {
		e := at.Value.(*entry)
		b = e.appendTo(b)
	}
	return b
}

func (e *entry) appendTo(b []byte) []byte {
	exporter, err := e.key.Exporter.MarshalBinary()
	if err != nil || len(exporter) > 255 {
		exporter = nil // a zone of 200 octets: nobody's
	}
	b = append(append(b, byte(len(exporter))), exporter...)
	b = append(b, byte(e.key.Format), 0)
	if e.template.Options {
		b[len(b)-1] = 1
	}
	b = binary.BigEndian.AppendUint32(b, e.key.Domain)
	b = binary.BigEndian.AppendUint16(b, e.key.ID)
	b = binary.BigEndian.AppendUint16(b, uint16(e.template.Scope))
	b = binary.BigEndian.AppendUint16(b, uint16(len(e.template.Fields)))
	for _, f := range e.template.Fields {
		b = binary.BigEndian.AppendUint32(b, f.Enterprise)
		b = binary.BigEndian.AppendUint16(b, f.Element)
		b = binary.BigEndian.AppendUint16(b, f.Length)
	}
	b = binary.BigEndian.AppendUint16(b, uint16(len(e.data)))
	for _, record := range e.data {
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(record))), record...)
	}
	return b
}

const (
	entryLen = 12 // without exporter and fields
	fieldLen = 8
)

// parseSnapshot reads what appendSnapshot wrote, nothing if that is longer
// ago than a template lives.
func parseSnapshot(b []byte, now time.Time) (entries []*entry, err error) {
	if len(b) < 12 {
		return nil, fmt.Errorf("%w: %d octets", errSnapshot, len(b))
	}
	saved, count := time.Unix(int64(binary.BigEndian.Uint64(b)), 0), binary.BigEndian.Uint32(b[8:])
	for b = b[12:]; count > 0; count-- {
		e, rest, err := parseEntry(b)
		if err != nil {
			return nil, err
		}
		e.announced, b = now, rest
		entries = append(entries, e)
	}
	if len(b) > 0 {
		return nil, fmt.Errorf("%w: %d octets too many", errSnapshot, len(b))
	}
	if now.Sub(saved) > lifetime {
		return nil, nil
	}
	return entries, nil
}

// parseEntry reads one template and holds it to what Parse would accept.
func parseEntry(b []byte) (e *entry, rest []byte, err error) {
	if len(b) < 1 || len(b) < 1+int(b[0])+entryLen {
		return nil, nil, fmt.Errorf("%w: ends within a template", errSnapshot)
	}
	var exporter netip.AddrPort
	if err := exporter.UnmarshalBinary(b[1 : 1+int(b[0])]); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errSnapshot, err)
	}
	b = b[1+int(b[0]):]
	k := Key{Exporter: exporter, Format: Format(b[0]), Domain: binary.BigEndian.Uint32(b[2:]), ID: binary.BigEndian.Uint16(b[6:])}
	scope, count := int(binary.BigEndian.Uint16(b[8:])), int(binary.BigEndian.Uint16(b[10:]))
	options := b[1] != 0
	b = b[entryLen:]
	if len(b) < count*fieldLen {
		return nil, nil, fmt.Errorf("%w: template %d has %d fields in %d octets", errSnapshot, k.ID, count, len(b))
	}
	fields := make([]Field, count)
	for i := range fields {
		fields[i] = Field{
			Enterprise: binary.BigEndian.Uint32(b), Element: binary.BigEndian.Uint16(b[4:]), Length: binary.BigEndian.Uint16(b[6:]),
		}
		b = b[fieldLen:]
	}
	t := New(k.ID, scope, fields)
	t.Options = options
	if k.ID < MinID || t.MinLen == 0 || scope > count || scope > 0 && !options {
		return nil, nil, fmt.Errorf("%w: template %d cannot be", errSnapshot, k.ID)
	}
	data, b, err := parseData(b)
	if err == nil && (len(data) > maxRecords || len(data) > 0 && !options) {
		err = fmt.Errorf("%w: template %d cannot have %d records of options data", errSnapshot, k.ID, len(data))
	}
	return &entry{key: k, template: t, data: data}, b, err
}

// parseData reads the options data of one template.
func parseData(b []byte) (records [][]byte, rest []byte, err error) {
	if len(b) < 2 {
		return nil, nil, fmt.Errorf("%w: ends before the options data", errSnapshot)
	}
	count, b := int(binary.BigEndian.Uint16(b)), b[2:]
	for range count {
		if len(b) < 2 || len(b) < 2+int(binary.BigEndian.Uint16(b)) {
			return nil, nil, fmt.Errorf("%w: ends within options data", errSnapshot)
		}
		n := 2 + int(binary.BigEndian.Uint16(b))
		records, b = append(records, b[2:n:n]), b[n:]
	}
	return records, b, nil
}
