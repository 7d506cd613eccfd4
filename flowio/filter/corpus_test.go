package filter

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
)

// example is a line of testdata/corpus.txt.
type example struct {
	line   int
	text   string
	offset int // of the mistake; -1 = accepted
}

func corpus(t testing.TB) []example {
	t.Helper()
	file, err := os.ReadFile("testdata/corpus.txt")
	if err != nil {
		t.Fatal(err)
	}
	var examples []example
	for i, line := range strings.Split(string(file), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		verdict, text, _ := strings.Cut(line, " ")
		e := example{line: i + 1, offset: -1}
		if verdict == "reject" {
			var offset string
			offset, text, _ = strings.Cut(text, " ")
			if e.offset, err = strconv.Atoi(offset); err != nil {
				t.Fatalf("corpus line %d: %v", e.line, err)
			}
		} else if verdict != "accept" {
			t.Fatalf("corpus line %d: neither accept nor reject", e.line)
		}
		e.text = strings.NewReplacer(`\n`, "\n", `\t`, "\t").Replace(text)
		examples = append(examples, e)
	}
	return examples
}

func TestCorpus(t *testing.T) {
	for _, e := range corpus(t) {
		expr, err := Parse(e.text)
		var syntax *SyntaxError
		switch {
		case e.offset < 0 && err != nil:
			t.Errorf("line %d: %q is refused: %v", e.line, e.text, err)
		case e.offset < 0:
			checkNormalForm(t, expr)
		case !errors.As(err, &syntax):
			t.Errorf("line %d: %q is accepted, as %q", e.line, e.text, expr)
		case syntax.Offset != e.offset:
			t.Errorf("line %d: %q is wrong at %d, want %d: %v", e.line, e.text, syntax.Offset, e.offset, err)
		case syntax.Offset+syntax.Length > len(e.text):
			t.Errorf("line %d: %q: the mistake ends at %d, after the text", e.line, e.text, syntax.Offset+syntax.Length)
		}
	}
}

// checkNormalForm fails unless the normal form of e is read as itself.
func checkNormalForm(t *testing.T, e *Expr) {
	t.Helper()
	again, err := Parse(e.String())
	switch {
	case err != nil:
		t.Errorf("normal form %q is refused: %v", e, err)
	case again.String() != e.String():
		t.Errorf("normal form %q becomes %q", e, again)
	case again.Fields() != e.Fields():
		t.Errorf("normal form %q reads fields %b, was %b", e, again.Fields(), e.Fields())
	}
}

// FuzzParse feeds whatever comes. Parse may refuse, but with a place inside
// the text; what it accepts has a stable normal form that matches the same
// rows.
func FuzzParse(f *testing.F) {
	for _, e := range corpus(f) {
		f.Add(e.text)
	}
	flows := randomFlows(130)
	f.Fuzz(func(t *testing.T, text string) {
		e, err := Parse(text)
		if err != nil {
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || syntax.Offset < 0 || syntax.Length < 0 || syntax.Offset+syntax.Length > len(text) {
				t.Fatalf("%q: %#v", text, err)
			}
			return
		}
		checkNormalForm(t, e)
		again, err := Parse(e.String())
		if err != nil {
			t.Fatal(err)
		}
		rows, same := e.Match(flows, nil), again.Match(flows, nil)
		if len(rows) != len(same) {
			t.Fatalf("%q matches %d rows, its normal form %q %d", text, len(rows), e, len(same))
		}
	})
}
