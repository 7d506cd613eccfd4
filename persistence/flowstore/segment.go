package flowstore

import (
	"fmt"
	"os"
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
	path     string // below the store's directory, with slashes
	rows     int
	bytes    int64
	minTime  int64 // of column time, Unix milliseconds, inclusive
	maxTime  int64
	broken   string // why it cannot be read, found out by Open; empty if it can

	isChecked atomic.Bool // the page indexes are what was written

	readers   int  // guarded by the store's lock
	isRemoved bool // guarded by the store's lock
	isDamaged bool // guarded by the store's lock: a reader met something unreadable
}

// segmentPath is the path of a segment below the store's directory: the hour
// of its earliest record in UTC, then that record's time and the sequence
// number, so that names sort by time.
func segmentPath(minTime int64, sequence uint64) string {
	hour := time.UnixMilli(minTime).UTC().Format("2006/01/02/15")
	return fmt.Sprintf("%s/%013d-%d%s", hour, minTime, sequence, segmentSuffix)
}

// parseSegmentPath tells the first two parts of a segment's name, without
// opening it. ok is false for files of other kinds.
func parseSegmentPath(path string) (minTime int64, sequence uint64, ok bool) {
	name, isParquet := strings.CutSuffix(filepath.Base(path), segmentSuffix)
	first, second, isPair := strings.Cut(name, "-")
	minTime, firstErr := strconv.ParseInt(first, 10, 64)
	sequence, secondErr := strconv.ParseUint(second, 10, 63)
	return minTime, sequence, isParquet && isPair && firstErr == nil && secondErr == nil
}

// inspect reads the footer of the file at path below dir.
func inspect(dir, path string) (*segment, error) {
	f, err := os.Open(filepath.Join(dir, filepath.FromSlash(path)))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	stat, err := f.Stat()
	if err != nil {
		return nil, err
	}
	foot, err := readFooter(f, stat.Size())
	if err != nil {
		return nil, err
	}
	return &segment{
		sequence: foot.sequence, path: path, rows: foot.rows, bytes: stat.Size(),
		minTime: foot.minTime, maxTime: foot.maxTime,
	}, nil
}
