// Package reconcile is the engine that turns events into plans, and plans into runs on devices.
//
// Handlers only decide and commit: work that reads or writes a device is queued by key, and what is queued is no
// more than a hint. Truth is the state of store, intents and devices when the work is done, so a lost hint costs time
// and never work: Run looks for what is due when it starts and on an interval.
//
// A run is driven by one process at a time, which holds the run's lease, and each of its devices under the device's own
// lease. Every step of the machine of package run is recorded, under the guard of that lease, before it is acted on. A
// process that takes over a run goes on from the recorded step and the device's own state.
//
// Whether a plan may be run is for two packages below this one to say: approval keeps plans that wait for people's approvals, and
// vote has validators look at a plan before it is approved. They see of the engine what their options say, and nothing else.
package reconcile
