package rest

import (
	_ "embed"
	"encoding/json"
	"net/http"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"
)

//go:embed openapi.yaml
var specYAML []byte

// mustSpec returns the description of the API. It is part of the program, so
// that a broken one is a bug.
func mustSpec() *openapi3.T {
	spec, err := openapi3.NewLoader().LoadFromData(specYAML)
	if err != nil {
		panic("rest: read openapi.yaml: " + err.Error())
	}
	return spec
}

func specJSON(spec *openapi3.T) []byte {
	text, err := json.Marshal(spec)
	if err != nil {
		panic("rest: write openapi.json: " + err.Error())
	}
	return text
}

// serveDocument serves the description of the API. It holds no secrets, and
// API browsers and generators fetch it before they log in.
func serveDocument(mediaType string, text []byte) gin.HandlerFunc {
	return func(c *gin.Context) { c.Data(http.StatusOK, mediaType, text) }
}
