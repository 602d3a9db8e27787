package openconfig

import (
	"slices"

	"github.com/tenter-net/tenter/internal/path"
)

// elem makes a path element. Keys are name and value in turn, sorted by name.
func elem(name string, keys ...string) path.Elem {
	e := path.Elem{Name: name}
	for k := range slices.Chunk(keys, 2) {
		e.Keys = append(e.Keys, path.Key{Name: k[0], Value: k[1]})
	}
	return e
}

func root(elems ...path.Elem) path.Path { return path.Path{Origin: path.OpenConfig, Elems: elems} }

// below returns a path under p.
func below(p path.Path, elems ...path.Elem) path.Path {
	return path.Path{Origin: p.Origin, Elems: slices.Concat(p.Elems, elems)}
}

func interfacePath(name string) path.Path {
	return root(elem("interfaces"), elem("interface", "name", name))
}

func instancePath(name string) path.Path {
	return root(elem("network-instances"), elem("network-instance", "name", name))
}

// memberPath is where a network instance says that an interface is in it.
func memberPath(instance, id string) path.Path {
	return below(instancePath(instance), elem("interfaces"), elem("interface", "id", id))
}

func protocolPath(instance, identifier, name string) path.Path {
	return below(instancePath(instance), elem("protocols"), elem("protocol", "identifier", identifier, "name", name))
}

func policyPath(name string) path.Path {
	return root(elem("routing-policy"), elem("policy-definitions"), elem("policy-definition", "name", name))
}
