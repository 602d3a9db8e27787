// Package assign says which devices this process serves, and keeps anybody else from serving them.
//
// A process joins as a worker of the store: one row, renewed three times per lease, on the database's clock. What it claims is
// its own for as long as that row is live: a device to write to it (key device/NAME), a device to watch it (watch/NAME),
// anything else that one process at a time does (run/NAME). A worker that does both to devices claims and gives up both
// together, so that one session serves for both; where the roles are split over processes, each claims its own part.
//
// Run spreads the devices over the workers: Suggest says whose each should be, from nothing but the names of devices and live
// workers, and everybody claims what is suggested to it and is free, and what stays free for a lease. A device that
// is suggested to another live worker is handed over when it is at rest: watching ends, its session is closed, then the claim
// is given up. Nobody is ever made to give up a device, so that Suggest may be wrong for a while and nothing happens twice.
//
// When the store does not answer for a lease, work under a claim ends, as somebody else may have it by then; watching goes
// on, for it writes nothing to a device. A worker that comes back in time to find its row still there goes on with what
// nobody took; otherwise everything that it had is lost and it joins anew.
package assign
