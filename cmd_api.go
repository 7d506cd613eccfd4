package main

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/dustin/go-humanize"

	"example.com/weir/flowio/query"
	"example.com/weir/rest/client"
)

// What the commands that ask a Master have in common.

const tokenRemedy = "say which API token to use: --token-file FILE, or WEIR_TOKEN_FILE or WEIR_TOKEN in the environment"

// apiFlags says which Master to ask, and as whom.
type apiFlags struct{ api, tokenFile, caFile *string }

func addAPIFlags(fs *flag.FlagSet) apiFlags {
	return apiFlags{
		api:       fs.String("api", "", "`address` of the Master's API; else WEIR_API, else "+defaultConfig().API.Address),
		tokenFile: fs.String("token-file", "", "`file` with the API token; else WEIR_TOKEN, else the file WEIR_TOKEN_FILE"),
		caFile:    fs.String("ca-file", "", "`file` with the certificates (PEM) that the API's must be signed by; else WEIR_CA_FILE, else the system's"),
	}
}

// connect returns a client for the Master. Nothing is sent yet.
func (f apiFlags) connect() (*client.Client, error) {
	token, err := f.token()
	if err != nil {
		return nil, err
	}
	c, err := client.New(cmp.Or(*f.api, os.Getenv("WEIR_API"), defaultConfig().API.Address), token)
	if err != nil {
		return nil, &usageError{err}
	}
	if file := cmp.Or(*f.caFile, os.Getenv("WEIR_CA_FILE")); file != "" {
		roots, err := readRoots(file)
		if err != nil {
			return nil, err
		}
		c.Trust(roots)
	}
	return c, nil
}

func readRoots(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, usagef("read certificates: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, usagef("read certificates: %s holds none in PEM form", file)
	}
	return roots, nil
}

func (f apiFlags) token() (string, error) {
	file := *f.tokenFile
	if file == "" {
		if token := os.Getenv("WEIR_TOKEN"); token != "" {
			return token, nil
		}
		file = os.Getenv("WEIR_TOKEN_FILE")
	}
	if file == "" {
		return "", usagef(tokenRemedy)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", usagef("read API token: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// addOutput adds the flag that chooses the form of the output.
func addOutput(fs *flag.FlagSet, forms ...string) *string {
	return fs.String("output", forms[0], "`form` of the output: "+strings.Join(forms, ", "))
}

func checkOutput(form string, forms ...string) error {
	if !slices.Contains(forms, form) {
		return usagef("--output %s: want %s", form, strings.Join(forms, " or "))
	}
	return nil
}

// splitList splits a comma-separated flag.
func splitList(text string) []string {
	var list []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, item)
		}
	}
	return list
}

// explainRefusal makes what the Master refused readable: the place of a
// mistake in a filter is pointed at, other mistakes come one per line. What the
// Master calls a mistake of the request is one of the command line. If nobody
// answered, it says what to do.
func explainRefusal(err error, filter string) error {
	var refused *client.Error
	if !errors.As(err, &refused) {
		return explainSilence(err)
	}
	switch {
	case refused.Code == "FILTER_SYNTAX" && refused.Offset != nil:
		return usagef("%s\n%s", refused.Error(), pointAt(filter, *refused.Offset, deref(refused.Length)))
	case refused.Code == "UNAUTHENTICATED":
		return fmt.Errorf("%w; %s", err, tokenRemedy)
	case len(refused.Errors) > 1:
		lines := []string{"the Master refuses this:"}
		for _, m := range refused.Errors {
			lines = append(lines, "  "+strings.TrimPrefix(m.Pointer+": "+m.Detail, ": "))
		}
		err = errors.New(strings.Join(lines, "\n"))
	}
	if refused.Code == "VALIDATION" {
		return &usageError{err}
	}
	return err
}

// explainSilence adds the remedy to an error before any answer.
func explainSilence(err error) error {
	var (
		network *net.OpError
		unknown x509.UnknownAuthorityError
	)
	switch {
	case errors.As(err, &unknown):
		return fmt.Errorf("%w; name the certificates to trust by --ca-file or WEIR_CA_FILE", err)
	case errors.As(err, &network) && network.Op == "dial":
		return fmt.Errorf("%w; is the Master up, and its API there? --api or WEIR_API says where to ask", err)
	}
	return err
}

// pointAt returns text with a line of carets under length octets of it.
func pointAt(text string, offset, length int) string {
	offset = min(max(offset, 0), len(text))
	end := min(offset+max(length, 0), len(text))
	before := utf8.RuneCountInString(text[:offset])
	carets := max(utf8.RuneCountInString(text[offset:end]), 1)
	return "  " + text + "\n  " + strings.Repeat(" ", before) + strings.Repeat("^", carets)
}

func deref(p *int) int {
	if p == nil {
		return 0
	}
	return *p
}

// noticeCoverage says what is missing from an answer.
func noticeCoverage(stderr io.Writer, c query.Coverage) {
	if c.Complete {
		return
	}
	fmt.Fprintf(stderr, "weir: notice: the answer is partial: %d of %d units answered\n", c.UnitsAnswered, c.UnitsAsked)
	for _, m := range c.Missing {
		fmt.Fprintf(stderr, "  %s from %s to %s: %s\n", m.Unit, stamp(m.From), stamp(m.To), m.Reason)
	}
}

func printJSON(w io.Writer, value any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(value)
}

// table is text in columns.
type table struct {
	header []string
	right  []bool // which columns are numbers
	rows   [][]string
}

// print writes t with aligned columns, two spaces apart.
func (t *table) print(w io.Writer) error {
	width := make([]int, len(t.header))
	lines := append([][]string{t.header}, t.rows...)
	for _, line := range lines {
		for i, cell := range line {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	var out bytes.Buffer
	for _, line := range lines {
		var text strings.Builder
		for i, cell := range line {
			padding := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if t.right[i] {
				text.WriteString(padding + cell + "  ")
			} else {
				text.WriteString(cell + padding + "  ")
			}
		}
		out.WriteString(strings.TrimRight(text.String(), " ") + "\n")
	}
	_, err := out.WriteTo(w)
	return err
}

// newTable returns a table with these columns; # in front marks numbers.
func newTable(columns ...string) *table {
	t := &table{}
	for _, c := range columns {
		name, numeric := strings.CutPrefix(c, "#")
		t.header, t.right = append(t.header, name), append(t.right, numeric)
	}
	return t
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) csv(w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write(t.header); err != nil {
		return err
	}
	return out.WriteAll(t.rows)
}

// si writes a rate or a count shortly: 1.2 M.
func si(v float64) string { return strings.TrimSpace(humanize.SIWithDigits(v, 1, "")) }
