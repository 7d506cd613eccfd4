// Package slave is the role of a Slave: it receives its share of the flows,
// has them decoded and stored, and answers queries about them. A standalone
// Slave is the same with the exporters' own listening ports, linked to the
// Master.
//
// It decodes nothing itself (flowio/decode), owns no file format
// (persistence/flowstore) and never talks to the Master of its Proxy.
package slave
