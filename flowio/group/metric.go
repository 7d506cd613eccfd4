package group

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"example.com/weir/flowio/flow"
)

// MetricKind is what a Metric measures.
type MetricKind uint8

// The kinds of metric. Rates are those of a whole group: its sum over the time
// from its first flow's start to its last flow's end, as nfdump has it, or
// over the step (series).
const (
	Bytes    MetricKind = iota // layer 3 octets
	Packets                    //
	Records                    // flows: flow records, never scaled
	BPS                        // bits per second
	PPS                        // packets per second
	BPP                        // bytes per packet
	Uniq                       // uniq(field): distinct values
	Quantile                   // p95(field): 95 % of the records have no greater value
)

// Metric is one measured column.
type Metric struct {
	Kind     MetricKind
	Field    flow.Field // of Uniq and Quantile
	Duration bool       // Quantile of last minus first instead of a Field
	Percent  float64    // of Quantile: above 0, below 100
}

var metricWords = [...]string{Bytes: "bytes", Packets: "packets", Records: "flows", BPS: "bps", PPS: "pps", BPP: "bpp"}

const metricForms = "bytes, packets, flows, bps, pps, bpp, uniq(field), p95(field)"

// ParseMetric reads a metric as requests write it.
func ParseMetric(text string) (Metric, error) {
	word := strings.ToLower(strings.TrimSpace(text))
	if k := slices.Index(metricWords[:], word); k >= 0 {
		return Metric{Kind: MetricKind(k)}, nil
	}
	function, argument, ok := strings.Cut(word, "(")
	argument, closed := strings.CutSuffix(argument, ")")
	if !ok || !closed {
		return Metric{}, fmt.Errorf("unknown metric %q: the metrics are %s", text, metricForms)
	}
	argument = strings.TrimSpace(argument)
	if function == "uniq" {
		f, err := ParseField(argument)
		return Metric{Kind: Uniq, Field: f}, err
	}
	return parseQuantile(text, function, argument)
}

func parseQuantile(text, function, argument string) (Metric, error) {
	percent, err := strconv.ParseFloat(strings.TrimPrefix(function, "p"), 64)
	if err != nil || function[:min(1, len(function))] != "p" {
		return Metric{}, fmt.Errorf("unknown metric %q: the metrics are %s", text, metricForms)
	}
	if !(percent > 0 && percent < 100) {
		return Metric{}, fmt.Errorf("metric %q: the percentile must lie between 0 and 100", text)
	}
	m := Metric{Kind: Quantile, Percent: percent}
	if argument == "duration" {
		m.Duration = true
		return m, nil
	}
	if m.Field, err = ParseField(argument); err != nil {
		return Metric{}, err
	}
	if m.Field.IsAddr() {
		return Metric{}, fmt.Errorf("metric %q: addresses have no percentiles", text)
	}
	return m, nil
}

// String returns the metric as requests write it.
func (m Metric) String() string {
	switch m.Kind {
	case Uniq:
		return "uniq(" + m.Field.String() + ")"
	case Quantile:
		field := m.Field.String()
		if m.Duration {
			field = "duration"
		}
		return "p" + strconv.FormatFloat(m.Percent, 'f', -1, 64) + "(" + field + ")"
	}
	return metricWords[m.Kind]
}

// MarshalText writes the metric as requests do.
func (m Metric) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (m *Metric) UnmarshalText(text []byte) (err error) {
	*m, err = ParseMetric(string(text))
	return err
}

// IsEstimate reports whether m is computed from a sketch, and not from sums: it
// is exact for few values only.
func (m Metric) IsEstimate() bool { return m.Kind == Uniq || m.Kind == Quantile }

// ParseField finds a field by name and suggests the nearest if there is none.
func ParseField(name string) (flow.Field, error) {
	f, ok := flow.FieldByName(name)
	if !ok {
		return 0, fmt.Errorf("unknown field %q: did you mean %s?", name, nearest(name))
	}
	return f, nil
}

// nearest returns the field name with the fewest edits to name.
func nearest(name string) string {
	best, least := "", math.MaxInt
	for f := range flow.AllFields.All {
		if d := edits(strings.ToLower(name), strings.ToLower(f.String())); d < least {
			best, least = f.String(), d
		}
	}
	return best
}

// maxEdited bounds the words that edits compares: no field name is as long.
const maxEdited = 40

// edits returns the Levenshtein distance of a and b.
func edits(a, b string) int {
	a, b = a[:min(len(a), maxEdited)], b[:min(len(b), maxEdited)]
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
