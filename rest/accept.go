package rest

import (
	"context"
	"mime"
	"net/url"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
)

// parameters returns those of the request.
func parameters(ctx context.Context) url.Values {
	c, ok := ctx.(*gin.Context)
	if !ok {
		return nil
	}
	return c.Request.URL.Query()
}

// accepts returns the offer that the caller likes best, the first if it likes
// none or says nothing: an unexpected form is more use than an error.
func accepts(ctx context.Context, offers ...string) string {
	c, ok := ctx.(*gin.Context)
	if !ok {
		return offers[0]
	}
	best, bestWeight := offers[0], 0.0
	for entry := range strings.SplitSeq(c.GetHeader("Accept"), ",") {
		kind, parameters, err := mime.ParseMediaType(entry)
		if err != nil {
			continue
		}
		weight := 1.0
		if q, found := parameters["q"]; found {
			if weight, err = strconv.ParseFloat(q, 64); err != nil {
				continue
			}
		}
		for _, offer := range offers {
			if offer == kind && weight > bestWeight {
				best, bestWeight = offer, weight
			}
		}
	}
	return best
}
