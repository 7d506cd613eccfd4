package query

import (
	"context"
	"errors"
	"iter"

	"example.com/weir/flowio/group"
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
	Fetch(ctx context.Context, f group.Fetch) iter.Seq2[[]byte, error]
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
	group.Summary
	Coverage Coverage
	Stats    Stats
}

// mergeSummaries joins the summaries of several units.
func mergeSummaries(p *Plan, all []Summary) (s Summary, err error) {
	groups := make([]group.Summary, len(all))
	for i := range all {
		groups[i] = all[i].Summary
		s.Coverage.Add(all[i].Coverage)
		s.Stats.Add(all[i].Stats)
	}
	s.Summary, err = group.MergeSummaries(p.groups, groups)
	return s, err
}
