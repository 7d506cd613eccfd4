package flowstore

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"example.com/weir/flowio/flow"
)

// ErrReadOnly reports a change to a store that was opened by OpenReader.
var ErrReadOnly = errors.New("flow store is open for reading only")

// OpenReader opens the store in dir as its files are now, without its lock and
// without changing anything: beside a running unit, or on a copy. What the
// unit has not written to its journal yet, a quarter of a second, is not seen.
//
// Segments that the unit removes afterwards are missing from later reads, and
// View.Unreadable says so.
func OpenReader(dir string, cfg Config) (*Store, error) {
	s := newStore(dir, cfg)
	s.isReadOnly = true
	if _, err := s.disk.readDir(filepath.Join(dir, journalDir)); err != nil {
		return nil, notAStore(dir, err)
	}
	// Journals first: what is sealed in between is in both, never in none.
	if err := s.peekJournals(); err != nil {
		return nil, fmt.Errorf("flow store %s: %w", dir, err)
	}
	c, err := s.disk.catalog(dir)
	if err != nil {
		return nil, catalogError(dir, err)
	}
	s.takeCatalog(c)
	for _, g := range s.sealing {
		for i, b := range g.builders() {
			if c.used[g.sequences()[i]] {
				b.recycle()
			}
		}
	}
	s.open = newGeneration(s.disk, s.dir, 0, &s.blocks)
	return s, nil
}

func notAStore(dir string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("flow store %s: %w; name the data directory of a Slave, or the folder flows in it", dir, fs.ErrNotExist)
	}
	return dirError(dir, err)
}

// peekJournals reads every journal into memory and leaves it where it is.
func (s *Store) peekJournals() error {
	numbers, err := s.disk.journalNumbers(s.dir)
	if err != nil {
		return err
	}
	for _, n := range numbers {
		g := newGeneration(s.disk, s.dir, n, &s.blocks)
		if err := s.peekJournal(g); err != nil {
			return err
		}
		s.sealing = append(s.sealing, g)
	}
	return nil
}

func (s *Store) peekJournal(g *generation) error {
	f, err := s.disk.open(g.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // sealed in the meantime
	}
	if err != nil {
		return err
	}
	defer f.Close()
	// A block that is just being written looks torn; it is simply not seen yet.
	_, err = replay(f, func(b *flow.Batch) error {
		g.build(b, 0, b.Len())
		return nil
	})
	if err != nil {
		return fmt.Errorf("journal %s: %w", g.path, err)
	}
	return nil
}
