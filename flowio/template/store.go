package template

import (
	"container/list"
	"iter"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"example.com/weir/flowio/flow"
)

const (
	// lifetime is how long a template outlives its last announcement or the data
	// that last used it. Routers announce every 1 to 30 minutes, some every
	// hour, some only when they start; a template that was replaced is
	// overwritten, so expiry only has to free memory.
	lifetime = 6 * time.Hour

	// maxPerExporter bounds the templates of one exporter. Large routers use
	// a few dozen in each of a few dozen observation domains.
	maxPerExporter = 4096

	// admittedPerExporter is that bound behind a Proxy, which repeats all that it
	// knows every minute: maxPerExporter at most, of which as many may be new at
	// once, and newPerSecond more each second. What was announced longest ago
	// beyond that is none of the Proxy's any more.
	admittedPerExporter = 3 * maxPerExporter

	// maxOctets caps what a Store remembers, by the estimate of octets below.
	// Beyond it the least used of those announced longest ago goes first; behind
	// a Proxy the one announced longest ago.
	maxOctets = 64 << 20

	// newPerSecond bounds the new layouts of one exporter, repetitions not
	// counted, after maxPerExporter of them at once as when a router starts. More
	// than that is a fault of the exporter, whose every layout would be compiled
	// and written to disk.
	newPerSecond = 64

	// entryOctets estimates an entry without its fields, fieldOctets a field,
	// recordOctets a record of options data without its octets.
	entryOctets, fieldOctets, recordOctets = 400, 8, 24

	// candidates is how many templates are looked at to find one to forget;
	// maxUses is how many uses of one are counted for that.
	candidates, maxUses = 16, 255

	// sweepEvery is how often exporters without a template are forgotten, which
	// gives their budget of new layouts back. maxEmpty of them are too many to
	// wait for that.
	sweepEvery = maxPerExporter / newPerSecond * time.Second
	maxEmpty   = 8192
)

// Key names a template. Template IDs are unique only within one transport
// session and observation domain (RFC 7011 section 3.4.1), and both formats
// number theirs apart.
type Key struct {
	Exporter netip.AddrPort
	Format   Format
	Domain   uint32
	ID       uint16
}

// Config holds the collaborators of a Store.
type Config struct {
	// Dropped, if set, is told that n parked sets were dropped because their
	// template did not come in time or there were too many. It is called
	// without a lock held.
	Dropped func(k Key, n int)

	// Admitted says that whoever hands over templates has bounded the new
	// layouts of each exporter already, as a Proxy has: refusing others than
	// it did would leave its records without a template, and so would forgetting
	// one that it still knows.
	Admitted bool
}

// Store remembers templates, and parks data sets that came before theirs. It
// is safe for concurrent use.
type Store struct {
	cfg Config

	mu        sync.RWMutex // guards everything below
	entries   map[Key]*entry
	byAge     list.List // of *entry, announced longest ago first
	exporters map[netip.AddrPort]*exporter
	octets    int    // sum over entries; at most maxOctets
	changes   uint64 // of entries
	swept     time.Time
	empty     int // exporters that have lost their last template since
	parking   parking
}

type entry struct {
	key              Key
	template         *Template
	announced        time.Time
	data             [][]byte      // of an options template, see KeepData
	uses             atomic.Uint32 // by data sets, up to maxUses; halved when passed over
	inStore, inOwner *list.Element
}

func (e *entry) octets() int {
	n := entryOctets + fieldOctets*len(e.template.Fields)
	for _, record := range e.data {
		n += recordOctets + len(record)
	}
	return n
}

// NewStore returns an empty Store.
func NewStore(cfg Config) *Store {
	return &Store{
		cfg:       cfg,
		entries:   map[Key]*entry{},
		exporters: map[netip.AddrPort]*exporter{},
		parking:   parking{sets: map[Key][]*list.Element{}, of: map[netip.Addr]int{}},
	}
}

// Lookup returns the template of k, nil if it is not known. The Template is
// not to be changed.
func (s *Store) Lookup(k Key) *Template {
	s.mu.RLock()
	defer s.mu.RUnlock()
	e := s.entries[k]
	if e == nil {
		return nil
	}
	if n := e.uses.Load(); n < maxUses {
		e.uses.Store(n + 1) // one that is lost to another reader does not matter
	}
	return e.template
}

// Of returns the templates of an exporter's domain, announced longest ago
// first. They are not to be changed.
func (s *Store) Of(exporter netip.AddrPort, f Format, domain uint32) (all []*Template) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	owner := s.exporters[exporter]
	if owner == nil {
		return nil
	}
	for at := owner.byAge.Front(); at != nil; at = at.Next() {
		if e := at.Value.(*entry); e.key.Format == f && e.key.Domain == domain {
			all = append(all, e.template)
		}
	}
	return all
}

