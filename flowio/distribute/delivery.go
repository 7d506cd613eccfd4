package distribute

import (
	"context"
	"net/netip"
	"time"

	"example.com/weir/flowio/ledger"
)

// datagram is a packet on its way to a Slave.
type datagram struct {
	to       *sink
	from     netip.AddrPort // the exporter
	port     uint16         // listening port
	received time.Time
	payload  []byte
	cost     cost
	buffer   *buffer // that payload is in; nil if it is in the packet that came
}

// cost is what the delivery of a datagram settles on the ledger.
type cost struct {
	packets *ledger.Account // nil unless the packet is one that came
	account *ledger.Account // of records; nil if there are none
	samples *otherAccounts  // of others; nil if there are none
	records uint32
	others  others
}

// keep accounts for a delivered datagram.
func (c cost) keep(s *sink) {
	s.sent.packets.Add(1)
	if c.packets != nil {
		c.packets.Keep(1)
	}
	if c.account != nil {
		s.sent.records.Add(uint64(c.records))
		s.sent.of.add(c.account, uint64(c.records))
		c.account.Keep(uint64(c.records))
	}
	if c.samples != nil {
		c.others.keep(c.samples)
	}
}

// dropAt accounts for a datagram to s that was not delivered.
func (c cost) dropAt(s *sink, r ledger.Reason) {
	s.sent.droppedPackets[r].Add(1)
	if c.account != nil {
		s.sent.droppedRecords[r].Add(uint64(c.records))
	}
	c.drop(r)
}

// drop accounts for a datagram that no Slave is there for.
func (c cost) drop(r ledger.Reason) {
	if c.packets != nil {
		c.packets.Drop(r, 1)
	}
	if c.account != nil {
		c.account.Drop(r, uint64(c.records))
	}
	if c.samples != nil {
		c.others.drop(c.samples, r)
	}
}

// delivery is a way to the Slaves.
type delivery interface {
	// permitted returns an error with the remedy if the process lacks a
	// privilege.
	permitted() error

	// outlet returns what one shard sends through.
	outlet() outlet

	// open begins and close ends the way to a Slave; close waits until ctx
	// ends for what is on its way and accounts for the rest.
	open(*sink)
	close(context.Context, *sink)

	// abandon ends the way to a Slave that left and returns what it has not
	// acknowledged, not accounted for.
	abandon(*sink) []datagram
}

// outlet sends datagrams. It is used by one goroutine at a time.
type outlet interface {
	// deliver sends datagrams in order and accounts for each, now or when it
	// is acknowledged. It does not keep payloads.
	deliver([]datagram)
	close()
}
