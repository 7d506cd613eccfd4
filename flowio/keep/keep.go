// Package keep puts what a unit has learnt from its exporters into files, so
// that it knows it at once when it is started again.
//
// The files are snapshots of a few megabytes that may be lost: exporters tell
// everything anew within the hour. What must not be lost belongs in
// persistence/. The package does not know what is in a snapshot.
package keep

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
)

const (
	// magic starts every file; the kind of snapshot follows.
	magic = "weirkeep"

	// kindLen is the length of a kind, padded with zeros.
	kindLen = 8

	// headerLen is that of magic, kind, and the length of the body. The body
	// follows, then its checksum.
	headerLen = len(magic) + kindLen + 8
	sumLen    = 4

	// maxOctets bounds a snapshot. What it holds is bounded by its owner; a
	// file that claims more is none of ours.
	maxOctets = 256 << 20
)

// ErrDamaged reports a file that is not a snapshot of the kind asked for, or
// not a whole one.
var ErrDamaged = errors.New("damaged snapshot")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Write replaces the file at path by a snapshot. After a crash there is the
// old file or the new one, never a part. The kind names what is in it and the
// version of its form, such as "tmpl1"; it has at most eight octets. One
// goroutine at a time may write to a path.
func Write(path, kind string, body []byte) error {
	if len(kind) > kindLen || len(body) > maxOctets {
		return fmt.Errorf("keep %s: %q with %d octets is too large", path, kind, len(body))
	}
	header := make([]byte, 0, headerLen)
	header = append(append(header, magic...), kind...)
	header = append(header, make([]byte, kindLen-len(kind))...)
	header = binary.BigEndian.AppendUint64(header, uint64(len(body)))
	sum := crc32.Update(crc32.Checksum(header, castagnoli), castagnoli, body)
	return replace(path, header, body, binary.BigEndian.AppendUint32(nil, sum))
}

// replace writes parts to a file beside path and moves it there. The file always
// has the same name, so that those of crashes do not pile up.
func replace(path string, parts ...[]byte) (err error) {
	file, err := os.OpenFile(path+".tmp", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("keep: %w", err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("keep: %w", errors.Join(err, os.Remove(file.Name())))
		}
	}()
	for _, part := range parts {
		if _, err = file.Write(part); err != nil {
			return errors.Join(err, file.Close())
		}
	}
	if err = errors.Join(file.Sync(), file.Close()); err != nil {
		return err
	}
	if err = os.Rename(file.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// Read returns the body of the snapshot at path. A file that is missing gives
// an error that is fs.ErrNotExist, one that cannot be used ErrDamaged.
func Read(path, kind string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read snapshot: %w", err)
	}
	defer file.Close()
	octets, err := io.ReadAll(io.LimitReader(file, int64(headerLen)+maxOctets+sumLen+1))
	if err != nil {
		return nil, fmt.Errorf("read snapshot: %w", err)
	}
	body, err := open(octets, kind)
	if err != nil {
		return nil, fmt.Errorf("read snapshot %s: %w", path, err)
	}
	return body, nil
}

// open returns the body in the octets of a file.
func open(octets []byte, kind string) ([]byte, error) {
	if len(octets) < headerLen+sumLen {
		return nil, fmt.Errorf("%w: %d octets", ErrDamaged, len(octets))
	}
	var want [kindLen]byte
	copy(want[:], kind)
	if string(octets[:len(magic)]) != magic || [kindLen]byte(octets[len(magic):]) != want {
		return nil, fmt.Errorf("%w: not of kind %q", ErrDamaged, kind)
	}
	n := binary.BigEndian.Uint64(octets[headerLen-8:])
	if n != uint64(len(octets)-headerLen-sumLen) {
		return nil, fmt.Errorf("%w: length %d in %d octets", ErrDamaged, n, len(octets))
	}
	end := len(octets) - sumLen
	if crc32.Checksum(octets[:end], castagnoli) != binary.BigEndian.Uint32(octets[end:]) {
		return nil, fmt.Errorf("%w: checksum does not match", ErrDamaged)
	}
	return octets[headerLen:end], nil
}
