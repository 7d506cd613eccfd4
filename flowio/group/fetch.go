package group

import (
	"context"
	"errors"
	"iter"
)

// Fetch asks whoever holds groups for some of them.
type Fetch struct {
	What  FetchKind
	Least uint64
	Keys  [][]byte // chunks of keys, in order
}

// FetchKind says which groups are asked for.
type FetchKind uint8

// The kinds of Fetch.
const (
	FetchAll   FetchKind = iota // every group, whole
	FetchAbove                  // groups, or lines, whose value in a unit is at least Least, ranked
	FetchThese                  // the groups, or all steps of the lines, of Keys, whole
)

// forms returns what a fetch is answered with.
func (f Fetch) forms() []form {
	if f.What == FetchAbove {
		return []form{formRanked, formReports}
	}
	return []form{formWhole}
}

// Fetcher streams chunks of groups in the order of their keys, each group
// once. A chunk is valid until the next one is asked for; the first error ends
// the stream.
type Fetcher func(ctx context.Context, f Fetch) iter.Seq2[[]byte, error]

// errStopped ends a stream whose reader has enough. It never leaves the
// package.
var errStopped = errors.New("reader has enough")
