package report

import (
	"runtime/metrics"
	"slices"
	"time"

	"example.com/weir/actors/proto"
	"example.com/weir/flowio/flow"
	"example.com/weir/persistence/topology"
)

// Store is what a report says about a flow store; zero for units without one.
type Store struct {
	Rows, Bytes    uint64
	Oldest, Newest int64 // Unix milliseconds, 0 = none

	Free, Minimum uint64        // octets, see topology.Status
	Quota         uint64        // in force; 0 = no bound
	MaxAge        time.Duration // in force; 0 = for ever
}

// Self is the state of a unit as it reports it.
type Self struct {
	Unit    topology.UnitID
	Boot    string
	Version string
	Started time.Time
	Applied topology.Revision
	Checks  []topology.Check
	Rates   topology.Rates
	Store   Store
	Present []flow.Span // when it took flows in
}

// Report returns s as it travels to the unit above.
func (s Self) Report(now time.Time) *proto.Report {
	r := &proto.Report{
		UnitId:          []byte(s.Unit),
		BootId:          []byte(s.Boot),
		Version:         s.Version,
		AppliedRevision: uint64(s.Applied),
		ReportedUnixMs:  now.UnixMilli(),
		StartedUnixMs:   s.Started.UnixMilli(),
		Up:              true,
		MemoryBytes:     Memory(),
		StoreBytes:      s.Store.Bytes,
		StoreRows:       s.Store.Rows,
		OldestUnixMs:    s.Store.Oldest,
		NewestUnixMs:    s.Store.Newest,
		StoreFreeBytes:  s.Store.Free, StoreMinimumBytes: s.Store.Minimum,
		StoreQuotaBytes: s.Store.Quota, StoreMaxAgeSeconds: int64(s.Store.MaxAge / time.Second),
		Rates: &proto.Rates{
			PacketsPerSecond: s.Rates.PacketsPerSecond,
			RecordsPerSecond: s.Rates.RecordsPerSecond,
			KeptPerSecond:    s.Rates.KeptPerSecond,
			DroppedPerSecond: s.Rates.DroppedPerSecond,
			Packets:          s.Rates.Packets,
			Records:          s.Rates.Records,
			Kept:             s.Rates.Kept,
			Dropped:          s.Rates.Dropped,
		},
	}
	for _, span := range s.Present {
		r.PresentUnixMs = append(r.PresentUnixMs, span.From, span.To)
	}
	for _, c := range s.Checks {
		r.Checks = append(r.Checks, &proto.Check{Name: c.Name, Ok: c.OK, Reason: []byte(c.Reason)})
	}
	return r
}

// Status returns the live state in r without the judgement of the receiver:
// State and Reason are left empty.
func Status(r *proto.Report, heard time.Time) topology.Status {
	rates := r.GetRates()
	st := topology.Status{
		LastSeen: heard,
		Started:  time.UnixMilli(r.GetStartedUnixMs()).UTC(),
		Version:  r.GetVersion(),
		Applied:  topology.Revision(r.GetAppliedRevision()),
		Checks:   make([]topology.Check, 0, len(r.GetChecks())),
		Rates: topology.Rates{
			PacketsPerSecond: rates.GetPacketsPerSecond(),
			RecordsPerSecond: rates.GetRecordsPerSecond(),
			KeptPerSecond:    rates.GetKeptPerSecond(),
			DroppedPerSecond: rates.GetDroppedPerSecond(),
			Packets:          rates.GetPackets(),
			Records:          rates.GetRecords(),
			Kept:             rates.GetKept(),
			Dropped:          rates.GetDropped(),
		},
		MemoryBytes: r.GetMemoryBytes(),
		StoreBytes:  r.GetStoreBytes(),
		StoreRows:   r.GetStoreRows(),
		Oldest:      timeOrZero(r.GetOldestUnixMs()),
		Newest:      timeOrZero(r.GetNewestUnixMs()),
		StoreFree:   r.GetStoreFreeBytes(), StoreMinimum: r.GetStoreMinimumBytes(),
		StoreQuota: r.GetStoreQuotaBytes(), StoreMaxAge: int(r.GetStoreMaxAgeSeconds()),
	}
	for span := range slices.Chunk(r.GetPresentUnixMs(), 2) {
		if len(span) == 2 {
			st.Present = append(st.Present, flow.Span{From: span[0], To: span[1]})
		}
	}
	for _, c := range r.GetChecks() {
		st.Checks = append(st.Checks, topology.Check{Name: c.GetName(), OK: c.GetOk(), Reason: string(c.GetReason())})
	}
	return st
}

func timeOrZero(unixMs int64) time.Time {
	if unixMs == 0 {
		return time.Time{}
	}
	return time.UnixMilli(unixMs).UTC()
}

// Memory returns the octets that the Go runtime holds from the operating
// system.
func Memory() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() - s[1].Value.Uint64()
}
