// Package run is the protocol by which a plan reaches a device, as a step machine without I/O.
//
// A State says which step a device's run is at and what was recorded for it; Next takes what happened and returns
// the next State, and Action says what to do in a State. Whoever drives it stores each State before acting on it, so
// that after a crash the stored State, Resumed and a reading of the device are enough to go on: nothing is applied
// twice, nothing that was written is forgotten. Whatever a device answers, only what is read back counts.
//
// Ready decides which devices of a run may be worked on at the same time.
package run
