package slave

import (
	"cmp"
	"math"
	"time"

	"example.com/weir/actors/proto"
	"example.com/weir/persistence/flowstore"
)

// limits returns how much a Slave keeps: what its source group says, and where
// that says nothing what its own configuration does.
//
// A Slave that was told of no source group removes nothing: it receives
// nothing either, and its own limits may be smaller than those that the flows
// it has were kept by. Its store still makes room when the disk is full.
func limits(cfg Config, d *proto.DesiredState) flowstore.Limits {
	sg := d.GetSourceGroup()
	if sg == nil {
		return flowstore.Limits{}
	}
	return flowstore.Limits{
		MaxAge: cmp.Or(time.Duration(sg.GetMaxAgeSeconds())*time.Second, cfg.Retention),
		Quota:  int64(min(cmp.Or(sg.GetQuotaBytes(), cfg.Quota), math.MaxInt64)),
	}
}
