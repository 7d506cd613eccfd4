// Package proto is what units say to each other: control.proto on the control
// port, query.proto on the query port.
//
// It holds messages only. Who may send which, and what it means, is decided in
// actors/unit and in the roles.
package proto

//go:generate go run github.com/bufbuild/buf/cmd/buf@v1.75.0 generate
