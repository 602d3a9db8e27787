// Package faults breaks what Tenter stands on and shows that nothing is lost and nothing is done twice: Redis, PostgreSQL,
// the network between, the disk, the clock and Tenter's own processes. All of them are real, and end only by what the
// fault does to them.
//
// Every fault has a store of its own, a producer, and worker processes (this test binary, started anew) whose consumer groups
// commit one child event for each event and call a receiver over HTTP. When the fault is over and nothing is owed any more, an
// oracle reads the log and Redis: whatever was acknowledged to the producer is there, every event has exactly one child
// for every group, in order for each device, Redis' streams are the log's tail, and the chain of the log is whole.
//
//	go test ./internal/faults          the short form: one fault of each kind
//	make faults                        all of them, as a table (ARGS="-o docs/faults.md" writes it there)
package faults
