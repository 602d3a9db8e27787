// Package netconf is the session with one device over NETCONF (RFC 6241) on SSH (RFC 6242), in versions 1.0 and 1.1.
//
// A Session owns one connection and does one thing at a time on it: calls wait for each other. It reconnects when
// a call finds no connection; a call that fails is a *fault.Error that says what happened and what to do next. Every method
// honours its context: a device that goes silent costs that call and the connection, never more. What comes in is
// bounded by the profile, and parsed strictly: a framing error, a reply that is not to the question, or one that says
// neither ok nor error ends the connection.
//
// A device's ok counts for nothing by itself. Before a commit the candidate is read back, after it the running
// configuration; where they are not what was asked for, the call fails and says so.
package netconf
