package integration

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"math/big"
	"net/netip"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"example.com/weir/flowio/distribute"
	"example.com/weir/flowio/flow"
	"example.com/weir/flowio/ledger"
	"example.com/weir/flowio/listen"
)

// part is what a process of the data path alone does: a Proxy without its
// control plane, or the place of a Slave, which counts and forgets. Machines
// of two cores cannot store what a Proxy can deal out.
type part struct {
	Role            string // "proxy" or "slave"
	Listen          netip.Addr
	Port            uint16
	Model, Delivery string
	MTU             int
	Slaves          []distribute.Slave
	Sums            bool // a Slave looks into records

	Targets []distribute.Target // a Proxy copies to them
}

// portOffset is added to a listening port for the leg to a Slave.
const portOffset = 30000

// told is what a part says when it ends.
type told struct {
	tally                     // at the place of a Slave
	Received, Kept     uint64 // records on the ledger of a Proxy
	PacketsIn, Missing int64
	Sent               []ledger.Sent
	Forwarded          []ledger.Forwarded
	Dropped            map[string]uint64
	CPU                float64 // seconds
}

const partVariable = "WEIR_TEST_PART"

// TestPart is not a test: with the variable set this process is a part, until
// it is interrupted.
func TestPart(t *testing.T) {
	text := os.Getenv(partVariable)
	if text == "" {
		return
	}
	var p part
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatal(err)
	}
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)
	var said told
	if p.Role == "proxy" {
		said = p.proxy(t, interrupted)
	} else {
		said = p.slave(t, interrupted)
	}
	said.CPU = used()
	if err := json.NewEncoder(os.NewFile(3, "told")).Encode(said); err != nil {
		t.Fatal(err)
	}
}

// used returns the processor seconds of this process.
func used() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

func (p part) proxy(t *testing.T, interrupted <-chan os.Signal) (said told) {
	book := ledger.NewBook()
	cfg := distribute.Config{Model: p.Model, Delivery: p.Delivery, MTU: p.MTU, Book: book, TLS: selfSigned(t)}
	d, err := distribute.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Start(); err != nil {
		t.Fatal(err)
	}
	d.SetSlaves(p.Slaves)
	copier := distribute.NewCopier(distribute.CopierConfig{TLS: selfSigned(t)})
	if err := copier.Want(p.Targets); err != nil {
		t.Fatal(err)
	}
	l := listen.New(listen.Config{Address: p.Listen, Port: p.Port, Book: book}, func(ps []flow.Packet) {
		copier.Take(ps)
		d.Take(ps)
	})
	if err := l.Start(); err != nil {
		t.Fatal(err)
	}
	<-interrupted
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if err := copier.Close(); err != nil {
		t.Error(err)
	}
	said.Sent, said.Forwarded, said.Dropped = d.Sent(), copier.Forwarded(), map[string]uint64{}
	for _, e := range ledger.Totals(book.Entries()) {
		said.Missing += e.Missing()
		switch {
		case e.Hop == ledger.Receive:
			said.PacketsIn = int64(e.Received)
		case e.Kind == ledger.Records:
			said.Received, said.Kept = e.Received, e.Kept
		}
		for r, n := range e.Dropped {
			if n > 0 {
				said.Dropped[fmt.Sprint(e.Hop, " ", ledger.Reason(r))] += n
			}
		}
	}
	return said
}

func (p part) slave(t *testing.T, interrupted <-chan os.Signal) (said told) {
	counted := newTally(p.Sums)
	receiver := p.lightSlave(t, counted)
	if err := receiver.Start(); err != nil {
		t.Fatal(err)
	}
	<-interrupted
	if err := receiver.Close(); err != nil {
		t.Error(err)
	}
	return told{tally: *counted}
}

// selfSigned returns either side of TLS that trusts everybody.
func selfSigned(t *testing.T) *tls.Config {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{
		Certificates:       []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		InsecureSkipVerify: true, ClientAuth: tls.RequireAnyClientCert,
	}
}

// runningPart is a part in a process of its own.
type runningPart struct {
	*process
	said *os.File
}

// startPart starts a part at a side of the network.
func (n *network) startPart(name string, p part) *runningPart {
	n.t.Helper()
	text, err := json.Marshal(p)
	if err != nil {
		n.t.Fatal(err)
	}
	mine, its, err := os.Pipe()
	if err != nil {
		n.t.Fatal(err)
	}
	defer its.Close()
	run := &process{cmd: n.command(name, os.Args[0], "-test.run", "^TestPart$", "-test.timeout", "0"), ended: make(chan error, 1)}
	run.cmd.Env = append(os.Environ(), partVariable+"="+string(text), "WEIR_PROGRAM="+program)
	run.cmd.Stdout, run.cmd.Stderr, run.cmd.ExtraFiles = &run.out, &run.errs, []*os.File{its}
	if err := run.cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	go func() { run.ended <- run.cmd.Wait() }()
	n.t.Cleanup(func() { run.interrupt(); mine.Close() })
	return &runningPart{run, mine}
}

// end interrupts a part and returns what it says.
func (r *runningPart) end(t testing.TB) (said told) {
	t.Helper()
	out, err := r.interrupt()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := json.NewDecoder(r.said).Decode(&said); err != nil {
		t.Fatalf("what a part says: %v\n%s", err, out)
	}
	return said
}
