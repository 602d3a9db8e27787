// Package sim is a fabric of simulated network devices: real gNMI servers over TLS on loopback addresses,
// one for each network node of a containerlab topology.
//
// A device speaks OpenConfig as published, SR Linux's own models, or EOS's tree with commands beside it: what its kind in
// the topology speaks, unless a label "dialect" says otherwise. It keeps its configuration as it was received, accepts
// what ytypes or goyang's trees of the vendor's modules accept (package conf), and shows state in its dialect's own leaves.
// Links, BGP sessions and routes come up exactly where the configuration of all devices makes them work, across dialects
// (package plane). must and when expressions are not evaluated, and there is no data plane: an EVPN session comes up, its
// routes are not worked out. It shares no schema, path, tree or wire code with the product, so that it can contradict it.
// Faults are injected through a control socket or in process; see Control.
//
// New makes the fabric and binds its addresses; Run serves it until the context ends and returns when
// every goroutine and connection has ended.
package sim
