package model

import "example.com/weir/persistence/topology"

// retention shows settings that are left to each Slave as null.
func retention(r topology.Retention) *Retention {
	shown := &Retention{}
	if r.MaxAge != 0 {
		shown.MaxAgeSeconds = &r.MaxAge
	}
	if r.Quota != 0 {
		shown.QuotaBytes = &r.Quota
	}
	return shown
}

// Settings returns what i says; nothing if it is nil.
func (i *RetentionInput) Settings() (r topology.Retention) {
	if i == nil {
		return r
	}
	if age := i.MaxAgeSeconds.Value(); age != nil {
		r.MaxAge = *age
	}
	if quota := i.QuotaBytes.Value(); quota != nil {
		r.Quota = *quota
	}
	return r
}
