// Package gate says what works on a device, and whether everything that worked before a change still does.
//
// A gate looks at BGP sessions, at interfaces, at the neighbours that LLDP sees, or at an expression over leaves. What is
// looked at before the change is kept as run.Sights, so that any process can compare. What the change itself takes away, a
// session or an interface that it removes or shuts, is not missed. Everything here is a function of values.
package gate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/run"
)

// The gates, as a Sight names them.
const (
	BGP        = "bgp"
	Interfaces = "interface"
	LLDP       = "lldp"
	Expr       = "expr"
)

// A Gate is one gate as a run on a device has it. It is plain data, to be recorded with the run.
type Gate struct {
	Kind   string        `json:"kind"`
	Expr   string        `json:"expr,omitempty"`
	Paths  []string      `json:"paths,omitempty"`
	Within time.Duration `json:"within,omitempty"` // 0 for the readback window
}

// Of returns the gates of a Rollout.
func Of(gates []fabric.Gate) []Gate {
	var out []Gate
	for _, g := range gates {
		kind := Expr
		switch {
		case g.BGP:
			kind = BGP
		case g.Interfaces:
			kind = Interfaces
		case g.LLDP:
			kind = LLDP
		}
		out = append(out, Gate{kind, g.Expr, g.Paths, g.Within})
	}
	return out
}

// Lacks says why a gate cannot be evaluated on devices of a profile, empty if it can.
func (g Gate) Lacks(p *profile.Profile) string {
	if g.Kind == Expr && p.Transport != profile.TransportGNMI {
		return fmt.Sprintf("profile %q speaks %s: expressions are evaluated over gNMI only", p.Name, p.Transport)
	}
	if g.Kind == Expr {
		return ""
	}
	if at, _ := g.where(p); len(at.Elems) == 0 {
		return fmt.Sprintf("profile %q does not say where the device shows that (state in the profile)", p.Name)
	}
	return ""
}

// where is the leaf that a gate reads, and what it is when all is well; any value if that is empty.
func (g Gate) where(p *profile.Profile) (at path.Path, well string) {
	switch g.Kind {
	case BGP:
		return p.State.BGP.Path, p.State.BGPUp
	case Interfaces:
		return p.State.Interfaces.Path, p.State.InterfacesUp
	case LLDP:
		return p.State.LLDP.Path, ""
	}
	return path.Path{}, ""
}

// Reads returns what is to be read for the gates, without repetition.
func Reads(gates []Gate, p *profile.Profile) ([]path.Path, error) {
	var out []path.Path
	add := func(at path.Path) {
		if !slices.ContainsFunc(out, func(o path.Path) bool { return path.Equal(o, at) }) {
			out = append(out, at)
		}
	}
	for _, g := range gates {
		if why := g.Lacks(p); why != "" {
			return nil, fmt.Errorf("gate %s: %s", g.Kind, why)
		}
		if at, _ := g.where(p); g.Kind != Expr {
			add(at)
		}
		for _, text := range g.Paths {
			at, err := path.Parse(text)
			if err != nil {
				return nil, fmt.Errorf("gate %s: %w", g.Kind, err)
			}
			add(at)
		}
	}
	return out, nil
}

// Sights returns what works by the leaves that were read, sorted; of expressions it keeps the leaves that they look at.
func Sights(gates []Gate, p *profile.Profile, leaves []profile.StateLeaf) []run.Sight {
	var out []run.Sight
	for _, g := range gates {
		if g.Kind == Expr {
			for _, l := range under(g, leaves) {
				out = append(out, run.Sight{Gate: Expr, Name: l.Path.String(), Is: l.Value})
			}
			continue
		}
		at, well := g.where(p)
		for _, l := range leaves {
			keys, ok := matches(at, l.Path)
			if !ok || well != "" && unqualified(l.Value) != well {
				continue
			}
			s := run.Sight{Gate: g.Kind, Name: strings.Join(named(g.Kind, keys), " "), Is: unqualified(l.Value)}
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b run.Sight) int {
		return cmp.Or(cmp.Compare(a.Gate, b.Gate), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Is, b.Is))
	})
	return slices.Compact(out)
}

// named are the keys by which people know a thing: a session by its instance and neighbor, the others by the interface.
func named(kind string, keys []string) []string {
	switch {
	case kind == BGP && len(keys) > 1:
		return []string{keys[0], keys[len(keys)-1]}
	case len(keys) > 0:
		return keys[:1]
	}
	return nil
}

// matches returns the values of the keys that the pattern leaves open.
func matches(pattern, at path.Path) (keys []string, ok bool) {
	if len(pattern.Elems) != len(at.Elems) {
		return nil, false
	}
	for i, e := range pattern.Elems {
		o := at.Elems[i]
		if e.Name != o.Name || len(e.Keys) != len(o.Keys) {
			return nil, false
		}
		for j, k := range e.Keys {
			if k.Name != o.Keys[j].Name || k.Value != "*" && k.Value != o.Keys[j].Value {
				return nil, false
			}
			if k.Value == "*" {
				keys = append(keys, o.Keys[j].Value)
			}
		}
	}
	return keys, true
}

// under returns the leaves at and under the paths of an expression.
func under(g Gate, leaves []profile.StateLeaf) []profile.StateLeaf {
	var out []profile.StateLeaf
	for _, l := range leaves {
		for _, text := range g.Paths {
			pattern, err := path.ParsePattern(text)
			if err == nil && pattern.Covers(l.Path) {
				out = append(out, l)
				break
			}
		}
	}
	return out
}

// unqualified drops the module of an identity.
func unqualified(value string) string {
	if _, after, ok := strings.Cut(value, ":"); ok && !strings.ContainsAny(value, " .") && strings.Count(value, ":") == 1 {
		return after
	}
	return value
}

// A Change is what a plan does on a device, as far as gates forgive it.
type Change struct {
	Device  *fabric.Device
	Profile *profile.Profile // the device's
	Writes  []run.Write
	Names   map[intent.DeviceName]string // host names of the fabric's devices, where they are others than the devices' names
}
