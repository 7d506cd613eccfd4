package integration

import "testing"

// sharing is a test that leaves its deployment as it found it, but for the
// flows of exporters of its own.
type sharing struct {
	name string
	test func(*testing.T, *deployment)
}

// TestAnswers asks one deployment, and compares what it answers with what others say of
// the same packets.
func TestAnswers(t *testing.T) {
	t.Parallel()
	share(t, []sharing{
		{"nfdump", testAnswersOfNfdump},
		{"brute force", testAnswersOfBruteForce},
		{"same flows", testSameFlowsSameAnswers},
		{"same series", testSameSeries},
		{"bad questions", testBadQuestions},
		{"flows not at the Master", testMasterHoldsNoFlows},
		{"canceled", testCanceledQueries}, // the last one: it leaves many flows
	})
}

// TestMistakes does to one deployment what should not be done, with the whole
// machine for itself: bad packets come as fast as it can.
func TestMistakes(t *testing.T) {
	share(t, []sharing{
		{"probes", testProbes},
		{"filter", testFilterMistake},
		{"requests", testRequestMistakes},
		{"topology", testTopologyRules},
		{"access", testAccess},
		{"packets", testBadPacketsDisturbNothing},
		{"data directory", testBadDataDirectory},
		{"join tokens", testJoinTokens},
		{"strangers", testStrangers},
		{"eavesdropping", testLinksAreUnreadable},
	})
}

// share runs tests on one deployment, one after the other, so that it starts
// only once. A test that kills units or changes groups deploys its own.
func share(t *testing.T, tests []sharing) {
	t.Helper()
	d := deploy(t)
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			c.test(t, d.on(t))
		})
	}
}
