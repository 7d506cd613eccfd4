package filter

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

type tokenKind uint8

const (
	tokenEnd    tokenKind = iota
	tokenWord             // keyword, number, address, name
	tokenQuoted           // "name"; text is without the quotes
	tokenSymbol           // ( ) [ ] , ! && || = == != < > <= >=
)

// token is a piece of the text. A word is what keywords, numbers and
// addresses have in common; the parser knows which it wants.
type token struct {
	kind           tokenKind
	text           string // words in lower case
	raw            string // as written
	offset, length int
}

// symbols are tried in order, so the longer come first.
var symbols = []string{"&&", "||", "==", "!=", "<=", ">=", "(", ")", "[", "]", ",", "!", "=", "<", ">"}

// lex cuts text into tokens; the last one is tokenEnd.
func lex(text string) ([]token, error) {
	var tokens []token
	for pos := 0; ; {
		pos = skipBlank(text, pos)
		if pos == len(text) {
			return append(tokens, token{kind: tokenEnd, offset: pos}), nil
		}
		t, err := next(text, pos)
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, t)
		pos += t.length
	}
}

// skipBlank returns the offset of the next token at or after pos.
func skipBlank(text string, pos int) int {
	for pos < len(text) {
		switch text[pos] {
		case ' ', '\t', '\r', '\n':
			pos++
		case '#':
			end := strings.IndexByte(text[pos:], '\n')
			if end < 0 {
				return len(text)
			}
			pos += end
		default:
			return pos
		}
	}
	return pos
}

func next(text string, pos int) (token, error) {
	if text[pos] == '"' {
		return quoted(text, pos)
	}
	for _, s := range symbols {
		if strings.HasPrefix(text[pos:], s) {
			return token{kind: tokenSymbol, text: s, raw: s, offset: pos, length: len(s)}, nil
		}
	}
	end := pos
	for end < len(text) && isWord(text[end]) {
		end++
	}
	if end == pos {
		return token{}, stray(text, pos)
	}
	raw := text[pos:end]
	return token{kind: tokenWord, text: strings.ToLower(raw), raw: raw, offset: pos, length: end - pos}, nil
}

// stray refuses a character that no token starts with.
func stray(text string, pos int) error {
	c, size := utf8.DecodeRuneInString(text[pos:])
	e := &SyntaxError{Offset: pos, Length: size, Msg: fmt.Sprintf("unexpected character %q", c)}
	if c == '&' || c == '|' {
		e.Expected = []string{strings.Repeat(string(c), 2)}
	}
	return e
}

func quoted(text string, pos int) (token, error) {
	end := strings.IndexByte(text[pos+1:], '"')
	if end < 0 {
		return token{}, &SyntaxError{Offset: pos, Length: len(text) - pos, Msg: "quoted name does not end", Expected: []string{`"`}}
	}
	raw := text[pos+1 : pos+1+end]
	return token{kind: tokenQuoted, text: raw, raw: raw, offset: pos, length: end + 2}, nil
}

// isWord accepts what numbers, ranges, addresses, prefixes and names are made
// of.
func isWord(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte("._:/-%@", c) >= 0
}
