// Package nfcapd reads the files that nfdump's collectors write: layout 2, of
// nfdump 1.7, uncompressed or compressed with LZO, BZ2, LZ4 or ZSTD.
//
// It reads flow records and the exporters they came from, and tells what it
// leaves out. It does not write such files, and does not know where the
// records go.
package nfcapd
