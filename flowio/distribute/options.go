package distribute

import (
	"slices"

	"example.com/weir/flowio/template"
)

const (
	// maxOptions bounds the options records remembered of one template: an
	// interface table of the largest routers. Beyond it the oldest go.
	maxOptions = 8192

	// optionOctets estimates what a record costs besides its octets.
	optionOctets = 96
)

// identifying lists the elements that tell what an options record is about
// where the scope does not: a sampler table is often scoped by the exporter.
var identifying = []uint16{
	10, 14, 252, 253, // interfaces
	48, 302, // sampler, selector
	95, 234, 235, // application, VRFs
	138, 141, 143, 144, 145, 148, 149, // observation point, line card, metering and exporting process, template, flow, domain
	303, 310, 346, // information element, ..., private enterprise
}

// lasting lists the elements that say how flows are sampled and when the
// exporter started: options data with one of them are kept on disk, since some
// exporters send them only when they start.
var lasting = []uint16{34, 50, 160, 305, 306, 307, 308, 309, 310, 311}

// options remembers the options records of one template, the newest of each
// subject.
type options struct {
	template *template.Template
	key      []bool         // by field: part of the subject
	lasts    bool           // some field is lasting
	at       map[string]int // indexes of records, by subject
	records  [][]byte
	subjects []string // of records
	oldest   int      // record that goes when there are maxOptions
	octets   int      // reserved
	scratch  []byte
}

func newOptions(t *template.Template) *options {
	o := &options{template: t, key: make([]bool, len(t.Fields)), at: map[string]int{}}
	for i, f := range t.Fields {
		o.key[i] = i < t.Scope || slices.Contains(identifying, f.Element)
		o.lasts = o.lasts || slices.Contains(lasting, f.Element)
	}
	return o
}

// passOptions passes the options records of a set on and remembers them.
func (s *session) passOptions(st *stream, set template.Set) error {
	for record, err := range st.template.Records(set.Body) {
		if err != nil {
			return err
		}
		s.pass(st.id, st.shortest, record)
		st.options.remember(record, &s.sh.d.memory)
	}
	s.keepOptions(st)
	return nil
}

// keepOptions lets the Store keep what lasts of the options data of st.
func (s *session) keepOptions(st *stream) {
	if st.options.lasts {
		s.sh.d.store.KeepData(s.templateKey(st.id), st.options.records)
	}
}

// remember keeps a copy of record, replacing that of the same subject, or the
// oldest of too many. If there is no memory left, new subjects are not remembered.
func (o *options) remember(record []byte, m *memory) {
	subject := o.subject(record)
	if i, known := o.at[string(subject)]; known {
		if more := len(record) - len(o.records[i]); m.reserve(more) {
			o.octets += more
			o.records[i] = append(o.records[i][:0], record...)
		}
		return
	}
	if len(o.records) >= maxOptions {
		o.replaceOldest(record, string(subject), m)
		return
	}
	n := optionCost(record, subject)
	if !m.reserve(n) {
		return
	}
	o.octets += n
	o.subjects = append(o.subjects, string(subject))
	o.at[o.subjects[len(o.records)]] = len(o.records)
	o.records = append(o.records, slices.Clone(record))
}

// replaceOldest keeps a copy of record in place of the oldest.
func (o *options) replaceOldest(record []byte, subject string, m *memory) {
	i := o.oldest
	more := optionCost(record, subject) - optionCost(o.records[i], o.subjects[i])
	if !m.reserve(more) {
		return
	}
	o.octets += more
	delete(o.at, o.subjects[i])
	o.at[subject], o.subjects[i] = i, subject
	o.records[i] = append(o.records[i][:0], record...)
	o.oldest = (i + 1) % maxOptions
}

// optionCost returns what a record takes of the memory.
func optionCost[S string | []byte](record []byte, subject S) int {
	return len(record) + len(subject) + optionOctets
}

// subject returns the fields of record that tell what it is about. It is
// valid until the next call.
func (o *options) subject(record []byte) []byte {
	o.scratch = o.scratch[:0]
	at := 0
	for i, f := range o.template.Fields {
		start, n := template.FieldSpan(record, at, f.Length)
		if n < 0 {
			break
		}
		at = start + n
		if o.key[i] {
			o.scratch = append(o.scratch, record[start:at]...)
			o.scratch = append(o.scratch, byte(n)) // so that lengths cannot run together
		}
	}
	return o.scratch
}
