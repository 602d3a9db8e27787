// Package ssh opens SSH connections to devices, for NETCONF and for command lines.
//
// Whom to trust is always said: a known_hosts file, one pinned host key, or, loudly, nobody in particular; without
// any of them no connection is made. Dialing, logging in and opening a stream end with their context, whatever the peer
// does or leaves undone. Close never waits for the peer. A peer that sends more than is read is slowed down, not stored.
package ssh
