// Package model holds the objects of the GraphQL schema: those that gqlgen
// generates, the scalars, and what turns the values of weir into them.
//
// It decides how things look, not what they are: that is in
// persistence/topology and flowio/query.
package model

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"example.com/weir/flowio/query"
)

// MarshalUint64 writes n as a decimal string.
func MarshalUint64(n uint64) graphql.Marshaler { return text(strconv.FormatUint(n, 10)) }

// UnmarshalUint64 reads a decimal string, or a number.
func UnmarshalUint64(v any) (uint64, error) {
	digits, err := digits(v)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a whole number from 0 to 2^64-1", digits)
	}
	return n, nil
}

// MarshalInt64 writes n as a decimal string.
func MarshalInt64(n int64) graphql.Marshaler { return text(strconv.FormatInt(n, 10)) }

// UnmarshalInt64 reads a decimal string, or a number.
func UnmarshalInt64(v any) (int64, error) {
	digits, err := digits(v)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a whole number from -2^63 to 2^63-1", digits)
	}
	return n, nil
}

func digits(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case int:
		return strconv.Itoa(v), nil
	default:
		return "", fmt.Errorf("%T is not a whole number as a decimal string", v)
	}
}

// MarshalDateTime writes t in UTC, the zero time as null.
func MarshalDateTime(t time.Time) graphql.Marshaler {
	if t.IsZero() {
		return graphql.Null
	}
	return text(t.UTC().Format(time.RFC3339Nano))
}

// UnmarshalDateTime reads RFC 3339.
func UnmarshalDateTime(v any) (time.Time, error) {
	s, ok := v.(string)
	if !ok {
		return time.Time{}, fmt.Errorf("%T is not a time as RFC 3339 text", v)
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is not a time as RFC 3339, such as 2026-11-23T10:00:00Z", s)
	}
	return t, nil
}

// MarshalDuration writes d with units.
func MarshalDuration(d time.Duration) graphql.Marshaler { return text(d.String()) }

// UnmarshalDuration reads a number with a unit.
func UnmarshalDuration(v any) (time.Duration, error) {
	s, ok := v.(string)
	if !ok {
		return 0, fmt.Errorf("%T is not a duration as text", v)
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a duration, such as 500ms, 10s or 24h", s)
	}
	return d, nil
}

// MarshalRow writes a row as it is in JSON.
func MarshalRow(r query.Row) graphql.Marshaler {
	if r == nil {
		return graphql.Null
	}
	return graphql.WriterFunc(func(w io.Writer) {
		row, err := json.Marshal(r)
		if err != nil {
			row = []byte("null") // rows hold only texts and numbers
		}
		_, _ = w.Write(row) // gqlgen writes into memory
	})
}

// UnmarshalRow refuses: rows are only ever answered.
func UnmarshalRow(any) (query.Row, error) {
	return nil, fmt.Errorf("rows are not an input")
}

// text writes s, which needs no escapes.
func text(s string) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		_, _ = io.WriteString(w, `"`+s+`"`) // gqlgen writes into memory
	})
}
