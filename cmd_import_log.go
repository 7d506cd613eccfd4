package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// importLog remembers the files that were imported into a store, by their
// content, so that nothing is imported twice by mistake. It is a file of JSON
// lines beside the segments; a line that a crash has cut off is not one.
type importLog struct {
	file *os.File
	last map[string]importLine // by SHA-256
}

// importLine is one line of the log: an import that has begun or ended.
type importLine struct {
	ID    string    `json:"sha256"`
	Name  string    `json:"name"`
	Time  time.Time `json:"time"`
	Ended bool      `json:"ended"`
	Flows uint64    `json:"flows"`
}

func openImportLog(path string) (*importLog, error) {
	l := &importLog{last: map[string]importLine{}}
	old, err := os.Open(path)
	if err == nil {
		lines := bufio.NewScanner(old)
		for lines.Scan() {
			var line importLine
			if json.Unmarshal(lines.Bytes(), &line) == nil {
				l.last[line.ID] = line
			}
		}
		err = errors.Join(lines.Err(), old.Close())
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the list of imports: %w", err)
	}
	l.file, err = os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return nil, fmt.Errorf("open the list of imports: %w", err)
	}
	return l, nil
}

// known says that a file was imported, and when.
func (l *importLog) known(id string) (reason string, ok bool) {
	line, ok := l.last[id]
	switch {
	case !ok:
		return "", false
	case line.Ended:
		return fmt.Sprintf("imported before, as %s on %s with %d flows; --again imports it once more", line.Name, line.Time.Format(time.RFC3339), line.Flows), true
	}
	return fmt.Sprintf("an import of it, as %s on %s, broke off: some of its flows may be stored; --again imports all of them", line.Name, line.Time.Format(time.RFC3339)), true
}

func (l *importLog) begin(id, name string) error {
	return l.add(importLine{ID: id, Name: filepath.Base(name)})
}

func (l *importLog) end(id, name string, flows uint64) error {
	return l.add(importLine{ID: id, Name: filepath.Base(name), Ended: true, Flows: flows})
}

// add writes a line durably.
func (l *importLog) add(line importLine) error {
	line.Time = time.Now().UTC().Truncate(time.Second)
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	if _, err := l.file.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("note the import: %w", err)
	}
	l.last[line.ID] = line
	return l.file.Sync()
}

func (l *importLog) close() error { return l.file.Close() }
