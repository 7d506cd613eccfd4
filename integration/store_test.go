package integration

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"example.com/weir/flowio/flowtest"
	"example.com/weir/flowio/flowtest/synth"
)

const (
	// atticDisk is the size of the file system that the unit of TestStore has
	// its data on, atticReserve what its store leaves free there.
	atticDisk, atticReserve = 160 << 20, 16 << 20

	atticPort = 2082
)

// TestStore puts the store of a unit, a process of its own on a small disk,
// through what may happen to it: limits that change, deaths under load, a
// damaged file, a disk that fills up.
func TestStore(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	e := attic(d)
	wantLimits(e)
	wantDeathsSurvived(e)
	wantDamageNamed(e)
	wantFullDiskSurvived(e)
}

// attic is a standalone Slave on a small disk, in a source group of its own.
func attic(d *deployment) *extra {
	d.t.Helper()
	e := extraUnit(d, "attic", "standalone", d.host(31), d.unit("master").Control,
		fmt.Sprintf("store: {reserve: %d, keep: 1ms, quota: 128MiB}", atticReserve))
	settings, err := os.ReadFile(e.file)
	if err != nil {
		d.t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", e.dir, "tmpfs", 0, fmt.Sprintf("size=%d", atticDisk)); err != nil {
		flowtest.Missing(d.t, "a small file system needs the right to mount: %v", err)
	}
	t := d.t
	t.(*testing.T).Cleanup(func() {
		if err := unix.Unmount(e.dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	if err := os.WriteFile(e.file, settings, 0o600); err != nil { // the first one lies under the mount
		d.t.Fatal(err)
	}
	e.join()
	e.start()
	d.await("attic to be linked", 15*time.Second, e.linked)
	d.makeGroup("attic", atticPort, "tls", e)
	e.awaitActive()
	return e
}

func (e *extra) awaitActive() {
	e.d.t.Helper()
	e.d.await(e.name+" to be active", 20*time.Second, func() error {
		if s := e.d.status(e.name).Status; s.State != "active" {
			return fmt.Errorf("%s: %s", s.State, s.Reason)
		}
		return nil
	})
}

// storeNow is what the API says of the store of a unit.
type storeNow struct {
	StoreBytes, StoreRows, StoreFreeBytes, StoreMinimumBytes, StoreQuotaBytes string
	StoreMaxAgeSeconds                                                        int
}

func (e *extra) store() storeNow {
	e.d.t.Helper()
	var u struct{ Status storeNow }
	if err := e.d.call("GET", "/units/"+e.id(), nil, &u); err != nil {
		e.d.t.Fatal(err)
	}
	return u.Status
}

// wantLimits sets quota and age of a source group: the Slave has them at once
// and after a death, and what its disk cannot hold is refused in place.
func wantLimits(e *extra) {
	d := e.d
	inForce := func(quota string, age int) {
		d.t.Helper()
		d.await("the limits", 10*time.Second, func() error {
			if s := e.store(); s.StoreQuotaBytes != quota || s.StoreMaxAgeSeconds != age {
				return fmt.Errorf("in force: %+v", s)
			}
			return nil
		})
	}
	inForce("134217728", 30*86400)
	if s := e.store(); integer(s.StoreFreeBytes) <= 0 || integer(s.StoreFreeBytes) > atticDisk-atticReserve || s.StoreMinimumBytes != "67108864" {
		d.t.Errorf("%+v", s)
	}
	d.patchSourceGroup("attic", map[string]any{"retention": map[string]any{"quotaBytes": "67108864", "maxAgeSeconds": 86400}})
	inForce("67108864", 86400)
	e.die()
	inForce("67108864", 86400)
	for quota, want := range map[string]string{"268435456": "Slave attic has room for", "1048576": "want at least 64 MiB"} {
		g := d.sourceGroup("attic")
		_, err := d.patch("source-groups", g.ID, g.Revision, map[string]any{"retention": map[string]any{"quotaBytes": quota}})
		var p *problem
		if !errors.As(err, &p) || !strings.Contains(p.text, want) || !strings.Contains(p.text, `"pointer":"/retention/quotaBytes"`) {
			d.t.Errorf("a quota of %s: %v, want a refusal in place: %s", quota, err, want)
		}
	}
	if _, errs, code := d.run("topology", "update-source-group", "attic", "--quota", "0", "--max-age", "2h"); code != 0 {
		d.t.Fatalf("exit code %d: %s", code, errs)
	}
	inForce("134217728", 7200)
}

// die kills the unit and starts it again.
func (e *extra) die() {
	e.d.t.Helper()
	if err := e.cmd.Process.Kill(); err != nil {
		e.d.t.Fatal(err)
	}
	<-e.ended
	e.start()
	e.awaitUp()
	e.awaitActive()
}

// wantDeathsSurvived kills the unit at random moments while flows pour in.
// Whatever it was doing, it comes back with all but the last second before it
// died, its series say what its flows say, and each record is there once.
func wantDeathsSurvived(e *extra) {
	d := e.d
	x := newQuietExporter(d.t, synth.IPFIX, "127.37.82.1", e.receives())
	x.packets(50)
	d.awaitRecords(x, sums{}, synth.Sent{})
	time.Sleep(learntWithin)
	var sent atomic.Uint64
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				x.packets(5)
				sent.Add(5 * perPacket)
			}
		}
	}()
	mayBeLost := uint64(0)
	for range 2 {
		time.Sleep(time.Duration(rand.IntN(700)) * time.Millisecond)
		from := sent.Load()
		time.Sleep(time.Second)
		e.die()
		mayBeLost += sent.Load() - from
	}
	close(stop)
	<-stopped
	flows, made := d.rested("attic"), x.synth.Sent().Records
	if flows.flows > made || flows.flows+mayBeLost < made {
		d.t.Errorf("%d records are stored of %d, and at most %d were sent while the unit was dead or in the second before", flows.flows, made, mayBeLost)
	}
	d.t.Logf("%d of %d records stored; %d sent around its deaths", flows.flows, made, mayBeLost)
	d.seriesSayWhatFlowsSay("attic", flows)
}

func (e *extra) receives() string { return fmt.Sprintf("%s:%d", e.address, atticPort) }

// seriesSayWhatFlowsSay compares a total that the series store may answer with
// one that only flows can.
func (d *deployment) seriesSayWhatFlowsSay(group string, want sums) {
	d.t.Helper()
	now := time.Now().UTC().Truncate(30 * time.Second)
	a := d.ask(question{
		"kind": "total", "from": now.Add(-time.Hour).Format(time.RFC3339), "to": now.Add(time.Minute).Format(time.RFC3339),
		"metrics": []string{"flows", "packets", "bytes"}, "sourceGroups": []string{group}, "scaled": false,
	})
	if scanned := integer(a.Stats.RowsScanned); uint64(scanned) >= want.flows {
		d.t.Errorf("%d flows were scanned of %d: the series did not answer", scanned, want.flows)
	}
	got := sumsIn(d, a.Rows[0])
	if got != want {
		d.t.Errorf("the series say %v, the flows %v", got, want)
	}
}
