package integration

import (
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
	Sent []struct{ Slave, Packets, Records string }
}

// counts are the sums of one unit over its exporters, by "hop kind".
type counts struct {
	received, kept, missing map[string]int64
	dropped                 map[string]int64 // by reason, all hops
	sent                    map[string]int64 // records by Slave
}

func (d *deployment) ledger() (map[string]counts, error) {
	var answer struct{ Units []unitLedger }
	if err := d.call("GET", "/ledger?perExporter=true", nil, &answer); err != nil {
		return nil, err
	}
	books := map[string]counts{}
	for _, u := range answer.Units {
		if u.Error != "" {
			return nil, fmt.Errorf("ledger of %s: %s", u.Name, u.Error)
		}
		c := counts{map[string]int64{}, map[string]int64{}, map[string]int64{}, map[string]int64{}, map[string]int64{}}
		for _, e := range u.Entries {
			k := e.Hop + " " + e.Kind
			c.received[k] += integer(e.Received)
			c.kept[k] += integer(e.Kept)
			c.missing[k] += integer(e.Missing)
			for reason, n := range e.Dropped {
				c.dropped[reason] += integer(n)
			}
		}
		for _, s := range u.Sent {
			c.sent[s.Slave] += integer(s.Records)
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
// for everything, and that what a Proxy says it sent is what its Slaves say
// they received, since both were started.
func (d *deployment) booksBalance() {
	d.t.Helper()
	d.await("balanced books", 10*time.Second, func() error {
		books, err := d.ledger()
		if err != nil {
			return err
		}
		for name, c := range books {
			for k, n := range c.missing {
				if n != 0 {
					return fmt.Errorf("%s misses %d at %s: %+v", name, n, k, c)
				}
			}
		}
		return d.sentIsReceived(books)
	})
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
