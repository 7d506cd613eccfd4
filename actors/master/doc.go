// Package master is the role of a Master: it keeps the topology and drives
// units towards it, hears how they are, and has queries answered by the proxy
// groups.
//
// Decisions are in plain types (board, actions, twin, jobs); thin actors
// around them do the talking. The package stores no flows, serves no API
// (rest, graph) and never talks to a Slave of a Proxy.
package master
