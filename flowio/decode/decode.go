// Package decode turns export packets into flow records: it recognises the
// format, compiles templates to copy programs and fills a flow.Batch column
// by column.
//
// It does not listen, store or scale: counts stay as exported, the sampling
// rate stands beside them. The wire formats themselves are walked by
// flowio/netflow5, netflow9, ipfix and sflow.
package decode

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/netflow5"
	"example.com/weir/flowio/netflow7"
	"example.com/weir/flowio/sampling"
	"example.com/weir/flowio/sflow"
	"example.com/weir/flowio/source"
	"example.com/weir/flowio/template"
)

const (
	// maxExporters bounds the exporters whose accounts a Decoder keeps at hand;
	// beyond it the cache starts afresh.
	maxExporters = 16384

	// maxPrograms bounds the compiled templates of a Decoder, likewise, and
	// maxProgramFields the fields of all of them: about 16 MB. They cover the
	// templates of a hundred large routers.
	maxPrograms      = 8192
	maxProgramFields = 1 << 19
)

// errVersion reports a packet of a format that weir does not know.
var errVersion = errors.New("neither NetFlow v1, v5, v7, v9, IPFIX nor sFlow v5")

// Error says what was wrong with a packet. Records before and after the fault
// were decoded where the format allows that.
type Error struct {
	Exporter netip.AddrPort
	Reason   ledger.Reason // under which the packet is dropped in the books
	Err      error
}

