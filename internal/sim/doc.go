// Package sim is a fabric of simulated network devices: real gNMI servers over TLS on loopback addresses,
// one for each network node of a containerlab topology.
//
// A device keeps its configuration as it was received, accepts what ytypes accepts, mirrors it into state,
// and brings up links, BGP sessions and routes exactly where the configuration of all devices makes them
// work (package plane). It shares no schema, path, tree or wire code with the product, so that it can
// contradict it. Faults are injected through a control socket or in process; see Control.
//
// New makes the fabric and binds its addresses; Run serves it until the context ends and returns when
// every goroutine and connection has ended.
package sim
