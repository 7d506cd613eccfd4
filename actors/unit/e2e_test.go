package unit

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"example.com/weir/actors/proto"
	"example.com/weir/persistence/configdb"
	"example.com/weir/persistence/identity"
	"example.com/weir/persistence/topology"
)

// One process holds one remote, so the units of these tests are processes: the
// test binary runs itself with this variable set to its configuration.
const processEnv = "WEIR_UNIT_TEST_PROCESS"

func TestMain(m *testing.M) {
	if text := os.Getenv(processEnv); text != "" {
		os.Exit(runProcess(text))
	}
	os.Exit(m.Run())
}

// event is a line that a process writes for the test: a link change, a log
// line, a message, or the answer to a command.
type event struct {
	Kind   string // link, log, message, ready, error, token, pong, closed
	Text   string
	Peer   topology.UnitID
	Up     bool
	Reason string
}

// runProcess is a unit. A Master answers enrolments; every unit but a Master
// answers a desired state with Applied.
func runProcess(text string) int {
	var cfg Config
	out := &printer{enc: json.NewEncoder(os.Stdout)}
	if err := json.Unmarshal([]byte(text), &cfg); err != nil {
		out.print(event{Kind: "error", Text: err.Error()})
		return 1
	}
	cfg.Log = slog.New(slog.NewTextHandler(logWriter{out}, nil))
	u, err := Open(cfg)
	if err != nil {
		out.print(event{Kind: "error", Text: err.Error()})
		return 1
	}
	hooks := Hooks{
		OnLink: func(p identity.Peer, up bool, _ *proto.Hello, reason string) {
			out.print(event{Kind: "link", Peer: p.UnitID, Up: up, Reason: reason})
		},
		OnMessage: func(from identity.Peer, m *proto.UnitMessage) {
			out.print(event{Kind: "message", Peer: from.UnitID, Text: fmt.Sprintf("%T", m.Body)})
			if d := m.GetDesiredState(); d != nil {
				u.SendUp(&proto.UnitMessage{Body: &proto.UnitMessage_Applied{Applied: &proto.Applied{Revision: d.Revision}}})
			}
		},
		OnHeartbeat: func(from identity.Peer, reports []*proto.Report) {
			out.print(event{Kind: "reports", Peer: from.UnitID, Text: fmt.Sprint(len(reports))})
		},
		Reports: func() []*proto.Report { return []*proto.Report{{UnitId: []byte(u.Identity().UnitID)}} },
		Allow: func(p identity.Peer) error {
			if strings.HasPrefix(string(p.UnitID), "deleted") {
				return fmt.Errorf("unit %s was deleted", p.UnitID)
			}
			return nil
		},
	}
	var db *configdb.Master
	switch cfg.Role {
	case topology.Master:
		if db, err = configdb.OpenMaster(cfg.DataDir, u.Identity().Cluster); err != nil {
			out.print(event{Kind: "error", Text: err.Error()})
			return 1
		}
		hooks.Enrol = issuer(u, db)
	case topology.Proxy:
		hooks.Enrol = u.Relay
	default:
	}
	if err := u.Start(hooks); err != nil {
		out.print(event{Kind: "error", Text: err.Error()})
		return 1
	}
	out.print(event{Kind: "ready"})
	obey(u, db, out)
	u.Close()
	out.print(event{Kind: "closed"})
	return 0
}

// issuer is what a Master does with an enrolment, without a topology.
func issuer(u *Unit, db *configdb.Master) func(context.Context, *proto.EnrolRequest) (*proto.EnrolReply, error) {
	return func(_ context.Context, r *proto.EnrolRequest) (*proto.EnrolReply, error) {
		if identity.IsRenewal(r.Token) {
			_, der, err := u.CA().Renew(r.Token, r.Csr, time.Now())
			return &proto.EnrolReply{Certificate: der}, err
		}
		token, err := db.TakeJoinToken(r.Token, topology.Role(r.Role), time.Now())
		if err != nil {
			return nil, err
		}
		id := cmp.Or(token.Unit, topology.UnitID(uuid.NewString()))
		der, err := u.CA().Issue(r.Csr, identity.Peer{Cluster: u.Identity().Cluster, Role: token.Role, UnitID: id}, time.Now())
		if err != nil {
			return nil, err
		}
		return &proto.EnrolReply{
			Certificate: der, Ca: u.CA().Certificate().Raw, UnitId: string(id), Cluster: u.Identity().Cluster,
		}, nil
	}
}

// obey runs the commands of the test until standard input ends.
func obey(u *Unit, db *configdb.Master, out *printer) {
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		verb, arg, _ := strings.Cut(in.Text(), " ")
		switch verb {
		case "ping":
			out.print(event{Kind: "pong"})
		case "goroutines":
			out.print(event{Kind: "goroutines", Text: fmt.Sprint(runtime.NumGoroutine())})
		case "token", "expired-token":
			at := time.Now()
			if verb == "expired-token" {
				at = at.Add(-2 * time.Hour)
			}
			text, err := db.CreateJoinToken(u.CA().Fingerprint(), topology.Role(arg), "", time.Hour, "test", at)
			out.print(event{Kind: "token", Text: text, Reason: fmt.Sprint(err)})
		case "desire":
			err := u.Send(topology.UnitID(arg), &proto.UnitMessage{Body: &proto.UnitMessage_DesiredState{DesiredState: &proto.DesiredState{Revision: 7}}})
			out.print(event{Kind: "sent", Reason: fmt.Sprint(err)})
		case "refuse":
			u.Refuse(topology.UnitID(arg), "taken out by the test")
		}
	}
}

type printer struct {
	mu  sync.Mutex
	enc *json.Encoder
}

