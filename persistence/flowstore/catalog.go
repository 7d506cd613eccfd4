package flowstore

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// catalog is what a store's directory holds besides journals: the manifest's
// word compared with the files.
type catalog struct {
	segments  []*segment // by sequence number, broken ones among them
	lost      []Gap      // what is known to be gone for good
	leftovers []string   // files that the store has done with and not deleted yet
	strangers []string   // Parquet files that are no segments
	used      map[uint64]bool
	isTorn    bool // the manifest ended in something unreadable
}

// catalog compares the files of dir with its manifest, which saves opening
// them. What is in one of both only, or differs, is looked at. Nothing is
// changed.
func (k *disk) catalog(dir string) (*catalog, error) {
	n, err := k.readManifest(dir)
	if err != nil {
		return nil, err
	}
	c := &catalog{lost: n.lost, used: n.used, isTorn: n.isTorn}
	found := map[string]bool{}
	err = fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && path != ".": // a unit that runs has just removed it
			return nil
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{journalDir, tmpDir, quarantineDir}, path):
			return fs.SkipDir
		case d.IsDir() || filepath.Ext(path) != segmentSuffix:
			return nil
		}
		if _, _, ok := parseSegmentPath(path); !ok {
			c.strangers = append(c.strangers, path)
			return nil
		}
		found[path] = true
		return c.takeFile(k, dir, &n, path, d)
	})
	if err != nil {
		return nil, err
	}
	for path, e := range n.added {
		if !found[path] {
			c.takeBroken(e.segment(), errors.New("file is missing"))
		}
	}
	c.dropReplaced()
	slices.SortFunc(c.segments, func(a, b *segment) int { return cmp.Compare(a.sequence, b.sequence) })
	return c, nil
}

func (c *catalog) takeFile(k *disk, dir string, n *noted, path string, d fs.DirEntry) error {
	if n.removed[path] {
		c.leftovers = append(c.leftovers, path)
		return nil
	}
	stat, err := d.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	e, isKnown := n.added[path]
	if isKnown && e.Bytes == stat.Size() {
		c.segments = append(c.segments, e.segment())
		return nil
	}
	seg, err := k.inspect(dir, path)
	if err == nil {
		c.segments = append(c.segments, seg)
		c.used[seg.sequence] = true
		return nil
	}
	if isKnown {
		seg = e.segment() // with the octets it should have, so that the next Open looks again
		err = fmt.Errorf("%w: %d octets of %d: %w", ErrCorrupt, stat.Size(), e.Bytes, err)
	} else { // the name tells when it begins, and none is open for longer than maxAge
		from, name, _ := parseSegmentPath(path)
		seg = &segment{
			sequence: name.sequence, revision: name.revision, path: path, bytes: stat.Size(),
			minTime: from, maxTime: from + maxAge.Milliseconds(),
		}
		c.used[seg.sequence] = true
	}
	c.takeBroken(seg, err)
	return nil
}

// takeBroken keeps a segment that cannot be read among the others, so that
// views name it and retention removes it in its turn.
func (c *catalog) takeBroken(seg *segment, err error) {
	seg.broken, seg.isNewer = err.Error(), errors.Is(err, ErrNewer)
	c.segments = append(c.segments, seg)
}

// dropReplaced leaves out the files that a segment says it was made of: ageing
// was cut off between giving it its name and the manifest's word.
func (c *catalog) dropReplaced() {
	replaced := map[segmentName]bool{}
	for _, s := range c.segments {
		for _, name := range s.replaces {
			replaced[name] = true
		}
	}
	c.segments = slices.DeleteFunc(c.segments, func(s *segment) bool {
		isLeft := replaced[segmentName{s.sequence, s.revision}]
		if isLeft {
			c.leftovers = append(c.leftovers, s.path)
		}
		return isLeft
	})
}

func catalogError(dir string, err error) error {
	if errors.Is(err, ErrNewer) {
		return fmt.Errorf("flow store %s: %w; start the weir that wrote it or set another data directory", dir, err)
	}
	return dirError(dir, err)
}

// parseNames reads what joinNames has written.
func parseNames(text string) (names []segmentName, err error) {
	for _, word := range strings.Fields(text) {
		number, revision, isAged := strings.Cut(word, ".")
		var n segmentName
		if n.sequence, err = strconv.ParseUint(number, 10, 63); err != nil {
			return nil, err
		}
		if isAged {
			if n.revision, err = strconv.ParseUint(revision, 10, 63); err != nil {
				return nil, err
			}
		}
		names = append(names, n)
	}
	return names, nil
}

func joinNames(names []segmentName) string {
	words := make([]string, len(names))
	for i, n := range names {
		words[i] = n.String()
	}
	return strings.Join(words, " ")
}
