// Package monitor watches devices and says when one is not as Tenter left it.
//
// One goroutine owns all that is known of one device. It connects, takes a snapshot, and folds what the device streams into
// a drift.State. When something differs it waits for the settle time, and only then judges: what was applied and what a
// run has in flight is read from the store in the very transaction that opens or updates the episode and appends
// drift.detected or drift.updated, so no event that is late, lost or out of order can make our own Set look like
// drift. What the device has not spoken of itself since expectations changed is read before it is believed. An audit on an
// interval reads everything anyway; when it finds what the stream did not tell, the stream is taken a rung lower.
//
// Which devices it watches is for others to say, who give it a lease of the store for each: what it records, it records under that
// lease, so that of any number of replicas one speaks of a device. Events from outside are
// hints: they only make the monitor look sooner.
package monitor
