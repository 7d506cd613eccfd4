package rest

import (
	"crypto/rand"
	"sync"
	"time"
)

const (
	// sessionLife is how long a login lasts: a working day and a bit.
	sessionLife = 12 * time.Hour

	// maxSessions bounds what logins cost in memory. Beyond it the oldest
	// session ends.
	maxSessions = 1024
)

// sessions remembers which browsers have logged in. It is safe for concurrent
// use. It keeps the token itself, so that a token that is revoked or expires
// takes its sessions along. Nothing is written to disk: a restart of the
// Master asks everybody to log in again.
type sessions struct {
	now func() time.Time

	mu   sync.Mutex // guards everything below
	byID map[string]session
}

type session struct {
	token   string
	expires time.Time
}

func newSessions() *sessions {
	return &sessions{now: time.Now, byID: map[string]session{}}
}

// begin opens a session for token and returns its ID.
func (s *sessions) begin(token string) (id string) {
	id = rand.Text() + rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.makeRoomLocked()
	s.byID[id] = session{token: token, expires: s.now().Add(sessionLife)}
	return id
}

// token returns the token that session id began with.
func (s *sessions) token(id string) (token string, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found = s.byID[id].expires.After(s.now())
	if !found {
		delete(s.byID, id)
		return "", false
	}
	return s.byID[id].token, true
}

// end closes a session; closing an unknown one is harmless.
func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, id)
}

func (s *sessions) makeRoomLocked() {
	if len(s.byID) < maxSessions {
		return
	}
	oldest := ""
	for id, one := range s.byID {
		if oldest == "" || one.expires.Before(s.byID[oldest].expires) {
			oldest = id
		}
	}
	delete(s.byID, oldest)
}
