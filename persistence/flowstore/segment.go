package flowstore

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// segment is one sealed file. Its fields are set once; who reads it holds a
// reference (see Store.View), and the file goes when the last one is let go
// after retention has removed it.
type segment struct {
	sequence uint64
	revision uint64
	replaces []segmentName // that this one was made of; known only if the footer was read
	path     string        // below the store's directory, with slashes
	rows     int
	bytes    int64
	minTime  int64 // of column time, Unix milliseconds, inclusive
	maxTime  int64
	broken   string // why it cannot be read, found out by Open; empty if it can
	isNewer  bool   // broken, for having been written by a newer version

	isChecked atomic.Bool // the page indexes are what was written
	pages     pageChecks  // and so are these pages

	readers   int  // guarded by the store's lock
	isRemoved bool // guarded by the store's lock
	isDamaged bool // guarded by the store's lock: a reader met something unreadable
	isKept    bool // guarded by the store's lock: ageing leaves it as it is
}

// segmentName is the second part of a segment's name.
type segmentName struct {
	sequence uint64
	revision uint64 // how often ageing has written it anew
}

func (n segmentName) String() string {
	if n.revision == 0 {
		return strconv.FormatUint(n.sequence, 10)
	}
	return fmt.Sprintf("%d.%d", n.sequence, n.revision)
}

// segmentPath is the path of a segment below the store's directory: the hour
// of its earliest record in UTC, then that record's time and the sequence
// number, so that names sort by time.
func segmentPath(minTime int64, name segmentName) string {
	hour := time.UnixMilli(minTime).UTC().Format("2006/01/02/15")
	return fmt.Sprintf("%s/%013d-%v%s", hour, minTime, name, segmentSuffix)
}

// parseSegmentPath tells the parts of a segment's name, without opening it.
// ok is false for files of other kinds.
func parseSegmentPath(path string) (minTime int64, name segmentName, ok bool) {
	text, isParquet := strings.CutSuffix(filepath.Base(path), segmentSuffix)
	first, second, isPair := strings.Cut(text, "-")
	number, revision, isAged := strings.Cut(second, ".")
	minTime, err := strconv.ParseInt(first, 10, 64)
	ok = isParquet && isPair && err == nil
	name.sequence, err = strconv.ParseUint(number, 10, 63)
	ok = ok && err == nil
	if isAged {
		name.revision, err = strconv.ParseUint(revision, 10, 63)
		ok = ok && err == nil && name.revision > 0
	}
	return minTime, name, ok
}

// inspect reads the footer of the file at path below dir.
func (k *disk) inspect(dir, path string) (*segment, error) {
	f, err := k.open(filepath.Join(dir, filepath.FromSlash(path)))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	stat, err := f.stat()
	if err != nil {
		return nil, err
	}
	foot, err := readFooter(f, stat.Size())
	if err != nil {
		return nil, err
	}
	_, name, _ := parseSegmentPath(path)
	return &segment{
		sequence: foot.sequence, revision: name.revision, replaces: foot.replaces, path: path, rows: foot.rows, bytes: stat.Size(),
		minTime: foot.minTime, maxTime: foot.maxTime,
	}, nil
}
