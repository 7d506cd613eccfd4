package decode_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDesignNamesTests holds the table of proofs in the design note to the
// tests that there are. A name without a package is in that of the name before.
func TestDesignNamesTests(t *testing.T) {
	note, err := os.ReadFile("../DESIGN.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(note), "## What proves it\n")
	if !found {
		t.Fatal("the design note says nothing of proofs")
	}
	name := regexp.MustCompile("`(?:([a-z0-9]+)\\.)?(Test[A-Za-z0-9]+)(\\*?)`")
	named := 0
	for line := range strings.Lines(table) {
		folder := "decode"
		for _, match := range name.FindAllStringSubmatch(line, -1) {
			if match[1] != "" {
				folder = match[1]
			}
			prefix := "func " + match[2]
			if match[3] == "" {
				prefix += "("
			}
			if named++; !testsHave(t, folder, prefix) {
				t.Errorf("no test %s.%s", folder, match[2])
			}
		}
	}
	if named < 50 {
		t.Errorf("%d tests are named", named)
	}
}

// testsHave reports whether a test of a folder of flowio, or of integration,
// has a line that starts with prefix.
func testsHave(t *testing.T, folder, prefix string) bool {
	t.Helper()
	dir := filepath.Join("..", folder)
	if folder == "integration" {
		dir = "../../integration"
	}
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\n"+prefix) {
			return true
		}
	}
	return false
}
