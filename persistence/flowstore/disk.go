package flowstore

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// op is a kind of operation on the file system.
type op string

// The operations that a disk performs, as its fault is asked about them.
const (
	opOpen     op = "open"
	opCreate   op = "create"
	opRead     op = "read"
	opWrite    op = "write"
	opSync     op = "sync"
	opTruncate op = "truncate"
	opClose    op = "close"
	opRename   op = "rename"
	opRemove   op = "remove"
	opMkdir    op = "mkdir"
	opReadDir  op = "readdir"
	opStat     op = "stat"
	opSyncDir  op = "syncdir"
	opFree     op = "free"
)

// disk is the file system as a store uses it. Everything the store writes,
// and what it reads to recover, passes here, so that tests can make any step
// fail, be torn, or be the last. The zero value is the real one.
type disk struct {
	// fault is asked before every operation on a path; of a write it gets the
	// octets. It returns how many of them reach the disk, and the error.
	fault func(op op, path string, octets int) (int, error)

	// space is what free tells; nil: the file system's word.
	space func() int64

	// done is told of every operation that has taken place.
	done func(op op, path string)
}

func (k *disk) do(o op, path string, act func() error) error {
	if k.fault != nil {
		if _, err := k.fault(o, path, 0); err != nil {
			return &fs.PathError{Op: string(o), Path: path, Err: err}
		}
	}
	err := act()
	if err == nil && k.done != nil {
		k.done(o, path)
	}
	return err
}

func (k *disk) open(path string) (*diskFile, error) { return k.openFile(opOpen, path, os.O_RDONLY) }

// create opens a file for writing; flags beside os.O_WRONLY say how.
func (k *disk) create(path string, flags int) (*diskFile, error) {
	return k.openFile(opCreate, path, os.O_WRONLY|flags)
}

func (k *disk) openFile(o op, path string, flags int) (f *diskFile, err error) {
	err = k.do(o, path, func() error {
		file, err := os.OpenFile(path, flags, 0o640)
		f = &diskFile{disk: k, file: file, path: path}
		return err
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (k *disk) rename(from, to string) error {
	return k.do(opRename, to, func() error { return os.Rename(from, to) })
}

func (k *disk) remove(path string) error {
	return k.do(opRemove, path, func() error { return os.Remove(path) })
}

func (k *disk) removeAll(path string) error {
	return k.do(opRemove, path, func() error { return os.RemoveAll(path) })
}

func (k *disk) mkdirAll(path string) error {
	return k.do(opMkdir, path, func() error { return os.MkdirAll(path, 0o750) })
}

func (k *disk) readDir(path string) (entries []fs.DirEntry, err error) {
	err = k.do(opReadDir, path, func() error {
		entries, err = os.ReadDir(path)
		return err
	})
	return entries, err
}

func (k *disk) stat(path string) (info fs.FileInfo, err error) {
	err = k.do(opStat, path, func() error {
		info, err = os.Stat(path)
		return err
	})
	return info, err
}

// syncDir makes the names in a directory durable.
func (k *disk) syncDir(path string) error {
	return k.do(opSyncDir, path, func() error {
		dir, err := os.Open(path)
		if err != nil {
			return err
		}
		return errors.Join(dir.Sync(), dir.Close())
	})
}

// free is what the file system of dir has left for us, in octets.
func (k *disk) free(dir string) (octets int64, err error) {
	err = k.do(opFree, dir, func() error {
		if k.space != nil {
			octets = k.space()
			return nil
		}
		var s syscall.Statfs_t
		if err := syscall.Statfs(dir, &s); err != nil {
			return err
		}
		octets = int64(s.Bavail) * s.Bsize
		return nil
	})
	return octets, err
}

// diskFile is an open file of a disk.
type diskFile struct {
	disk *disk
	file *os.File
	path string
}

func (f *diskFile) Read(b []byte) (n int, err error) {
	err = f.disk.do(opRead, f.path, func() error {
		n, err = f.file.Read(b)
		return err
	})
	return n, err
}

func (f *diskFile) ReadAt(b []byte, at int64) (n int, err error) {
	err = f.disk.do(opRead, f.path, func() error {
		n, err = f.file.ReadAt(b, at)
		return err
	})
	return n, err
}

func (f *diskFile) Write(b []byte) (int, error) { return f.write(b, f.file.Write) }

func (f *diskFile) WriteAt(b []byte, at int64) (int, error) {
	return f.write(b, func(b []byte) (int, error) { return f.file.WriteAt(b, at) })
}

// write writes what the fault lets pass.
func (f *diskFile) write(b []byte, write func([]byte) (int, error)) (int, error) {
	k := f.disk
	if k.fault != nil {
		if allowed, err := k.fault(opWrite, f.path, len(b)); err != nil {
			n, _ := write(b[:min(allowed, len(b))])
			return n, &fs.PathError{Op: string(opWrite), Path: f.path, Err: err}
		}
	}
	n, err := write(b)
	if err == nil && k.done != nil {
		k.done(opWrite, f.path)
	}
	return n, err
}

// Sync makes the file's octets durable.
func (f *diskFile) Sync() error { return f.disk.do(opSync, f.path, f.file.Sync) }

func (f *diskFile) truncate(size int64) error {
	return f.disk.do(opTruncate, f.path, func() error { return f.file.Truncate(size) })
}

func (f *diskFile) stat() (info fs.FileInfo, err error) {
	err = f.disk.do(opStat, f.path, func() error {
		info, err = f.file.Stat()
		return err
	})
	return info, err
}

// Close closes the file whatever the fault says of it.
func (f *diskFile) Close() error {
	err := f.file.Close()
	return errors.Join(err, f.disk.do(opClose, f.path, func() error { return nil }))
}
