package main

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"example.com/weir/actors/master"
	"example.com/weir/persistence/access"
)

// masterIn opens the Master of a data directory, does something with it and
// closes it. It is never started.
func masterIn(t *testing.T, dir string, use func(*master.Master)) {
	t.Helper()
	m, err := master.New(master.Config{DataDir: dir, Name: "m", Control: "127.0.46.1:2210", Query: "127.0.46.1:4210", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	use(m)
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
}

func requireRole(t *testing.T, m *master.Master, token string, want access.Role) {
	t.Helper()
	if p, err := m.Authenticate(strings.TrimSpace(token)); err != nil || p.Role != want {
		t.Errorf("the token is that of %+v, %v, want the role %s", p, err, want)
	}
}

// A first start that dies between its token and the file with it leaves nobody
// outside.
func TestFirstToken(t *testing.T) {
	cfg := Config{DataDir: t.TempDir()}
	file := cfg.path(adminTokenFile)
	start := func() (token string) {
		masterIn(t, cfg.DataDir, func(m *master.Master) {
			if err := firstToken(m, cfg, slog.New(slog.DiscardHandler)); err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(file)
			if errors.Is(err, os.ErrNotExist) {
				return
			}
			token = string(text)
			requireRole(t, m, token, access.Admin)
		})
		return token
	}
	first := start()
	if again := start(); again != first {
		t.Error("the second start made another token")
	}
	if err := os.Rename(file, file+".next"); err != nil {
		t.Fatal(err)
	}
	if after := start(); after == first || after == "" {
		t.Errorf("after a crash the token is %q", after)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if none := start(); none != "" {
		t.Error("a file that somebody has removed came back")
	}
}

// Whoever has the data directory of the Master never stays outside.
func TestTokenWithoutAPI(t *testing.T) {
	dir := t.TempDir()
	masterIn(t, dir, func(*master.Master) {})
	var out, errs bytes.Buffer
	args := []string{"token", "create", "--role", "operator", "--name", "rescue", "--valid", "1h", "--data-dir", dir}
	if code := run(t.Context(), args, &out, &errs); code != exitGood {
		t.Fatalf("exit code %d, %s", code, errs.String())
	}
	masterIn(t, dir, func(m *master.Master) {
		requireRole(t, m, out.String(), access.Operator)
		made := m.Tokens()[0]
		if made.Name != "rescue" || made.Creator != offlineActor || time.Until(made.Expires) > time.Hour {
			t.Errorf("token = %+v", made)
		}
		errs.Reset()
		if code := run(t.Context(), args, &out, &errs); code != exitFailed || !strings.Contains(errs.String(), "in use") {
			t.Errorf("beside a running Master: exit code %d, %s", code, errs.String())
		}
	})
	args[len(args)-1] = t.TempDir()
	if code := run(t.Context(), args, &out, &errs); code != exitFailed {
		t.Errorf("without a Master: exit code %d", code)
	}
}
