// Package desired brings desired states to units: Fleet drives units below
// towards what they should do, Applier makes this unit do what it was told.
//
// Control messages are delivered at most once, so a desired state is always
// whole and is sent again until it is confirmed. What is desired decides
// persistence/topology; what it takes to do it, the roles. Turns chooses which of
// several proxy groups forwards, which the Master commits like any change.
package desired
