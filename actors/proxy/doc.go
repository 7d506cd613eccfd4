// Package proxy is the role of a Proxy: it receives the flows of one place,
// has them dealt out to its Slaves, and stands between them and the Master in
// both other planes: desired state and reports, queries and answers.
//
// It stores no flows. How packets are received and dealt out is the business
// of flowio/listen and flowio/distribute; this package decides with what
// tables.
package proxy
