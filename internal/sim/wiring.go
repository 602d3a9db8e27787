package sim

import (
	"fmt"
	"slices"
	"sync"

	"github.com/tenter-net/tenter/internal/sim/plane"
)

// A wiring is the cables as they are plugged now.
type wiring struct {
	mu      sync.Mutex
	pulled  map[Port]bool
	cabling []Link
}

func newWiring(links []Link) *wiring { return &wiring{pulled: map[Port]bool{}, cabling: links} }

// pull unplugs a cable at one end, or plugs it in again.
func (w *wiring) pull(p Port, pulled bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.ContainsFunc(w.cabling, func(l Link) bool { return l.A == p || l.B == p }) {
		return fmt.Errorf("no cable at %s", p)
	}
	w.pulled[p] = pulled
	return nil
}

// links returns the cables that are plugged at both ends, an unsimulated end without a device.
func (w *wiring) links(t *Topology) []plane.Link {
	w.mu.Lock()
	defer w.mu.Unlock()
	end := func(p Port) plane.Port {
		for _, n := range t.Nodes {
			if n.Name == p.Node && n.Host() {
				return plane.Port{Device: p.Node, Interface: p.Interface, Host: true}
			}
		}
		return plane.Port{Device: p.Node, Interface: p.Interface}
	}
	var out []plane.Link
	for _, l := range w.cabling {
		out = append(out, plane.Link{A: end(l.A), B: end(l.B), Pulled: w.pulled[l.A] || w.pulled[l.B]})
	}
	return out
}
