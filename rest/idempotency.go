package rest

import (
	"bytes"
	"crypto/sha256"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
)

const (
	idempotencyHeader = "Idempotency-Key"

	// answerLife is how long a POST can be repeated with the same
	// Idempotency-Key.
	answerLife = 24 * time.Hour

	// maxAnswers and maxAnswer bound what is kept for repetition: 1024
	// answers of 64 KiB. A longer answer (a result) is not kept; a repeated
	// query is then asked again, which changes nothing.
	maxAnswers = 1024
	maxAnswer  = 64 << 10
)

// answers remembers the answers to requests with an Idempotency-Key. It is
// safe for concurrent use. A restart of the Master forgets them; changes of
// the topology are recognised even then, by their operation ID.
type answers struct {
	now func() time.Time

	mu    sync.Mutex // guards everything below
	byKey map[string]*answer
}

type answer struct {
	body   [sha256.Size]byte // of the request
	given  time.Time
	done   bool // else the first request is still under way
	status int
	header http.Header
	text   []byte
}

func newAnswers() *answers { return &answers{now: time.Now, byKey: map[string]*answer{}} }

// replay answers a repeated request as the first time.
func (s *answers) replay(c *gin.Context) {
	key := c.GetHeader(idempotencyHeader)
	body, hasBody := c.Get(bodyKey)
	if key == "" || c.Request.Method != http.MethodPost || !hasBody {
		return
	}
	caller, _ := PrincipalFrom(c.Request.Context())
	key = caller.TokenID + "\x00" + c.Request.URL.RequestURI() + "\x00" + key
	sum := sha256.Sum256(body.([]byte)) // keepBody sets nothing else
	before, mine := s.begin(key, sum)
	switch {
	case before == nil:
		recorder := &recorder{ResponseWriter: c.Writer}
		c.Writer = recorder
		defer func() { s.finish(key, mine, recorder) }()
		c.Next()
		recorder.ended = true
	case before.body != sum:
		s.refuse(c, "this Idempotency-Key was used for another body")
	case !before.done:
		s.refuse(c, "the first request with this Idempotency-Key is still under way")
	default:
		for name, values := range before.header {
			if name != "X-Request-Id" {
				c.Writer.Header()[name] = values
			}
		}
		c.Writer.WriteHeader(before.status)
		_, _ = c.Writer.Write(before.text) // a caller that is gone needs no answer
		c.Abort()
	}
}

func (s *answers) refuse(c *gin.Context, detail string) {
	writeProblem(c.Writer, c.Request, Problem{Status: http.StatusConflict, Code: codeConflict, Detail: detail})
	c.Abort()
}

// begin returns a copy of the answer under key, or opens a new one.
func (s *answers) begin(key string, sum [sha256.Size]byte) (before, mine *answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.byKey[key]; a != nil && s.now().Sub(a.given) < answerLife {
		before := *a
		return &before, nil
	}
	s.makeRoomLocked()
	mine = &answer{body: sum, given: s.now()}
	s.byKey[key] = mine
	return nil, mine
}

// finish keeps a good answer. A refusal is not kept: the caller may try again.
func (s *answers) finish(key string, mine *answer, r *recorder) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if status := r.Status(); status < 200 || status > 299 || r.tooLong || !r.ended {
		delete(s.byKey, key)
		return
	}
	mine.done, mine.status, mine.header, mine.text = true, r.Status(), r.Header().Clone(), r.text.Bytes()
}

func (s *answers) makeRoomLocked() {
	if len(s.byKey) < maxAnswers {
		return
	}
	oldest := ""
	for key, a := range s.byKey {
		if oldest == "" || a.given.Before(s.byKey[oldest].given) {
			oldest = key
		}
	}
	delete(s.byKey, oldest)
}

// recorder keeps a copy of an answer up to maxAnswer.
type recorder struct {
	gin.ResponseWriter
	text    bytes.Buffer
	tooLong bool
	ended   bool // else the operation panicked
}

func (r *recorder) Write(text []byte) (int, error) {
	if r.text.Len()+len(text) > maxAnswer {
		r.tooLong = true
	} else if !r.tooLong {
		r.text.Write(text)
	}
	return r.ResponseWriter.Write(text)
}
