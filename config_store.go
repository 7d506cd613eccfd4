package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/dustin/go-humanize"
	"golang.org/x/sys/unix"

	"example.com/weir/persistence/flowstore"
	"example.com/weir/persistence/topology"
)

// maxRetention keeps sums of times within 64 bits: a hundred years.
const maxRetention = 100 * 365 * 24 * time.Hour

// check reports what no disk could make right.
func (c StoreConfig) check(wrong func(key, format string, args ...any)) {
	if c.Quota > 0 && c.Quota < topology.MinQuota {
		wrong("store.quota", "%s, want at least %s, or 0 for no bound", humanize.IBytes(uint64(c.Quota)), humanize.IBytes(topology.MinQuota))
	}
	for key, d := range map[string]time.Duration{"store.retention": c.Retention, "store.keep": c.Keep} {
		if d < 0 || d > maxRetention {
			wrong(key, "%v, want 0 to %v", d, maxRetention)
		}
	}
}

// checkQuota refuses a quota that the disk of the data directory cannot hold:
// what is free there and what the flows take already, less the reserve. A
// directory that is not there yet is judged by the one it will be in.
func (c *Config) checkQuota() error {
	dir := c.path(flowsFolder)
	used := int64(0)
	if store, err := flowstore.OpenReader(dir, flowstore.Config{}); err == nil {
		used = store.Stats().Bytes
		_ = store.Close() // nothing was written
	}
	var disk unix.Statfs_t
	err := unix.Statfs(dir, &disk)
	for errors.Is(err, fs.ErrNotExist) && dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
		err = unix.Statfs(dir, &disk)
	}
	if err != nil {
		return fmt.Errorf("store.quota: look at the disk of %s: %w", dir, err)
	}
	room := int64(disk.Bavail)*disk.Bsize + used - int64(c.Store.Reserve)
	if int64(c.Store.Quota) > room {
		return fmt.Errorf("store.quota: %s, but the disk of %s has room for %s of flows at most: lower the quota or free space",
			humanize.IBytes(uint64(c.Store.Quota)), dir, humanize.IBytes(uint64(max(0, room))))
	}
	return nil
}
