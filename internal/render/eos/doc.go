// Package eos turns the model of a device into the configuration of Arista EOS: OpenConfig as far as the deviations of its
// published tree (EOS-4.36.1F) leave it, Arista's own nodes in that tree for VXLAN and EVPN, and command lines (origin
// cli, package blocks) for the rest: Ethernet segments, virtual IPv6 addresses, and a few settings of BGP. All of it goes
// in one Set.
//
// Items splits a model into parts, each of which becomes leaves on its own and depends on nothing but its own Model. What
// EOS cannot express is a gap at the position of its intent.
package eos
