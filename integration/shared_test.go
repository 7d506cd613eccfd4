package integration

import (
	"path/filepath"
	"sync"
	"testing"
)

// sharedFirst is where the shared deployment begins. It runs beside those of
// single tests.
const sharedFirst = "127.0.71.11"

var (
	sharing sync.Mutex // guards common
	common  *deployment
)

// shared returns a deployment that several tests use one after the other, each
// with exporters of its own, so that it starts only once. A test that kills
// units or changes groups deploys its own.
func shared(t *testing.T) *deployment {
	t.Helper()
	sharing.Lock()
	defer sharing.Unlock()
	if common == nil {
		common = launch(t, filepath.Join(filepath.Dir(program), "shared"), "--first", sharedFirst)
	}
	common.t = t
	t.Cleanup(func() {
		if t.Failed() {
			common.logTails()
		}
	})
	return common
}

// endShared halts the shared deployment after the last test.
func endShared() error {
	if common == nil {
		return nil
	}
	return common.interrupt()
}
