package flowstore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Names below the store's directory.
const (
	lockName      = "lock"
	manifestName  = "manifest"
	journalDir    = "journal"
	tmpDir        = "tmp"
	quarantineDir = "quarantine"

	journalSuffix = ".wal"
	segmentSuffix = ".parquet"
)

func journalName(generation uint64) string {
	return strconv.FormatUint(generation, 10) + journalSuffix
}

// makeDirs creates the store's directories and finds out at once whether they
// can be used.
func (k *disk) makeDirs(dir string) error {
	for _, d := range []string{dir, filepath.Join(dir, journalDir), filepath.Join(dir, tmpDir)} {
		if err := k.mkdirAll(d); err != nil {
			return dirError(dir, err)
		}
		if _, err := k.readDir(d); err != nil {
			return dirError(dir, err)
		}
	}
	return nil
}

func dirError(dir string, err error) error {
	remedy := "check that the directory exists and its disk is healthy"
	switch {
	case errors.Is(err, fs.ErrPermission):
		remedy = "make it readable and writable for the user that runs weir"
	case errors.Is(err, syscall.EROFS):
		remedy = "mount its file system writable"
	case errors.Is(err, syscall.ENOTDIR):
		remedy = "move the file of that name away or set another data directory"
	case isFull(err):
		remedy = "free space on its file system"
	}
	return fmt.Errorf("flow store %s: %w; %s", dir, err, remedy)
}

// lock takes the store's directory for this process until unlock, or its end.
func lock(dir string) (*os.File, error) {
	name := filepath.Join(dir, lockName)
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return nil, dirError(dir, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, dirError(dir, fmt.Errorf("lock: %w", err))
		}
		owner, _ := io.ReadAll(io.LimitReader(f, 20))
		return nil, fmt.Errorf("flow store %s: %w by process %s; stop it or set another data directory",
			dir, ErrInUse, strings.TrimSpace(string(owner)))
	}
	if err := f.Truncate(0); err == nil {
		_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0) // only for the message above
	}
	return f, nil
}

// Idle returns an error that wraps ErrInUse while another process has the
// store in dir open. One that does not exist yet is idle.
func Idle(dir string) error {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	f, err := lock(dir)
	if err != nil {
		return err
	}
	return unlock(f)
}

// unlock gives the store's directory free. Closing the file would not be
// enough while a child process that is about to be executed has it too.
func unlock(f *os.File) error {
	return errors.Join(syscall.Flock(int(f.Fd()), syscall.LOCK_UN), f.Close())
}

// makeHour creates the directories of a segment's path, durably.
func (k *disk) makeHour(dir, segPath string) error {
	hour := filepath.Join(dir, filepath.FromSlash(path.Dir(segPath)))
	if _, err := k.stat(hour); err == nil {
		return nil
	}
	if err := k.mkdirAll(hour); err != nil {
		return err
	}
	for d := filepath.Dir(hour); ; d = filepath.Dir(d) {
		if err := k.syncDir(d); err != nil {
			return err
		}
		if d == filepath.Clean(dir) {
			return nil
		}
	}
}

// removeHour removes the directories of a segment's path as far as they are
// empty.
func (k *disk) removeHour(dir, segPath string) {
	for p := path.Dir(segPath); p != "."; p = path.Dir(p) {
		if k.remove(filepath.Join(dir, filepath.FromSlash(p))) != nil {
			return
		}
	}
}

// writeFile writes a file so that after a crash it is there whole or not at
// all: it is made durable under tmp before it gets its name.
func (k *disk) writeFile(tmp, name string, write func(io.Writer) error) (err error) {
	f, err := k.create(tmp, os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, k.remove(tmp))
		}
	}()
	if err := errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := k.rename(tmp, name); err != nil {
		return err
	}
	return k.syncDir(filepath.Dir(name))
}

func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
