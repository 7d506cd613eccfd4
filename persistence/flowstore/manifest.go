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
	"os"
	"path/filepath"
)

// maxManifestLine bounds one line; a path and six numbers need a tenth of it.
const maxManifestLine = 4096

// entry is one line of the manifest.
type entry struct {
	Op       string `json:"op"` // format, add, remove
	Format   int    `json:"format,omitempty"`
	Sequence uint64 `json:"sequence,omitempty"`
	Path     string `json:"path,omitempty"`
	Rows     int    `json:"rows,omitempty"`
	Bytes    int64  `json:"bytes,omitempty"`
	From     int64  `json:"from,omitempty"`
	To       int64  `json:"to,omitempty"`
}

func addEntry(s *segment) entry {
	return entry{
		Op: "add", Sequence: s.sequence, Path: s.path, Rows: s.rows, Bytes: s.bytes,
		From: s.minTime, To: s.maxTime,
	}
}

func (e entry) segment() *segment {
	return &segment{
		sequence: e.Sequence, path: e.Path, rows: e.Rows, bytes: e.Bytes, minTime: e.From, maxTime: e.To,
	}
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

// known is what a manifest says about the store's segments.
type known struct {
	added   map[string]entry // by path
	removed map[string]bool
	used    map[uint64]bool // sequence numbers of both
}

// readManifest reads up to the first line that is not as it was written. What
// a line that was lost said is found out from the files themselves.
func readManifest(dir string) (known, error) {
	k := known{added: map[string]entry{}, removed: map[string]bool{}, used: map[uint64]bool{}}
	f, err := os.Open(filepath.Join(dir, manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	if err != nil {
		return k, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, maxManifestLine)
	for lines.Scan() {
		e, ok := parseLine(lines.Bytes())
		if !ok {
			return k, nil
		}
		if e.Op == "format" && e.Format > formatVersion {
			return k, fmt.Errorf("manifest format %d, this weir reads up to %d: %w", e.Format, formatVersion, ErrNewer)
		}
		k.take(e)
	}
	if err := lines.Err(); err != nil && !errors.Is(err, bufio.ErrTooLong) {
		return k, err
	}
	return k, nil
}

func (k *known) take(e entry) {
	switch e.Op {
	case "add":
		k.added[e.Path] = e
		delete(k.removed, e.Path)
	case "remove":
		delete(k.added, e.Path)
		k.removed[e.Path] = true
	default:
		return
	}
	k.used[e.Sequence] = true
}

// manifest is the list of segments on disk, open for more lines. The sealing
// goroutine alone uses it.
type manifest struct {
	file *os.File
	good int64 // octets of whole lines
}

// newManifest replaces the store's manifest by one with the given segments.
func newManifest(dir string, segments []*segment) (*manifest, error) {
	name := filepath.Join(dir, manifestName)
	err := writeFile(filepath.Join(dir, tmpDir, manifestName), name, func(w io.Writer) error {
		out := bufio.NewWriter(w)
		out.Write(entry{Op: "format", Format: formatVersion}.line())
		for _, s := range segments {
			if s.rows > 0 { // otherwise it is broken and only its name is known
				out.Write(addEntry(s).line())
			}
		}
		return out.Flush()
	})
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	end, err := f.Seek(0, io.SeekEnd)
	return &manifest{file: f, good: end}, err
}

// append adds entries durably, all or none of them as far as this process
// goes on.
func (m *manifest) append(entries ...entry) error {
	var lines []byte
	for _, e := range entries {
		lines = append(lines, e.line()...)
	}
	if _, err := m.file.WriteAt(lines, m.good); err != nil {
		return errors.Join(err, m.file.Truncate(m.good))
	}
	if err := m.file.Sync(); err != nil {
		return err
	}
	m.good += int64(len(lines))
	return nil
}

func (m *manifest) close() error { return m.file.Close() }
