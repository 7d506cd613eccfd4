package topology

import "strings"

// Problem is one reason to refuse a command.
type Problem struct {
	Pointer string // JSON pointer into the object of the command; empty = the whole
	Detail  string // what is wrong, and with what
	Kind    error  // ErrInvalid, ErrConflict or ErrNotFound
}

// CheckError is every reason to refuse a command at once. errors.Is finds the
// kinds of its problems.
type CheckError struct {
	Problems []Problem
}

func (e *CheckError) Error() string {
	texts := make([]string, 0, len(e.Problems))
	for _, p := range e.Problems {
		text := p.Detail
		if p.Pointer != "" {
			text = p.Pointer + ": " + text
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "; ")
}

// Unwrap returns the kinds of the problems.
func (e *CheckError) Unwrap() []error {
	kinds := make([]error, 0, len(e.Problems))
	for _, p := range e.Problems {
		kinds = append(kinds, p.Kind)
	}
	return kinds
}
