// Package seriesstore keeps sums of flows over time, per channel and class of
// protocol, long after the flows themselves are gone: every 30 seconds for
// three months, every 5 minutes for five years. Charts over a year need no
// flows.
//
// A channel of the live profile is a flow source: an exporter of the source
// group that the Slave belongs to. The sums are those of whole generations of
// the flow store (persistence/flowstore), added once each, so that series and
// flows never disagree. FORMAT.md is the layout on disk.
//
// The package does not store flows, and does not know what a query is.
package seriesstore
