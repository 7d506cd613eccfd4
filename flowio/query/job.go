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
//	queued ──▶ running ──▶ done
//	   └──────────┤
//	              ├─ stop ──▶ stopped   (what was there is the result)
//	              ├─ cancel ▶ canceled  (no result)
//	              └─ error ─▶ failed
type JobState string

// The states of a Job.
const (
	JobQueued   JobState = "queued" // waits for its turn
	JobRunning  JobState = "running"
	JobDone     JobState = "done"
	JobStopped  JobState = "stopped"
	JobCanceled JobState = "canceled"
	JobFailed   JobState = "failed"
)

// IsFinal reports whether the query has ended.
func (s JobState) IsFinal() bool { return s != JobQueued && s != JobRunning }

// Limits bound the queries of one Master.
type Limits struct {
	Running int `json:"running"` // asked at once
	Waiting int `json:"waiting"` // queued beside them
}

// Job is a query that was started, for as long as its result is kept.
type Job struct {
	ID       string         `json:"id"`
	State    JobState       `json:"state"`
	Place    int            `json:"place"` // in the queue, from 1; 0 unless it is queued
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
