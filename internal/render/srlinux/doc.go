// Package srlinux turns the model of a device into SR Linux's native configuration, origin srl_nokia, for the models of
// release 25.3.
//
// It writes what an SR Linux engineer writes by hand: the VTEP is system0.0, each VLAN of a port is a bridged subinterface
// whose index is the VLAN id, gateways are subinterfaces of irb0, each VNI is a vxlan-interface of vxlan1 whose index is
// the VNI, and every EVPN instance is bgp-instance 1. Every key leaf is written by one Item alone, so that a changed VLAN
// renders its own Items and no other.
package srlinux
