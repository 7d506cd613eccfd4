package query

import (
	"context"
	"errors"
	"iter"
)

// Node is a unit that holds an answer, or several units as one: groups of
// flows that can be asked for in parts, without scanning again. It is not safe
// for concurrent use.
type Node interface {
	// Summary says what is known before any group is fetched. After an
	// ErrChanged it is another one.
	Summary() Summary
	// Fetch streams chunks of groups in the order of their keys, each group
	// once. A chunk is valid until the next one is asked for. The first error
	// ends the stream; ErrChanged says that a unit was lost: everything fetched
	// so far is void, Summary is without it, and the caller begins anew.
	Fetch(ctx context.Context, f Fetch) iter.Seq2[[]byte, error]
	// Wire returns how many octets of answers have come over the network so far
	// to this node and between the units below it.
	Wire() uint64
	// Close lets go of the groups.
	Close()
}

// ErrChanged reports that a unit was lost between two fetches, or during one.
var ErrChanged = errors.New("a unit that held a part of the answer was lost")

// Summary is what a Node says of its groups.
type Summary struct {
	Units    int    // units that hold groups
	Groups   uint64 // sum of how many each of them holds: no fewer than there are
	Most     uint64 // the greatest of those numbers: no more than there are
	Points   uint64 // series by groups: sum of how many steps of lines each of them holds; Groups and Most are of lines
	Total    []byte // all groups merged to one, as a chunk; nil if there are none
	Best     []byte // ranked: the first groups, or lines, of each unit in the plan's order, summed; nil unless ordered by a sum
	Steps    []byte // series by groups: all groups merged at each step, as a chunk of stepPlan
	Left     uint64 // of Groups: those that are only in Total, since they make no row; not 0 only if one unit alone answers
	Coverage Coverage
	Stats    Stats

	Estimated bool // Groups and Most are estimates, see Rest
}

// FetchKind says which groups are asked for.
type FetchKind uint8

// The kinds of Fetch.
const (
	FetchAll   FetchKind = iota // every group, whole
	FetchAbove                  // groups, or lines, whose value in a unit is at least Least, ranked
	FetchThese                  // the groups, or all steps of the lines, of Keys, whole
)

// Fetch asks a Node for groups.
type Fetch struct {
	What  FetchKind
	Least uint64
	Keys  [][]byte // chunks of keys, in order
}

// forms returns what a fetch is answered with.
func (f Fetch) forms() []form {
	if f.What == FetchAbove {
		return []form{formRanked, formReports}
	}
	return []form{formWhole}
}

// ordersBySum reports whether the plan's order can be found by thresholds: the
// greatest of sums that are not negative.
func (p *Plan) ordersBySum() bool {
	return (p.Kind == Top || p.hasLines()) && !p.Ascending && p.sumAt() >= 0
}

// sumAt returns the position among the sums of what the plan orders by, -1 if
// it is none of them. The rates of a series are over one time for all groups:
// they are in the order of their sums.
func (p *Plan) sumAt() int {
	if len(p.Metrics) == 0 {
		return -1
	}
	kind := p.Metrics[p.order].Kind
	if p.Kind == Series && kind == BPS {
		kind = Bytes
	}
	if p.Kind == Series && kind == PPS {
		kind = Packets
	}
	return p.layout.sumOf(kind)
}

// reach is how many groups the rows of a plan are taken from.
func (p *Plan) reach() int { return p.Offset + p.Limit }
