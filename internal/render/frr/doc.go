// Package frr renders a device's model as the configuration text of FRRouting, each line a leaf of origin "cli", in the
// very words of show running-config.
//
// FRR runs protocols on a Linux host: it gives interfaces addresses, and makes none. What is the host's (VLANs, VXLAN
// interfaces, VRFs, bonds, MTUs, time, names) is a Gap at the position of the intent that asks for it.
//
// An overlay of iBGP over an underlay of eBGP takes two AS numbers, and FRR takes a session for iBGP only in the
// router's own. So where the overlay is iBGP the router is in the overlay's AS, and presents the device's own AS to all
// others (local-as … no-prepend replace-as). Peer groups are written out neighbor by neighbor: then no line leans on
// another neighbor's.
package frr
