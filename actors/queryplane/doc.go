// Package queryplane carries questions down and answers up between units: gRPC
// with server streaming over mutual TLS on TCP 4210, and the fan-out that asks
// several units at once, merges what they answer and says what is missing.
//
// It does not scan (flowio/hold over persistence/flowstore, called by
// actors/slave), does not choose whom to ask (actors/master and actors/proxy)
// and carries no configuration (actors/unit, TCP 2210).
package queryplane
