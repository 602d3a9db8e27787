package openconfig

import (
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/render/dialect"
)

func root(elems ...path.Elem) path.Path { return path.Path{Origin: path.OpenConfig, Elems: elems} }

func interfacePath(name string) path.Path {
	return root(dialect.Elem("interfaces"), dialect.Elem("interface", "name", name))
}

func instancePath(name string) path.Path {
	return root(dialect.Elem("network-instances"), dialect.Elem("network-instance", "name", name))
}

// memberPath is where a network instance says that an interface is in it.
func memberPath(instance, id string) path.Path {
	return dialect.Below(instancePath(instance), dialect.Elem("interfaces"), dialect.Elem("interface", "id", id))
}

func protocolPath(instance, identifier, name string) path.Path {
	return dialect.Below(instancePath(instance), dialect.Elem("protocols"), dialect.Elem("protocol", "identifier", identifier, "name", name))
}

func policyPath(name string) path.Path {
	return root(dialect.Elem("routing-policy"), dialect.Elem("policy-definitions"), dialect.Elem("policy-definition", "name", name))
}
