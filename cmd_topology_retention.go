package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"example.com/weir/flowio/query"
	"example.com/weir/persistence/topology"
	"example.com/weir/rest"
)

// retentionFields returns what the flags say of how much Slaves keep; null
// leaves a setting to each Slave.
func (f topologyFlags) retentionFields() (map[string]any, error) {
	fields := map[string]any{}
	if f.given("max-age") {
		fields["maxAgeSeconds"] = nil
		if *f.maxAge != "0" {
			age, err := query.ParseDuration(*f.maxAge)
			if err != nil {
				return nil, usagef("--max-age: %w, or 0 to leave it to each Slave", err)
			}
			fields["maxAgeSeconds"] = int64(age / time.Second)
		}
	}
	if f.given("quota") {
		quota, err := humanize.ParseBytes(*f.quota)
		if err != nil {
			return nil, usagef("--quota %s: want a number of octets such as 500GiB, or 0 to leave it to each Slave", *f.quota)
		}
		fields["quotaBytes"] = nil
		if quota != 0 {
			fields["quotaBytes"] = strconv.FormatUint(quota, 10)
		}
	}
	return fields, nil
}

// keeping says how much each Slave of a source group keeps; empty if each
// decides for itself.
func keeping(r topology.Retention) string {
	var words []string
	if r.MaxAge != 0 {
		words = append(words, "flows of "+days(r.Age()))
	}
	if r.Quota != 0 {
		words = append(words, humanize.IBytes(r.Quota)+" per Slave")
	}
	if len(words) == 0 {
		return ""
	}
	return ", keeping " + strings.Join(words, " and ")
}

// days is d without its clock when it is whole days.
func days(d time.Duration) string {
	if d%(24*time.Hour) == 0 {
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	}
	return d.String()
}

// usage says how full the flow store of a unit is; empty if it has none.
func usage(s rest.UnitStatus) string {
	if s.StoreMinimum == 0 {
		return ""
	}
	text := ", " + humanize.IBytes(s.StoreBytes)
	if s.StoreQuota != 0 {
		text += " of " + humanize.IBytes(s.StoreQuota)
	}
	text += " used, " + humanize.IBytes(s.StoreFree) + " free"
	if !s.Oldest.IsZero() {
		text += ", flows since " + s.Oldest.UTC().Format(time.RFC3339)
	}
	return text
}
