package configdb

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"example.com/weir/persistence/identity"
	"example.com/weir/persistence/topology"
)

var who = identity.Peer{Cluster: "c1", Role: topology.Slave, UnitID: "s1"}

func openUnit(t *testing.T, dir string) *Unit {
	t.Helper()
	u, err := OpenUnit(dir, who)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { u.Close() })
	return u
}

func TestFence(t *testing.T) {
	dir := t.TempDir()
	u := openUnit(t, dir)
	steps := []struct {
		name   string
		fence  Fence
		accept bool
	}{
		{"first", Fence{2, "m1", 5}, true},
		{"the same again", Fence{2, "m1", 5}, true},
		{"older revision", Fence{2, "m1", 4}, false},
		{"newer revision", Fence{2, "m1", 6}, true},
		{"older epoch", Fence{1, "m1", 99}, false},
		{"same epoch of another Master", Fence{2, "m2", 99}, false},
		{"newer epoch, lower revision", Fence{3, "m2", 1}, true},
		{"the deposed Master", Fence{2, "m1", 100}, false},
	}
	for _, step := range steps {
		before := u.Fence()
		err := u.Accept(step.fence, []byte(step.name))
		var deposed *DeposedError
		switch {
		case step.accept && (err != nil || u.Fence() != step.fence || string(u.Desired()) != step.name):
			t.Errorf("%s: %v, fence %v, desired %q", step.name, err, u.Fence(), u.Desired())
		case !step.accept && (!errors.As(err, &deposed) || !errors.Is(err, ErrDeposed) || deposed.Known != before || u.Fence() != before):
			t.Errorf("%s: %v, fence %v, want ErrDeposed and %v", step.name, err, u.Fence(), before)
		}
	}
	want := u.Fence()
	u.Close()
	if again := openUnit(t, dir); again.Fence() != want || string(again.Desired()) != "newer epoch, lower revision" {
		t.Errorf("after reopening: %v, %q, want %v", again.Fence(), again.Desired(), want)
	}
}

func TestKept(t *testing.T) {
	u := openUnit(t, t.TempDir())
	if v, err := u.Kept("sources"); v != nil || err != nil {
		t.Errorf("Kept before Keep = %q, %v", v, err)
	}
	if err := u.Keep("sources", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if v, err := u.Kept("sources"); string(v) != "x" || err != nil {
		t.Errorf("Kept = %q, %v", v, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	u := openUnit(t, dir)
	tests := []struct {
		name string
		open func() error
		want error
		text string
	}{
		{"in use", func() error { _, err := OpenUnit(dir, who); return err }, ErrInUse, "stop it"},
		{"another cluster", func() error {
			u.Close()
			_, err := OpenUnit(dir, identity.Peer{Cluster: "c2"})
			return err
		}, ErrOther, "cluster c1"},
		{"another kind", func() error { _, err := OpenMaster(dir, "c1"); return err }, ErrOther, "kind unit"},
		{"a newer format", func() error {
			db, err := bbolt.Open(filepath.Join(dir, fileName), 0o600, nil)
			if err != nil {
				return err
			}
			err = db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(bucketMeta).Put(keyFormat, number(format+1)) })
			if err := errors.Join(err, db.Close()); err != nil {
				return err
			}
			_, err = OpenUnit(dir, who)
			return err
		}, nil, "newer program"},
		{"a damaged file", func() error {
			if err := os.WriteFile(filepath.Join(dir, fileName), []byte(strings.Repeat("x", 32768)), 0o600); err != nil {
				return err
			}
			_, err := OpenUnit(dir, who)
			return err
		}, nil, "restore it from a backup"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := test.open()
			if err == nil || test.want != nil && !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text) || !strings.Contains(err.Error(), dir) {
				t.Errorf("open = %v, want %v with %q and the path", err, test.want, test.text)
			}
		})
	}
}

func TestTheFileIsPrivate(t *testing.T) {
	dir := t.TempDir()
	openUnit(t, dir)
	st, err := os.Stat(filepath.Join(dir, fileName))
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, %v, want 0600", st.Mode(), err)
	}
}
