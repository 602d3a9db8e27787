// Package cli is the session with one device through its command line over SSH, typed at by scrapligo's network driver.
//
// Every operation has a connection and a shell of its own, one at a time: a shell that outlives a restart of the
// device's parts shows a configuration without theirs. What a device prints is bounded, and an operation ends with its
// context or its deadline, whatever the device does. A command that prints anything that the profile does not call
// harmless has failed: not every complaint looks like one. Only what is read back counts, and what did not come out as
// wanted is undone before Set returns.
package cli
