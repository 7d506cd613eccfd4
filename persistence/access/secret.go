package access

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"hash/crc32"
	"strings"
	"time"
)

const (
	// tokenPrefix makes tokens recognisable to secret scanners.
	tokenPrefix = "weir_"

	idOctets     = 5  // 8 characters; names the token in lists and logs
	secretOctets = 20 // 160 random bits: nothing to guess
	crcOctets    = 5  // crc32 padded to whole base32 characters

	// maxToken bounds what is parsed, in octets; a token has 54.
	maxToken = 128
)

var encoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// New makes a token. The text is shown once and never kept.
func New(name string, role Role, expires time.Time, creator string, now time.Time) (text string, t Token) {
	id := random(idOctets)
	secret := random(secretOctets)
	body := tokenPrefix + id + "_" + secret
	hash := sha256.Sum256([]byte(secret))
	return body + checksum(body), Token{
		ID: id, Name: name, Role: role, Hash: hash[:],
		Created: now, Expires: expires, Creator: creator,
	}
}

// Split takes a token text apart. It finds typing errors by the checksum; it
// does not know whether the token exists.
func Split(text string) (id, secret string, err error) {
	const crcLen = crcOctets * 8 / 5
	if len(text) > maxToken || len(text) < crcLen || !strings.HasPrefix(text, tokenPrefix) {
		return "", "", ErrToken
	}
	body := text[:len(text)-crcLen]
	if checksum(body) != text[len(body):] {
		return "", "", ErrToken
	}
	id, secret, ok := strings.Cut(strings.TrimPrefix(body, tokenPrefix), "_")
	if !ok || id == "" || secret == "" {
		return "", "", ErrToken
	}
	return id, secret, nil
}

// Authenticate finds out who holds text. lookup returns the token of that ID.
func Authenticate(text string, now time.Time, lookup func(id string) (Token, bool)) (Principal, error) {
	id, secret, err := Split(text)
	if err != nil {
		return Principal{}, err
	}
	t, ok := lookup(id)
	hash := sha256.Sum256([]byte(secret))
	if !ok || subtle.ConstantTimeCompare(hash[:], t.Hash) != 1 || !t.Usable(now) {
		return Principal{}, ErrToken
	}
	return Principal{TokenID: t.ID, Name: t.Name, Role: t.Role}, nil
}

func random(octets int) string {
	b := make([]byte, octets)
	rand.Read(b) // never fails
	return encoding.EncodeToString(b)
}

func checksum(body string) string {
	b := make([]byte, crcOctets)
	binary.BigEndian.PutUint32(b, crc32.ChecksumIEEE([]byte(body)))
	return encoding.EncodeToString(b)
}
