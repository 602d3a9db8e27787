package srlinux

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/render/dialect"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// origin is what paths of the native models begin with.
const origin = "srl_nokia"

// A leaf is a value by the names that lead to it from a place: "ethernet/aggregate-id". A presence container has none.
type leaf struct {
	names string
	value any
}

// put writes leaves below a container or list entry, the entry's own keys, and the presence of the containers that it
// passes, the first included. What is above the place other Items write.
func put(w *dialect.Writer, source tree.Source, at path.Path, leaves ...leaf) {
	p, err := w.Place(source, at)
	if err != nil {
		w.Fail(source, at, err)
		return
	}
	if p.Node.Presence() {
		p.Add(p.Node, schema.Presence)
	}
	if p.Node.Kind() == schema.List {
		for _, k := range p.Entry.Path.Elems[len(p.Entry.Path.Elems)-1].Keys {
			if n, ok := p.Node.Child(k.Name); ok {
				p.Set(n, schema.Text(k.Value))
			}
		}
	}
	more(w, source, at, leaves...)
}

// more adds leaves, of another source maybe, to where put has been.
func more(w *dialect.Writer, source tree.Source, at path.Path, leaves ...leaf) {
	p, err := w.Place(source, at)
	if err != nil {
		w.Fail(source, at, err)
		return
	}
	present := map[schema.NodeID]bool{}
	for _, l := range leaves {
		n, ok := p.Node, true
		for name := range strings.SplitSeq(l.names, "/") {
			if n, ok = n.Child(name); !ok {
				break
			}
			if n.Presence() && !present[n.ID()] {
				present[n.ID()] = true
				p.Add(n, schema.Presence)
			}
		}
		switch {
		case !ok || !n.Config():
			w.Fail(source, at, fmt.Errorf("no configuration %q below it in the device's schema", l.names))
		case n.Kind() != schema.Container:
			p.Set(n, l.value)
		}
	}
}

// some returns the leaf unless its value is the zero value: the intents say nothing.
func some[T comparable](names string, value T) []leaf {
	var zero T
	if value == zero {
		return nil
	}
	return []leaf{{names, value}}
}

func state(enabled bool) string {
	if enabled {
		return "enable"
	}
	return "disable"
}

func root(elems ...path.Elem) path.Path { return path.Path{Origin: origin, Elems: elems} }

func interfacePath(name string) path.Path { return root(dialect.Elem("interface", "name", name)) }

func subinterfacePath(name, index string) path.Path {
	return dialect.Below(interfacePath(name), dialect.Elem("subinterface", "index", index))
}

func instancePath(name string) path.Path { return root(dialect.Elem("network-instance", "name", name)) }

// memberPath is where a network instance says that a subinterface is in it.
func memberPath(instance, subinterface string) path.Path {
	return dialect.Below(instancePath(instance), dialect.Elem("interface", "name", subinterface))
}

func protocolPath(instance string, elems ...path.Elem) path.Path {
	return dialect.Below(instancePath(instance), append([]path.Elem{dialect.Elem("protocols")}, elems...)...)
}

func itoa(n int) string { return strconv.Itoa(n) }

func values(list []string) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}
