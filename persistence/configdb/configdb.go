// Package configdb keeps what a process must not forget, in one bbolt file of
// its data directory: on a Master the configuration log, the action log and
// the tokens; on any other unit the desired state and the fence that guards it.
//
// It keeps no flows (persistence/flowstore) and no keys (persistence/identity),
// and decides nothing: the rules of the topology are topology's.
package configdb

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

const (
	fileName = "weir.db"

	// format is that of the buckets below. A higher one is refused: an older
	// program would drop what it does not know.
	format = 1

	// lockWait is how long to wait for another process to let go of the file:
	// a restart overlaps with the end of the process before it.
	lockWait = 3 * time.Second
)

var (
	// ErrInUse reports that another process has the file open.
	ErrInUse = errors.New("data directory is in use by another weir process")

	// ErrOther refuses a file of another deployment, unit or kind of unit.
	ErrOther = errors.New("data directory belongs to another unit")

	bucketMeta = []byte("meta") // format, kind, cluster, unit, epoch

	keyFormat  = []byte("format")
	keyKind    = []byte("kind")
	keyCluster = []byte("cluster")
)

// open opens or makes the file with its buckets, for one kind of process in
// one cluster.
func open(dir, kind, cluster string, buckets ...[]byte) (*bbolt.DB, error) {
	path := filepath.Join(dir, fileName)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open data directory: %w; make it, or let the user of this process do so", err)
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockWait})
	if err != nil {
		return nil, openError(path, err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range append(buckets, bucketMeta) {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return claim(tx.Bucket(bucketMeta), kind, cluster)
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Close())
	}
	return db, nil
}

func openError(path string, err error) error {
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return fmt.Errorf("open %s: %w; stop it or use another data directory", path, ErrInUse)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("open %s: %w; give the file to the user of this process", path, err)
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrVersionMismatch), errors.Is(err, bolterrors.ErrChecksum):
		return fmt.Errorf("open %s: %w; the file is damaged or not ours: restore it from a backup", path, err)
	}
	return fmt.Errorf("open %s: %w", path, err)
}

// claim compares the file with who opens it; a new file becomes theirs.
func claim(meta *bbolt.Bucket, kind, cluster string) error {
	if v := meta.Get(keyFormat); v != nil {
		if n := binary.BigEndian.Uint64(v); n > format {
			return fmt.Errorf("the file has format %d, this program knows up to %d; use the newer program", n, format)
		}
	}
	for _, own := range []struct {
		key  []byte
		want string
		what string
	}{{keyKind, kind, "kind"}, {keyCluster, cluster, "cluster"}} {
		if have := meta.Get(own.key); have != nil && string(have) != own.want {
			return fmt.Errorf("%w: %s %s, not %s; use another data directory", ErrOther, own.what, have, own.want)
		}
		if err := meta.Put(own.key, []byte(own.want)); err != nil {
			return err
		}
	}
	return meta.Put(keyFormat, number(format))
}

// number is a key or value that sorts as it counts.
func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func putJSON(b *bbolt.Bucket, key []byte, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return b.Put(key, text)
}

// each decodes every value of a bucket, by key.
func each[T any](b *bbolt.Bucket, use func(T)) error {
	return b.ForEach(func(k, v []byte) error {
		var value T
		if err := json.Unmarshal(v, &value); err != nil {
			return fmt.Errorf("bucket entry %x: %w", k, err)
		}
		use(value)
		return nil
	})
}
