package plane

import "github.com/tenter-net/tenter/internal/sim/conf"

// Input is a fabric at one moment.
type Input struct {
	Devices map[string]*conf.Tree // running configuration; nil for a device without power
	Links   []Link
}

// A Link is one cable.
type Link struct {
	A, B   Port
	Pulled bool // unplugged at an end
}

// A Port is one end of a cable. A host's end is always up.
type Port struct {
	Device, Interface string
	Host              bool
}

// A Result is what the control plane makes of an input.
type Result struct {
	State map[string][]Leaf
}

// Compute works the control plane out.
func Compute(in Input) Result {
	return Result{State: map[string][]Leaf{}}
}
