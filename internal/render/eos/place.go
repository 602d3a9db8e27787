package eos

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/tenter-net/tenter/internal/blocks"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/render/dialect"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// A leaf is a value by the names that lead to it from a place: "config/mtu".
type leaf struct {
	names string
	value any
}

// some returns the leaf unless its value is the zero value: the intents say nothing.
func some[T comparable](names string, value T) []leaf {
	var zero T
	if value == zero {
		return nil
	}
	return []leaf{{names, value}}
}

// put writes leaves below a container or list entry, and the entry's own keys. What is above the place other Items
// write.
func put(w *dialect.Writer, source tree.Source, at path.Path, leaves ...leaf) {
	p, err := w.Place(source, at)
	if err != nil {
		w.Fail(source, at, err)
		return
	}
	if p.Node.Kind() == schema.List {
		for _, k := range p.Entry.Path.Elems[len(p.Entry.Path.Elems)-1].Keys {
			if n, ok := below(p.Node, "config/"+k.Name); ok {
				p.Set(n, schema.Text(k.Value))
			}
			// Deviations leave some keys that refer to nothing.
			if n, ok := p.Node.Child(k.Name); ok && !n.IsKeyAlias() {
				p.Set(n, schema.Text(k.Value))
			}
		}
	}
	for _, l := range leaves {
		if n, ok := below(p.Node, l.names); !ok || !n.Config() {
			w.Fail(source, at, fmt.Errorf("no configuration %q below it in the device's schema", l.names))
		} else {
			p.Set(n, l.value)
		}
	}
}

func below(n schema.Node, names string) (schema.Node, bool) {
	ok := true
	for name := range strings.SplitSeq(names, "/") {
		if n, ok = n.Child(name); !ok {
			return n, false
		}
	}
	return n, true
}

// line writes one command line, and the lines that open the blocks around it.
func line(w *dialect.Writer, source tree.Source, texts ...string) {
	for i := range texts {
		at := blocks.Path(texts[:i+1]...)
		p, err := w.Place(source, at)
		if err != nil {
			w.Fail(source, at, err)
			return
		}
		if n, ok := p.Node.Child("text"); ok {
			p.Set(n, schema.Text(texts[i]))
		}
	}
}

func root(elems ...path.Elem) path.Path { return path.Path{Origin: path.OpenConfig, Elems: elems} }

func interfacePath(name string) path.Path {
	return root(dialect.Elem("interfaces"), dialect.Elem("interface", "name", name))
}

func instancePath(name string) path.Path {
	return root(dialect.Elem("network-instances"), dialect.Elem("network-instance", "name", name))
}

func protocolPath(instance, identifier, name string) path.Path {
	return dialect.Below(instancePath(instance), dialect.Elem("protocols"), dialect.Elem("protocol", "identifier", identifier, "name", name))
}

// unit names a subinterface: EOS has the untagged one in the interface itself.
func unit(n dialect.Namer, id fabric.InterfaceID, index int) string {
	if index == 0 {
		return n.Interface(id)
	}
	return n.Unit(id, index)
}

// putMember says that an interface is in a VRF. What is in none is in the default network instance, and EOS lists it
// there by itself.
func putMember(w *dialect.Writer, n dialect.Namer, source tree.Source, vrf, id, name string, index int) {
	if vrf == "" {
		return
	}
	leaves := []leaf{{"config/interface", name}}
	if index >= 0 {
		leaves = append(leaves, leaf{"config/subinterface", index})
	}
	put(w, source, dialect.Below(instancePath(n.VRF(vrf)), dialect.Elem("interfaces"), dialect.Elem("interface", "id", id)), leaves...)
}

// putAddresses writes the addresses of one family below a subinterface or routed VLAN.
func putAddresses(w *dialect.Writer, source tree.Source, at path.Path, family string, mtu int, addresses []netip.Prefix) {
	if len(addresses) == 0 {
		return
	}
	at = dialect.Below(at, dialect.Elem(family))
	put(w, source, at, append(some("config/mtu", mtu), leaf{"config/enabled", true})...)
	for _, p := range addresses {
		put(w, source, dialect.Below(at, dialect.Elem("addresses"), dialect.Elem("address", "ip", p.Addr().String())),
			leaf{"config/prefix-length", p.Bits()})
	}
}

func values(list []string) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}

func itoa(n int) string { return strconv.Itoa(n) }
