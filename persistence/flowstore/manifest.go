package flowstore

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"path/filepath"
	"sync"
)

// maxManifestLine bounds one line: that of a compaction names maxMerged paths.
const maxManifestLine = 1 << 16

// entry is one line of the manifest.
type entry struct {
	Op       string   `json:"op"` // format, add, replace, remove, lost
	Format   int      `json:"format,omitempty"`
	Sequence uint64   `json:"sequence,omitempty"`
	Path     string   `json:"path,omitempty"`
	Rows     int      `json:"rows,omitempty"`
	Bytes    int64    `json:"bytes,omitempty"`
	From     int64    `json:"from,omitempty"`
	To       int64    `json:"to,omitempty"`
	Replaces []string `json:"replaces,omitempty"` // replace: paths that are removed by the same word
	Reason   string   `json:"reason,omitempty"`   // lost
}

func addEntry(s *segment) entry {
	return entry{
		Op: "add", Sequence: s.sequence, Path: s.path, Rows: s.rows, Bytes: s.bytes,
		From: s.minTime, To: s.maxTime,
	}
}

func (e entry) segment() *segment {
	_, name, _ := parseSegmentPath(e.Path)
	return &segment{
		sequence: e.Sequence, revision: name.revision, path: e.Path, rows: e.Rows, bytes: e.Bytes,
		minTime: e.From, maxTime: e.To,
	}
}

func lostEntry(g Gap) entry {
	return entry{Op: "lost", Path: g.Path, Rows: g.Rows, From: g.From, To: g.To, Reason: g.Reason}
}

// line is the entry as it is written: the CRC-32C of the JSON in hexadecimal,
// a space, the JSON, a line feed.
func (e entry) line() []byte {
	text, err := json.Marshal(e)
	if err != nil {
		panic(err) // an entry has only numbers and strings
	}
	return fmt.Appendf(nil, "%08x %s\n", crc32.Checksum(text, castagnoli), text)
}

func parseLine(line []byte) (e entry, ok bool) {
	sum, text, found := bytes.Cut(line, []byte(" "))
	if !found || string(sum) != fmt.Sprintf("%08x", crc32.Checksum(text, castagnoli)) {
		return e, false
	}
	return e, json.Unmarshal(text, &e) == nil
}

// noted is what a manifest says about a store.
type noted struct {
	added   map[string]entry // by path
	removed map[string]bool
	lost    []Gap
	used    map[uint64]bool // sequence numbers of all of them
	isTorn  bool            // it ends in something that was not written so
}

// readManifest reads up to the first line that is not as it was written. What
// a line that was lost said is found out from the files themselves.
func (k *disk) readManifest(dir string) (noted, error) {
	n := noted{added: map[string]entry{}, removed: map[string]bool{}, used: map[uint64]bool{}}
	f, err := k.open(filepath.Join(dir, manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return n, nil
	}
	if err != nil {
		return n, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, maxManifestLine)
	for lines.Scan() {
		e, ok := parseLine(lines.Bytes())
		if !ok {
			n.isTorn = true
			return n, nil
		}
		if e.Op == "format" && e.Format > formatVersion {
			return n, fmt.Errorf("manifest format %d, this weir reads up to %d: %w", e.Format, formatVersion, ErrNewer)
		}
		n.take(e)
	}
	n.isTorn = errors.Is(lines.Err(), bufio.ErrTooLong)
	if err := lines.Err(); err != nil && !n.isTorn {
		return n, err
	}
	return n, nil
}

func (n *noted) take(e entry) {
	switch e.Op {
	case "add":
		n.add(e)
	case "replace":
		n.add(e)
		for _, path := range e.Replaces {
			n.remove(path)
		}
	case "remove":
		n.remove(e.Path)
	case "lost":
		n.lost = append(n.lost, Gap{Path: e.Path, From: e.From, To: e.To, Rows: e.Rows, Reason: e.Reason})
	default:
		return
	}
	n.used[e.Sequence] = true
}

func (n *noted) add(e entry) {
	n.added[e.Path] = e
	delete(n.removed, e.Path)
}

func (n *noted) remove(path string) {
	delete(n.added, path)
	n.removed[path] = true
}

// manifest is the list of segments on disk, open for more lines.
type manifest struct {
	mu   sync.Mutex // guards what follows
	file *diskFile
	good int64 // octets of whole lines
}

// newManifest replaces the store's manifest by one with the given segments
// and losses.
func (k *disk) newManifest(dir string, segments []*segment, lost []Gap) (*manifest, error) {
	name := filepath.Join(dir, manifestName)
	err := k.writeFile(filepath.Join(dir, tmpDir, manifestName), name, func(w io.Writer) error {
		out := bufio.NewWriter(w)
		out.Write(entry{Op: "format", Format: formatVersion}.line())
		for _, s := range segments {
			if s.rows > 0 { // otherwise it is broken and only its name is known
				out.Write(addEntry(s).line())
			}
		}
		for _, g := range lost {
			out.Write(lostEntry(g).line())
		}
		return out.Flush()
	})
	if err != nil {
		return nil, err
	}
	f, err := k.create(name, 0)
	if err != nil {
		return nil, err
	}
	stat, err := f.stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &manifest{file: f, good: stat.Size()}, nil
}

// append adds entries durably, all or none of them as far as this process
// goes on.
func (m *manifest) append(entries ...entry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var lines []byte
	for _, e := range entries {
		lines = append(lines, e.line()...)
	}
	if _, err := m.file.WriteAt(lines, m.good); err != nil {
		return errors.Join(err, m.file.truncate(m.good))
	}
	if err := m.file.Sync(); err != nil { // the next start must not read what the caller takes back
		return errors.Join(err, m.file.truncate(m.good))
	}
	m.good += int64(len(lines))
	return nil
}

func (m *manifest) close() error { return m.file.Close() }