func (p *printer) print(e event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.enc.Encode(e)
}

type logWriter struct{ out *printer }

func (w logWriter) Write(line []byte) (int, error) {
	w.out.print(event{Kind: "log", Text: string(line)})
	return len(line), nil
}

// process is a unit that runs in a process of its own.
type process struct {
	t     *testing.T
	cfg   Config
	id    topology.UnitID
	cmd   *exec.Cmd
	stdin io.WriteCloser

	mu      sync.Mutex
	events  []event
	changed chan struct{} // closed and replaced with every event
	ended   bool
}

// start runs a unit and waits until it is ready.
func start(t *testing.T, cfg Config) *process {
	t.Helper()
	p := launch(t, cfg)
	if e := p.await("ready", func(e event) bool { return e.Kind == "ready" || e.Kind == "error" }); e.Kind == "error" {
		t.Fatalf("%s: %s", cfg.Name, e.Text)
	}
	return p
}

func launch(t *testing.T, cfg Config) *process {
	t.Helper()
	text, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cfg: cfg, cmd: exec.Command(os.Args[0]), changed: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), processEnv+"="+string(text))
	p.cmd.Stderr = os.Stderr // the race detector writes here
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if id, err := identity.Load(cfg.DataDir); err == nil {
		p.id = id.UnitID
	}
	go p.collect(stdout)
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			p.dump()
		}
	})
	return p
}

func (p *process) collect(r io.Reader) {
	for dec := json.NewDecoder(r); ; {
		var e event
		err := dec.Decode(&e)
		p.mu.Lock()
		if err == nil {
			p.events = append(p.events, e)
		} else {
			p.ended = true
		}
		close(p.changed)
		p.changed = make(chan struct{})
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// await returns the first event after the mark that fits.
func (p *process) awaitAfter(mark int, what string, fits func(event) bool) event {
	p.t.Helper()
	deadline := time.After(15 * time.Second)
	for {
		p.mu.Lock()
		for ; mark < len(p.events); mark++ {
			if fits(p.events[mark]) {
				defer p.mu.Unlock()
				return p.events[mark]
			}
		}
		changed, ended := p.changed, p.ended
		p.mu.Unlock()
		if ended {
			p.t.Fatalf("%s ended before: %s", p.cfg.Name, what)
		}
		select {
		case <-changed:
		case <-deadline:
			p.t.Fatalf("%s: not seen within 15 s: %s", p.cfg.Name, what)
		}
	}
}

func (p *process) await(what string, fits func(event) bool) event {
	p.t.Helper()
	return p.awaitAfter(0, what, fits)
}

func (p *process) mark() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.events)
}

func (p *process) awaitLink(mark int, peer topology.UnitID, up bool) event {
	p.t.Helper()
	return p.awaitAfter(mark, fmt.Sprintf("link to %s up=%t", peer, up), func(e event) bool {
		return e.Kind == "link" && e.Peer == peer && e.Up == up
	})
}

func (p *process) awaitLog(mark int, parts ...string) event {
	p.t.Helper()
	return p.awaitAfter(mark, "log line with "+strings.Join(parts, ", "), func(e event) bool {
		for _, part := range parts {
			if e.Kind != "log" || !strings.Contains(e.Text, part) {
				return false
			}
		}
		return true
	})
}

// do sends a command and returns the answer of that kind.
func (p *process) do(command, kind string) event {
	p.t.Helper()
	mark := p.mark()
	if _, err := io.WriteString(p.stdin, command+"\n"); err != nil {
		p.t.Fatalf("%s: %v", p.cfg.Name, err)
	}
	return p.awaitAfter(mark, command, func(e event) bool { return e.Kind == kind })
}

func (p *process) kill() {
	p.cmd.Process.Signal(syscall.SIGKILL)
	p.cmd.Wait()
}

func (p *process) dump() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.events {
		if e.Kind != "reports" {
			p.t.Logf("%s: %+v", p.cfg.Name, e)
		}
	}
}

// rig is a deployment whose units have certificates already.
type rig struct {
	t      *testing.T
	ca     *identity.CA
	master Config
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, master: Config{DataDir: t.TempDir(), Name: "master", Role: topology.Master, Control: freeAddress(t), Query: freeAddress(t)}}
	var err error
	if _, r.ca, err = identity.OpenMaster(r.master.DataDir, time.Now()); err != nil {
		t.Fatal(err)
	}
	return r
}

// unit makes the configuration and the certificate of a unit.
func (r *rig) unit(role topology.Role, id topology.UnitID, parent string) Config {
	r.t.Helper()
	cfg := Config{DataDir: r.t.TempDir(), Name: string(id), Role: role, Control: freeAddress(r.t), Query: freeAddress(r.t), Parent: parent}
	if err := r.identity(role, id).Save(cfg.DataDir); err != nil {
		r.t.Fatal(err)
	}
	return cfg
}

func (r *rig) identity(role topology.Role, id topology.UnitID) *identity.Identity {
	r.t.Helper()
	return r.joined(role, id, time.Now())
}

// joined makes the identity of a unit that joined at a time.
func (r *rig) joined(role topology.Role, id topology.UnitID, at time.Time) *identity.Identity {
	r.t.Helper()
	key, csr, err := identity.NewRequest()
	if err != nil {
		r.t.Fatal(err)
	}
	der, err := r.ca.Issue(csr, identity.Peer{Cluster: r.ca.Cluster(), Role: role, UnitID: id}, at)
	if err != nil {
		r.t.Fatal(err)
	}
	unit, err := identity.New(der, r.ca.Certificate().Raw, key)
	if err != nil {
		r.t.Fatal(err)
	}
	return unit
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
