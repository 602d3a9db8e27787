package plane

import (
	"maps"
	"slices"

	"github.com/tenter-net/tenter/internal/sim/conf"
)

// Input is a fabric at one moment.
type Input struct {
	Devices map[string]*conf.Tree // running configuration; nil for a device without power
	Links   []Link
	Mute    map[string]bool // devices whose BGP is broken: no session of theirs comes up
	Deaf    map[string]bool // devices that hear no neighbour over LLDP
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
	State    map[string][]Leaf // by device
	Routes   map[string][]Route
	Sessions map[string][]Session
}

// rounds bounds the search for a fixed point of sessions that depend on routes and routes that depend on
// sessions. Real ones need two or three; what has not settled then flaps, and is shown as it is.
const rounds = 12

// A fabric is the input, understood.
type fabric struct {
	devices map[string]*device
	names   []string
	peers   map[portID][]portID // logical interfaces that are connected over links that are up
	up      map[portID]bool
	ribs    map[ribID]rib
	mute    map[string]bool
	deaf    map[string]bool
}

// Compute works the control plane out.
func Compute(in Input) Result {
	f := &fabric{mute: in.Mute, deaf: in.Deaf, devices: map[string]*device{}, peers: map[portID][]portID{}, up: map[portID]bool{}, ribs: map[ribID]rib{}}
	for _, name := range slices.Sorted(maps.Keys(in.Devices)) {
		if tree := in.Devices[name]; tree != nil {
			f.devices[name] = understand(name, tree)
			f.names = append(f.names, name)
		}
	}
	f.cable(in.Links)
	var sessions []*session
	for range rounds {
		next := f.establish()
		if slices.EqualFunc(sessions, next, sameSession) && sessions != nil {
			break
		}
		sessions = next
		f.propagate(sessions)
	}
	return f.result(in.Links, sessions)
}
