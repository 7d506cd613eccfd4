package sampling

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"example.com/weir/flowio/keep"
)

// snapshotKind names the form of a snapshot:
//
//	Unix seconds, 8 octets · number of domains, 4 octets
//	for each:
//	  length of the exporter, 1 octet · exporter as netip.Addr marshals it
//	  domain 4 · rate of all 8 · start of the exporter 8 · narrower rates 4
//	  for each of these: scope 1 · sampler or interface 8 · rate 8
const snapshotKind = "rates1"

// lifetime is how old a snapshot may be. Exporters repeat their options data
// within the hour; a rate of yesterday is better than none until then.
const lifetime = 24 * time.Hour

const (
	domainLen = 24 // without exporter and narrower rates
	narrowLen = 17
)

// errSnapshot reports a snapshot that no Table wrote.
var errSnapshot = errors.New("not a snapshot of sampling rates")

// Changes counts up with every rate that is new.
func (t *Table) Changes() uint64 { return t.changes.Load() }

// Save writes what options data told to a file, see package keep. Manual rates
// are not kept.
func (t *Table) Save(path string) error {
	return keep.Write(path, snapshotKind, t.appendSnapshot(nil, time.Now()))
}

// Load adds what Save wrote, unless something newer is known of a domain. A
// file that is missing or old is no error and gives nothing. After an error
// the Table is as it was; the file may be overwritten.
func (t *Table) Load(path string) error {
	octets, err := keep.Read(path, snapshotKind)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	domains, err := parseSnapshot(octets, time.Now())
	if err != nil {
		return fmt.Errorf("%s: %w", path, errors.Join(err, keep.ErrDamaged))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for d, r := range domains {
		t.addLocked(d, r)
	}
	return nil
}

func (t *Table) appendSnapshot(b []byte, now time.Time) []byte {
	t.mu.RLock()
	defer t.mu.RUnlock()
	b = binary.BigEndian.AppendUint64(b, uint64(now.Unix()))
	b = binary.BigEndian.AppendUint32(b, uint32(len(t.domains)))
	for d, r := range t.domains {
		b = r.appendTo(b, d)
	}
	return b
}

func (r *Rates) appendTo(b []byte, d Domain) []byte {
	r.mu.RLock()
	defer r.mu.RUnlock()
	exporter, err := d.Exporter.MarshalBinary()
	if err != nil || len(exporter) > 255 {
		exporter = nil
	}
	b = append(append(b, byte(len(exporter))), exporter...)
	b = binary.BigEndian.AppendUint32(b, d.Number)
	b = binary.BigEndian.AppendUint64(b, r.all)
	b = binary.BigEndian.AppendUint64(b, uint64(r.systemInit))
	count := 0
	for _, rate := range r.narrow {
		if rate > 0 {
			count++
		}
	}
	b = binary.BigEndian.AppendUint32(b, uint32(count))
	for s, rate := range r.narrow {
		if rate == 0 { // a sequence whose selectors were not known
			continue
		}
		b = append(b, byte(s.scope))
		b = binary.BigEndian.AppendUint64(b, s.id)
		b = binary.BigEndian.AppendUint64(b, rate)
	}
	return b
}

// parseSnapshot reads what appendSnapshot wrote, nothing if that is too long
// ago.
func parseSnapshot(b []byte, now time.Time) (map[Domain]*Rates, error) {
	if len(b) < 12 {
		return nil, fmt.Errorf("%w: %d octets", errSnapshot, len(b))
	}
	saved, count := time.Unix(int64(binary.BigEndian.Uint64(b)), 0), binary.BigEndian.Uint32(b[8:])
	domains := map[Domain]*Rates{}
	for b = b[12:]; count > 0; count-- {
		d, r, rest, err := parseDomain(b)
		if err != nil {
			return nil, err
		}
		domains[d], b = r, rest
	}
	if len(b) > 0 {
		return nil, fmt.Errorf("%w: %d octets too many", errSnapshot, len(b))
	}
	if now.Sub(saved) > lifetime {
		return nil, nil
	}
	return domains, nil
}

func parseDomain(b []byte) (d Domain, r *Rates, rest []byte, err error) {
	if len(b) < 1 || len(b) < 1+int(b[0])+domainLen {
		return d, nil, nil, fmt.Errorf("%w: ends within a domain", errSnapshot)
	}
	if err := d.Exporter.UnmarshalBinary(b[1 : 1+int(b[0])]); err != nil {
		return d, nil, nil, fmt.Errorf("%w: %w", errSnapshot, err)
	}
	b = b[1+int(b[0]):]
	d.Number = binary.BigEndian.Uint32(b)
	r = newRates()
	r.all, r.systemInit = binary.BigEndian.Uint64(b[4:]), int64(binary.BigEndian.Uint64(b[12:]))
	count := int(binary.BigEndian.Uint32(b[20:]))
	b = b[domainLen:]
	if count > maxPerDomain || len(b) < count*narrowLen {
		return d, nil, nil, fmt.Errorf("%w: %d rates in %d octets", errSnapshot, count, len(b))
	}
	for range count {
		s := scoped{Scope(b[0]), binary.BigEndian.Uint64(b[1:])}
		rate := binary.BigEndian.Uint64(b[9:])
		if s.scope != Sampler && s.scope != Interface && s.scope != Sequence || rate == 0 {
			return d, nil, nil, fmt.Errorf("%w: rate %d in scope %d", errSnapshot, rate, s.scope)
		}
		r.learn(s, rate)
		b = b[narrowLen:]
	}
	return d, r, b, nil
}
