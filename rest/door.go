package rest

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"runtime/debug"
	"time"

	"github.com/gin-gonic/gin"
)

// What every request passes before it is routed.

type requestIDKey struct{}

// goodRequestID is what we take over from a caller: it ends up in logs.
var goodRequestID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// RequestID returns the ID of the request that ctx belongs to.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// identify gives the request an ID, the caller's own if it has a good one.
func (a *api) identify(c *gin.Context) {
	id := c.GetHeader("X-Request-Id")
	if !goodRequestID.MatchString(id) {
		id = rand.Text()[:16]
	}
	c.Header("X-Request-Id", id)
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), requestIDKey{}, id))
}

// recoverPanic turns a panic into a problem and a log entry. Panics that mean
// to abort the connection go on.
func (a *api) recoverPanic(c *gin.Context) {
	defer func() {
		switch reason := recover(); reason {
		case nil:
		case http.ErrAbortHandler:
			panic(reason)
		default:
			a.log.Error("request panicked", "stack", string(debug.Stack()))
			a.refuse(c, fmt.Errorf("panic: %v", reason))
		}
	}()
	c.Next()
}

// secure sets what every answer carries. The dashboard replaces the policy by
// its own.
func secure(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if c.Request.TLS != nil {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// allowInlineStyle is the policy of the API browser, which styles its
// elements inline.
func allowInlineStyle(c *gin.Context) {
	c.Header("Content-Security-Policy", "default-src 'self'; style-src 'self' 'unsafe-inline'; "+
		"img-src 'self' data:; object-src 'none'; base-uri 'self'; frame-ancestors 'none'")
}

// bodyTime is how long a caller may take to send a body, of maxBody octets at
// most: it holds a connection meanwhile, and has not shown a token yet.
const bodyTime = 30 * time.Second

// limitBody bounds how long a body is and how long it takes.
func limitBody(c *gin.Context) {
	if c.Request.Body == nil || c.Request.Body == http.NoBody {
		return
	}
	control := http.NewResponseController(c.Writer)
	_ = control.SetReadDeadline(time.Now().Add(bodyTime)) // without a connection there is nothing to bound
	c.Request.Body = &timedBody{http.MaxBytesReader(c.Writer, c.Request.Body, maxBody), control}
}

// timedBody is a body that has to come in time. Once it is there the answer may
// take as long as it likes.
type timedBody struct {
	io.ReadCloser
	control *http.ResponseController
}

func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		_ = b.control.SetReadDeadline(time.Time{}) // as in limitBody
	}
	return n, err
}

// refuseCrossOrigin refuses state-changing requests that a page of another
// origin made a browser send. Scripts carry neither Origin nor Sec-Fetch-Site.
func (a *api) refuseCrossOrigin(c *gin.Context) {
	if err := a.origins.Check(c.Request); err != nil {
		a.refuse(c, &refusal{status: http.StatusForbidden, code: codeForbidden, detail: err.Error()})
	}
}
