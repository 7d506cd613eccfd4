package query

import (
	"errors"
	"time"
)

// The ways a query can be refused, or a Job or its result be absent.
var (
	ErrBusy     = errors.New("too many queries at once: try again when some have ended")
	ErrNoJob    = errors.New("no such query: it never was, or its result is no longer kept")
	ErrNoResult = errors.New("query has no result") // canceled, failed, or nothing yet
)

// JobState is the state of a query as a resource.
//
//	running ──▶ done
//	   ├─ stop ──▶ stopped   (what was there is the result)
//	   ├─ cancel ▶ canceled  (no result)
//	   └─ error ─▶ failed
type JobState string

// The states of a Job.
const (
	JobRunning  JobState = "running"
	JobDone     JobState = "done"
	JobStopped  JobState = "stopped"
	JobCanceled JobState = "canceled"
	JobFailed   JobState = "failed"
)

// Job is a query that was started, for as long as its result is kept.
type Job struct {
	ID       string         `json:"id"`
	State    JobState       `json:"state"`
	Request  Request        `json:"request"`
	Actor    string         `json:"actor"`
	Created  time.Time      `json:"created"`
	Ended    time.Time      `json:"ended,omitzero"`
	Progress []UnitProgress `json:"progress"`
	Error    string         `json:"error,omitempty"`
}

// UnitProgress is how far one unit that holds flows has come.
type UnitProgress struct {
	Unit         string `json:"unit"`  // its name
	State        string `json:"state"` // pending, running, done, failed
	RowsScanned  uint64 `json:"rowsScanned,string"`
	SegmentsDone int    `json:"segmentsDone"`
	Segments     int    `json:"segments"`
}
