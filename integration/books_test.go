package integration

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// unitLedger is what GET /ledger says of one unit.
type unitLedger struct {
	Unit, Name, Error string
	Entries           []struct {
		Hop, Kind, Exporter     string
		Domain                  uint32
		Received, Kept, Missing string
		Dropped                 map[string]string
	}
	Ports []struct {
		Port     int
		Received string
		Dropped  map[string]string
	}
	Sent []struct {
		Slave, Packets, Records string
		DroppedRecords          map[string]string
	}
	Forwarded []forwardedNow
}

// unitLedgers asks for the books of every unit, by exporter.
func (d *deployment) unitLedgers() ([]unitLedger, error) {
	var answer struct{ Units []unitLedger }
	err := d.call("GET", "/ledger?perExporter=true", nil, &answer)
	return answer.Units, err
}

// counts are the sums of one unit over its exporters, by "hop kind".
type counts struct {
	received, kept, missing map[string]int64
	dropped                 map[string]int64 // by reason, all hops
	droppedAt               map[string]int64 // by "hop kind" and by "hop kind reason"
	sent                    map[string]int64 // records by Slave

	// The same as told by port and by Slave.
	ports, slaves map[string]int64 // "received", "sent", and dropped by reason
}

func newCounts() counts {
	m := func() map[string]int64 { return map[string]int64{} }
	return counts{m(), m(), m(), m(), m(), m(), m(), m()}
}

// addParts adds what is told by port and by Slave.
func (c counts) addParts(u unitLedger) {
	for _, p := range u.Ports {
		c.ports["received"] += integer(p.Received)
		for reason, n := range p.Dropped {
			c.ports[reason] += integer(n)
		}
	}
	for _, s := range u.Sent {
		c.sent[s.Slave] += integer(s.Records)
		c.slaves["sent"] += integer(s.Records)
		for reason, n := range s.DroppedRecords {
			c.slaves[reason] += integer(n)
		}
	}
}

// accounts reports an error unless a unit accounts for everything.
func (c counts) accounts() error {
	for k, n := range c.missing {
		if n != 0 {
			return fmt.Errorf("%d are missing at %s: %+v", n, k, c)
		}
	}
	return nil
}

// partsAgree reports whether what is told by port and by Slave adds up to what
// is told by exporter.
func (c counts) partsAgree() error {
	if got, want := c.ports["received"], c.received["receive packets"]; got != want {
		return fmt.Errorf("%d packets by port, %d by exporter", got, want)
	}
	if got, want := c.slaves["sent"], c.kept["distribute records"]; got != want {
		return fmt.Errorf("%d records by Slave, %d by exporter", got, want)
	}
	for reason := range c.dropped {
		if got, want := c.ports[reason], c.droppedAt["receive packets "+reason]; got != want {
			return fmt.Errorf("%d packets dropped as %s by port, %d by exporter", got, reason, want)
		}
		// Records may also be dropped before a Slave is chosen, but not for these reasons.
		got, want := c.slaves[reason], c.droppedAt["distribute records "+reason]
		if isOfDelivery := reason == "spool_full" || reason == "send_failed"; got > want || isOfDelivery && got != want {
			return fmt.Errorf("%d records dropped as %s by Slave, %d by exporter", got, reason, want)
		}
	}
	return nil
}

func (d *deployment) ledger() (map[string]counts, error) {
	units, err := d.unitLedgers()
	if err != nil {
		return nil, err
	}
	books := map[string]counts{}
	for _, u := range units {
		if u.Error != "" {
			return nil, fmt.Errorf("ledger of %s: %s", u.Name, u.Error)
		}
		c := newCounts()
		c.addParts(u)
		for _, e := range u.Entries {
			k := e.Hop + " " + e.Kind
			c.received[k] += integer(e.Received)
			c.kept[k] += integer(e.Kept)
			c.missing[k] += integer(e.Missing)
			for reason, n := range e.Dropped {
				c.dropped[reason] += integer(n)
				c.droppedAt[k] += integer(n)
				c.droppedAt[k+" "+reason] += integer(n)
			}
		}
		books[u.Name] = c
	}
	return books, nil
}

func integer(text string) int64 {
	n, _ := strconv.ParseInt(text, 10, 64)
	return n
}

// booksBalance waits for a quiet moment and asserts that every unit accounts
// for everything, by exporter, port and Slave alike, and that what a Proxy says
// it sent is what its Slaves say they received, since both were started.
func (d *deployment) booksBalance() {
	d.t.Helper()
	d.await("balanced books", 10*time.Second, func() error {
		books, err := d.ledger()
		if err != nil {
			return err
		}
		for name, c := range books {
			if err := errors.Join(c.accounts(), c.partsAgree()); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		return d.sentIsReceived(books)
	})
}

// wantAccounted waits until every unit accounts for everything it received, and
// returns the books.
func (d *deployment) wantAccounted() (books map[string]counts) {
	d.t.Helper()
	d.await("every unit to account for everything", 30*time.Second, func() (err error) {
		if books, err = d.ledger(); err != nil {
			return err
		}
		for name, c := range books {
			if err := c.accounts(); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		return nil
	})
	return books
}

func (d *deployment) sentIsReceived(books map[string]counts) error {
	for proxy, c := range books {
		for _, u := range d.demo.Units {
			sent, isSlave := c.sent[u.ID]
			if !isSlave {
				continue
			}
			if got := books[u.Name].received["store records"]; got != sent {
				return fmt.Errorf("%s sent %d records to %s, which received %d", proxy, sent, u.Name, got)
			}
		}
	}
	return nil
}
