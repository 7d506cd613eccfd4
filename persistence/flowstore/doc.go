// Package flowstore keeps the flow records of one Slave: it takes batches,
// makes them durable, and gives them back column by column.
//
// Records live in segments, immutable Parquet files that any Parquet tool
// reads; the newest are in memory and in a journal until their segment is
// sealed. FORMAT.md is the layout on disk, DESIGN.md the reasons.
//
// The package does not decode export packets (flowio/decode), evaluate
// filters or group records (flowio/filter, flowio/scan), or decide how much
// may be kept (its Config says so).
package flowstore
