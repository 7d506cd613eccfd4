package rest

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
)

// A request that broke off in a panic has no answer that could be given again.
func TestAPanicIsNoAnswer(t *testing.T) {
	answers, engine := newAnswers(), gin.New()
	engine.POST("/", func(c *gin.Context) { c.Set(bodyKey, []byte("body")) }, answers.replay,
		func(*gin.Context) { panic("a bug") })
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.Header.Set(idempotencyHeader, "k1")
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		engine.ServeHTTP(httptest.NewRecorder(), r)
	}()
	if n := len(answers.byKey); n != 0 {
		t.Errorf("%d answers are kept, want none", n)
	}
}