// Add remembers t under k. It returns the template in force, which is the
// earlier one if t only repeats it, whether the layout is new, and the data
// sets that were parked for it. The Store keeps t. If the exporter announces
// too many new layouts, nothing is in force.
func (s *Store) Add(k Key, t *Template) (inForce *Template, isNew bool, released []flow.Packet) {
	now := time.Now()
	s.mu.Lock()
	defer s.unlock(s.sweepLocked(now))
	if e := s.entries[k]; e != nil {
		s.touchLocked(e, now)
		if e.template.Equal(t) {
			return e.template, false, s.parking.take(k)
		}
		s.removeLocked(e) // what comes now cannot be read by the earlier layout
	}
	if owner := s.ownerLocked(k.Exporter); !s.cfg.Admitted && !owner.admits(now) {
		return nil, false, nil
	}
	s.insertLocked(&entry{key: k, template: t, announced: now})
	return t, true, s.parking.take(k)
}

func (s *Store) limitPerExporter() int {
	if s.cfg.Admitted {
		return admittedPerExporter
	}
	return maxPerExporter
}

func (s *Store) touchLocked(e *entry, now time.Time) {
	e.announced = now
	s.byAge.MoveToBack(e.inStore)
	s.exporters[e.key.Exporter].byAge.MoveToBack(e.inOwner)
}

// ownerLocked returns what is known of an exporter, which may be nothing yet.
func (s *Store) ownerLocked(at netip.AddrPort) *exporter {
	owner := s.exporters[at]
	if owner == nil {
		owner = new(exporter)
		s.exporters[at] = owner
	}
	return owner
}

func (s *Store) insertLocked(e *entry) {
	owner := s.ownerLocked(e.key.Exporter)
	if owner.byAge.Len() >= s.limitPerExporter() {
		s.evictLocked(&owner.byAge)
	}
	s.changes++
	s.entries[e.key] = e
	e.inStore, e.inOwner = s.byAge.PushBack(e), owner.byAge.PushBack(e)
	s.octets += e.octets()
	for s.octets > maxOctets && s.byAge.Len() > 1 {
		s.evictLocked(&s.byAge)
	}
}

// removeLocked leaves the exporter known, so that it cannot get a new budget by
// withdrawing; sweepLocked forgets it.
func (s *Store) removeLocked(e *entry) {
	owner := s.exporters[e.key.Exporter]
	s.byAge.Remove(e.inStore)
	owner.byAge.Remove(e.inOwner)
	if owner.byAge.Len() == 0 {
		s.empty++
	}
	delete(s.entries, e.key)
	s.octets -= e.octets()
	s.changes++
}

// Withdraw forgets the template of k. An ID below MinID, as Parse returns it,
// means all templates of that kind in the domain.
func (s *Store) Withdraw(k Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k.ID >= MinID {
		if e := s.entries[k]; e != nil {
			s.removeLocked(e)
		}
		return
	}
	owner := s.exporters[k.Exporter]
	if owner == nil {
		return
	}
	options := k.ID == IPFIX.OptionsSet()
	for at := owner.byAge.Front(); at != nil; {
		e := at.Value.(*entry)
		at = at.Next()
		if e.key.Format == k.Format && e.key.Domain == k.Domain && e.template.Options == options {
			s.removeLocked(e)
		}
	}
}

// Park keeps a data set until its template is added, as a packet that holds
// only this set; the payload is copied. If the template has come since Lookup
// did not find it, Park returns it and keeps nothing. Beyond the bounds of
// parking the set is dropped and told to Config.Dropped.
func (s *Store) Park(k Key, p flow.Packet) (known *Template) {
	now := time.Now()
	s.mu.Lock()
	dropped := s.sweepLocked(now)
	if e := s.entries[k]; e != nil {
		known = e.template
	} else {
		dropped = append(dropped, s.parking.put(k, p, now)...)
	}
	s.unlock(dropped)
	return known
}

// Expire drops what has outlived its time. Add and Park do so too; Expire is
// for when neither is called.
func (s *Store) Expire() {
	s.mu.Lock()
	s.unlock(s.sweepLocked(time.Now()))
}

// Parked returns the number of data sets that wait for their template.
func (s *Store) Parked() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.parking.order.Len()
}

// Len returns the number of templates known.
func (s *Store) Len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.entries)
}

// All yields the templates known when it was called, announced longest ago
// first.
func (s *Store) All() iter.Seq2[Key, *Template] {
	s.mu.RLock()
	keys := make([]Key, 0, len(s.entries))
	templates := make([]*Template, 0, len(s.entries))
	for at := s.byAge.Front(); at != nil; at = at.Next() {
		e := at.Value.(*entry)
		keys, templates = append(keys, e.key), append(templates, e.template)
	}
	s.mu.RUnlock()
	return func(yield func(Key, *Template) bool) {
		for i, k := range keys {
			if !yield(k, templates[i]) {
				return
			}
		}
	}
}

// unlock releases the lock and then tells what was dropped.
func (s *Store) unlock(dropped []Key) {
	s.mu.Unlock()
	if s.cfg.Dropped == nil {
		return
	}
	for _, k := range dropped {
		s.cfg.Dropped(k, 1)
	}
}
