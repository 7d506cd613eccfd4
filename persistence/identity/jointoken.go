package identity

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
)

const (
	joinPrefix = "weir-join_"

	joinIDOctets     = 5
	joinSecretOctets = 20 // 160 random bits: nothing to guess

	// maxJoinToken bounds what is parsed, in octets; a token has about 115.
	maxJoinToken = 256
)

// ErrJoinToken refuses a join token: malformed, unknown, used, expired or for
// another role or unit.
var ErrJoinToken = errors.New("join token not accepted")

var encoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// JoinToken lets one unit join. It carries the fingerprint of the authority,
// so that the joining unit knows whom to trust before it has a certificate.
type JoinToken struct {
	ID     string
	Secret string
	CA     Fingerprint
}

// NewJoinToken makes a token for the deployment of an authority.
func NewJoinToken(ca Fingerprint) JoinToken {
	return JoinToken{ID: random(joinIDOctets), Secret: random(joinSecretOctets), CA: ca}
}

// String is the form that operators copy: weir-join_ID_SECRET_AUTHORITY and a
// checksum.
func (t JoinToken) String() string {
	body := joinPrefix + t.ID + "_" + t.Secret + "_" + encoding.EncodeToString(t.CA[:])
	return body + "_" + checksum(body)
}

// Hash is what a Master keeps of the secret.
func (t JoinToken) Hash() []byte {
	h := sha256.Sum256([]byte(t.Secret))
	return h[:]
}

// ParseJoinToken reads the form that String writes.
func ParseJoinToken(text string) (JoinToken, error) {
	text = strings.TrimSpace(text)
	if len(text) > maxJoinToken || !strings.HasPrefix(text, joinPrefix) {
		return JoinToken{}, fmt.Errorf("%w: it does not begin with %s", ErrJoinToken, joinPrefix)
	}
	parts := strings.Split(strings.TrimPrefix(text, joinPrefix), "_")
	if len(parts) != 4 {
		return JoinToken{}, fmt.Errorf("%w: it is incomplete", ErrJoinToken)
	}
	if body := text[:len(text)-len(parts[3])-1]; checksum(body) != parts[3] {
		return JoinToken{}, fmt.Errorf("%w: the checksum differs, so it was mistyped or cut", ErrJoinToken)
	}
	ca, err := encoding.DecodeString(parts[2])
	if err != nil || len(ca) != len(Fingerprint{}) || parts[0] == "" || parts[1] == "" {
		return JoinToken{}, fmt.Errorf("%w: it is incomplete", ErrJoinToken)
	}
	return JoinToken{ID: parts[0], Secret: parts[1], CA: Fingerprint(ca)}, nil
}

func random(octets int) string {
	b := make([]byte, octets)
	rand.Read(b) // never fails
	return encoding.EncodeToString(b)
}

func checksum(body string) string {
	return encoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(body))))
}
