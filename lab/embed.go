// Package lab holds the containerlab topologies of the example fabrics, so that the demo needs no files.
package lab

import _ "embed"

// EVPN is the topology of the example intents: two spines and four leaves.
//
//go:embed evpn.clab.yml
var EVPN []byte

// Mixed is the same with the dialects of several network operating systems.
//
//go:embed mixed.clab.yml
var Mixed []byte
