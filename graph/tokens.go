package graph

import "time"

const (
	// maxTokenLife bounds API tokens: forgotten ones must end some day.
	maxTokenLife = 366 * 24 * time.Hour

	// maxJoinLife bounds join tokens, which wait for somebody to walk to a
	// machine.
	maxJoinLife = 7 * 24 * time.Hour
)
