// Package local hands events on within one process: what the log has, to whoever here wants to hear of it at once.
//
// It promises:
//   - Every subscriber has a queue and a goroutine of its own, so that a slow one never slows another. All see what they
//     want in the one order in which it was emitted.
//   - Every queue is bounded. A critical subscriber is never dropped from: when its queue is full, Emit waits for room, for
//     Options.Wait at most, then returns a *StuckError, and does not wait for that subscriber again until it takes
//     something. From a lossy one the oldest is dropped, or the newest if it says so; each drop is counted and told.
//   - What is emitted before Start is kept, up to Options.Hold, and then refused with ErrNotStarted; what is emitted while a
//     subscriber is paused stays in its queue.
//   - For every subscriber: offered = handled + merged + dropped + refused + left + pending (Stats).
//   - A panic of a handler is an error of that handler, and counted.
//   - Close returns when no handler runs any more.
//
// Nothing here outlives the process: what must be done whatever happens is for the groups of package bus. Time comes in
// as deadlines of contexts, and as a function where middleware tells how long something took.
package local
