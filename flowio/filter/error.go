package filter

import (
	"fmt"
	"strings"
)

// maxListed is how many expected words an error's text lists; more do not help
// a reader, but a completion.
const maxListed = 12

// SyntaxError says where a filter stops making sense.
type SyntaxError struct {
	Offset   int      `json:"offset"`             // octets from the start of the text
	Length   int      `json:"length"`             // octets; 0 at the end of the text
	Expected []string `json:"expected,omitempty"` // words that could stand there
	Msg      string   `json:"message"`
}

// Error names the place, what is wrong and what could stand there.
func (e *SyntaxError) Error() string {
	text := fmt.Sprintf("filter at octet %d: %s", e.Offset, e.Msg)
	if len(e.Expected) > 0 && len(e.Expected) <= maxListed {
		text += "; expected " + strings.Join(e.Expected, ", ")
	}
	return text
}
