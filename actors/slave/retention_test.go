package slave

import (
	"testing"
	"time"

	"example.com/weir/actors/proto"
	"example.com/weir/persistence/flowstore"
)

func TestLimits(t *testing.T) {
	cfg := Config{Retention: 30 * 24 * time.Hour, Quota: 100 << 30}
	own := flowstore.Limits{MaxAge: cfg.Retention, Quota: 100 << 30}
	told := func(age int64, quota uint64) *proto.DesiredState {
		return &proto.DesiredState{SourceGroup: &proto.SourceGroup{MaxAgeSeconds: age, QuotaBytes: quota}}
	}
	tests := []struct {
		name string
		told *proto.DesiredState
		want flowstore.Limits
	}{
		{"told nothing yet", nil, flowstore.Limits{}},
		{"taken out of its source group", &proto.DesiredState{}, flowstore.Limits{}},
		{"the group leaves it to the Slave", told(0, 0), own},
		{"quota of the group", told(0, 500<<30), flowstore.Limits{MaxAge: own.MaxAge, Quota: 500 << 30}},
		{"age of the group", told(3600, 0), flowstore.Limits{MaxAge: time.Hour, Quota: own.Quota}},
		{"a quota beyond any disk", told(0, 1<<63), flowstore.Limits{MaxAge: own.MaxAge, Quota: 1<<63 - 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := limits(cfg, tt.told); got != tt.want {
				t.Errorf("%+v, want %+v", got, tt.want)
			}
		})
	}
}
