// Package integration tests whole deployments: clusters of real unit
// processes, real exporters (softflowd) and real peers (nfcapd, nfdump), and
// the rules of the tree itself. It has no code that ships.
package integration
