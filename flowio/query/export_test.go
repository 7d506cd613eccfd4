package query

// MaxSpans is for tests.
const MaxSpans = maxSpans

// SendAllUpTo makes Finish have all groups sent up to so many.
func SendAllUpTo(p *Plan, groups int) { p.sendAllGroups = groups }
