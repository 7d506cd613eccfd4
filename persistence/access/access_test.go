package access

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func TestAuthenticate(t *testing.T) {
	text, token := New("ci", Operator, now.Add(time.Hour), "root", now)
	other, _ := New("other", Viewer, time.Time{}, "root", now)
	revoked := token
	revoked.Revoked = now
	tests := []struct {
		name  string
		text  string
		kept  Token
		at    time.Time
		valid bool
	}{
		{"valid", text, token, now, true},
		{"expired", text, token, now.Add(time.Hour), false},
		{"revoked", text, revoked, now, false},
		{"unknown", other, token, now, false},
		{"mistyped", text[:len(text)-9] + "a" + text[len(text)-8:], token, now, false},
		{"cut short", text[:len(text)-1], token, now, false},
		{"empty", "", token, now, false},
		{"endless", text + strings.Repeat("a", 4096), token, now, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, err := Authenticate(test.text, test.at, func(id string) (Token, bool) { return test.kept, id == test.kept.ID })
			if test.valid {
				if want := (Principal{token.ID, "ci", Operator}); err != nil || p != want {
					t.Errorf("Authenticate = %v, %v, want %v", p, err, want)
				}
			} else if !errors.Is(err, ErrToken) || p != (Principal{}) {
				t.Errorf("Authenticate = %v, %v, want ErrToken", p, err)
			}
		})
	}
}

func TestTheSecretIsNotKept(t *testing.T) {
	text, token := New("ci", Admin, time.Time{}, "", now)
	_, secret, err := Split(text)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(token.Hash, []byte(secret)) || len(token.Hash) != 32 {
		t.Errorf("kept %x, want a SHA-256 sum", token.Hash)
	}
}

func TestRolesInclude(t *testing.T) {
	tests := []struct {
		have, need Role
		want       bool
	}{
		{Admin, Viewer, true},
		{Operator, Operator, true},
		{Viewer, Operator, false},
		{"", Viewer, false},
		{Admin, "", false},
		{"", "", false},
	}
	for _, test := range tests {
		if got := test.have.Includes(test.need); got != test.want {
			t.Errorf("%q includes %q = %t, want %t", test.have, test.need, got, test.want)
		}
	}
}

// FuzzSplit feeds hostile tokens: no panic, and what is accepted is written
// the same way again.
func FuzzSplit(f *testing.F) {
	text, _ := New("ci", Admin, time.Time{}, "", now)
	f.Add(text)
	f.Add("weir__")
	f.Fuzz(func(t *testing.T, text string) {
		id, secret, err := Split(text)
		if err != nil {
			return
		}
		body := tokenPrefix + id + "_" + secret
		if body+checksum(body) != text {
			t.Errorf("%q is accepted as %q, %q", text, id, secret)
		}
	})
}
