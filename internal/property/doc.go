// Package property lets chance play with a fabric: intents change, strangers edit devices, devices misbehave, lose power and
// connections, and the server is killed, in any order and without waiting for one another. When it is quiet again, each
// device has to be where its policy says:
//
//	enforce   as desired in scope; or something out of the ordinary stands against it, and a plan waits that says so
//	propose   as desired in scope, or a plan waits that would make it so
//	observe   what strangers changed is as they left it, and reported
//	held      nothing at all was written to it, and what differs is reported
//
// Nothing outside of scope has changed, every run has ended, and the log alone tells all of it. The server and the commands are
// processes of their own (this test binary, started anew); the devices are the simulator's gNMI servers.
//
//	go test ./internal/property                          a few seeds
//	go test ./internal/property -args -seeds 50          more of them, from the time of day
//	go test ./internal/property -args -seed 42           one again
package property
