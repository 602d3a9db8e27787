// Package lab holds the containerlab topologies of the example fabric, so that the demo needs no files.
package lab

import _ "embed"

// EVPN is the topology of the example intents: two spines and four leaves.
//
//go:embed evpn.clab.yml
var EVPN []byte
