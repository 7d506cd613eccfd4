// Package report is what a unit says about itself: its readiness checks, its
// rates over the last five seconds, its memory, and the same as metrics.
//
// It does not send reports (actors/unit) and does not judge them
// (actors/master).
package report