func (e *Error) Error() string {
	return fmt.Sprintf("decode packet from %s: %v", e.Exporter, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// Config holds the collaborators of a Decoder. Those that are nil are made by
// New; Decoders that see packets of the same exporters share them.
type Config struct {
	Book      *ledger.Book
	Hop       ledger.Hop      // of the accounts that are kept
	Templates *template.Store // made by NewTemplates
	Rates     *sampling.Table

	// Sources, if set, is told what the packets show of their exporters.
	Sources *source.Registry
	// Policy says what templates and sampling rates belong to.
	Policy source.Policy
	// Relayed, if set, says of a listening port whether records there may name
	// their own exporter (elements 130, 131, 403, 404, the agent of sFlow), as
	// collectors that pass on what others export do. Whoever can send to such a port can name any.
	Relayed func(port uint16) bool
}

// NewTemplates returns a Store whose losses go to book at the given hop. A
// parked data set that is dropped counts as one record received and dropped,
// since without its template its records cannot be told apart.
func NewTemplates(book *ledger.Book, hop ledger.Hop) *template.Store {
	return newTemplates(book, hop, false)
}

// NewAdmittedTemplates is NewTemplates for packets that a Proxy has dealt out.
func NewAdmittedTemplates(book *ledger.Book, hop ledger.Hop) *template.Store {
	return newTemplates(book, hop, true)
}

func newTemplates(book *ledger.Book, hop ledger.Hop, admitted bool) *template.Store {
	return template.NewStore(template.Config{Admitted: admitted, Dropped: func(k template.Key, n int) {
		a := book.Account(ledger.Key{Hop: hop, Kind: ledger.Records, Exporter: accountAddr(k.Exporter), Domain: k.Domain})
		a.Receive(uint64(n))
		a.Drop(ledger.UnknownTemplate, uint64(n))
	}})
}

// Decoder decodes the packets of any number of exporters. It is not safe for
// concurrent use.
type Decoder struct {
	cfg       Config
	exporters map[netip.AddrPort]*exporter
	version   uint64    // of the Book that their accounts are of
	accounts  *Accounts // of records that name their exporter
	last      *exporter // of the packet before
	programs  map[*template.Template]*program
	fields    int // of programs

	spans   []span   // of the fields of the record at hand
	ends    []int    // of the records of the set at hand, if their lengths differ
	sampler []uint64 // sampler IDs of the records of the packet at hand
	parcel  []byte   // header and set of a packet to park
	biflows biflows

	releasing bool // the packet at hand was parked; its arrival has been noted
}

// exporter is what a Decoder keeps at hand about an exporter.
type exporter struct {
	at      netip.AddrPort
	addr    flow.Addr
	packets *ledger.Account
	domain  uint32          // of records
	records *ledger.Account // of domain

	session *source.Session // of the packet before
	key     source.SessionKey
}

// New returns a Decoder that knows no template yet unless cfg does.
func New(cfg Config) *Decoder {
	if cfg.Book == nil {
		cfg.Book = ledger.NewBook()
	}
	if cfg.Templates == nil {
		cfg.Templates = NewTemplates(cfg.Book, cfg.Hop)
	}
	if cfg.Rates == nil {
		cfg.Rates = sampling.NewTable()
	}
	return &Decoder{
		cfg:       cfg,
		accounts:  NewAccounts(cfg.Book, cfg.Hop),
		exporters: map[netip.AddrPort]*exporter{},
		programs:  map[*template.Template]*program{},
		biflows:   newBiflows(),
	}
}

// Decode appends the flow records of p to out. In the books it counts the
// packet as received and kept or dropped, and its records as received; what
// becomes of the records is for the caller to count (see Accounts). Data
// sets without a template are parked and decoded by the call that brings it.
//
// An *Error tells what was wrong with p; the records that could be decoded
// are in out all the same.
func (d *Decoder) Decode(p flow.Packet, out *flow.Batch) error {
	e := d.exporter(p.Exporter)
	e.packets.Receive(1)
	if err := d.dispatch(e, p, out); err != nil {
		reason := reasonOf(err)
		e.packets.Drop(reason, 1)
		return &Error{Exporter: p.Exporter, Reason: reason, Err: err}
	}
	e.packets.Keep(1)
	return nil
}

func (d *Decoder) dispatch(e *exporter, p flow.Packet, out *flow.Batch) error {
	if len(p.Payload) < 4 {
		return fmt.Errorf("%w: %d octets", template.ErrMalformed, len(p.Payload))
	}
	switch binary.BigEndian.Uint16(p.Payload) {
	case netflow5.Version:
		return d.netflow5(e, p, out)
	case netflow7.Version1, netflow7.Version7:
		return d.netflow7(e, p, out)
	case uint16(template.NetFlow9):
		return d.netflow9(e, p, out)
	case uint16(template.IPFIX):
		return d.ipfix(e, p, out)
	}
	if binary.BigEndian.Uint32(p.Payload) == sflow.Version {
		return d.sflow(e, p, out)
	}
	return fmt.Errorf("%w: starts with %#08x", errVersion, p.Payload[:4])
}

func reasonOf(err error) ledger.Reason {
	switch {
	case errors.Is(err, errVersion):
		return ledger.UnknownVersion
	case errors.Is(err, errTemplate):
		return ledger.RefusedTemplate
	default:
		return ledger.Malformed
	}
}

// exporter returns what is known about an exporter.
func (d *Decoder) exporter(at netip.AddrPort) *exporter {
	if v := d.cfg.Book.Version(); v != d.version {
		clear(d.exporters)
		d.last, d.version = nil, v
	}
	if d.last != nil && d.last.at == at {
		return d.last
	}
	e := d.exporters[at]
	if e == nil {
		if len(d.exporters) >= maxExporters {
			clear(d.exporters)
		}
		e = &exporter{
			at:   at,
			addr: flow.AddrFrom(at.Addr()),
			packets: d.cfg.Book.Account(ledger.Key{
				Hop: d.cfg.Hop, Kind: ledger.Packets, Exporter: accountAddr(at),
			}),
		}
		d.exporters[at] = e
	}
	d.last = e
	return e
}

// accountAddr is how the books name an exporter: as a flow.Addr would, which
// has no zone and does not tell IPv4 from v4-mapped addresses.
func accountAddr(exporter netip.AddrPort) netip.Addr {
	return exporter.Addr().Unmap().WithZone("")
}

// account returns the account of the records of e in domain.
func (d *Decoder) account(e *exporter, domain uint32) *ledger.Account {
	if e.records == nil || e.domain != domain {
		e.domain = domain
		e.records = d.cfg.Book.Account(ledger.Key{
			Hop: d.cfg.Hop, Kind: ledger.Records, Exporter: accountAddr(e.at), Domain: domain,
		})
	}
	return e.records
}

// timeAxis returns the place of a packet on the time axis in Unix
// milliseconds: its export time, or its arrival if the two are too far apart.
func timeAxis(export int64, received time.Time) int64 {
	if source.IsSkewed(export, received) {
		return received.UnixMilli()
	}
	return export
}
