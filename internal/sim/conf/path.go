package conf

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	gpb "github.com/openconfig/gnmi/proto/gnmi"
	"github.com/openconfig/goyang/pkg/yang"
)

// A Key is one key of a list entry, as received.
type Key struct{ Name, Value string }

// A Step is one element of a path. In a pattern the name may be "*" or "...", a key's value "*", and keys
// that are left out match anything.
type Step struct {
	Name string
	Keys []Key // sorted by name
}

// A Path is a path or a pattern from the root.
type Path []Step

// FromProto joins a gNMI prefix and path. Module prefixes of element names are dropped; what a
// device of another origin would understand is refused by the caller.
func FromProto(paths ...*gpb.Path) (Path, error) {
	var out Path
	for _, p := range paths {
		//lint:ignore SA1019 clients such as gnmi_cli send both forms; only the deprecated one alone is refused
		if len(p.GetElem()) == 0 && len(p.GetElement()) > 0 {
			return nil, fmt.Errorf("path uses the deprecated element field")
		}
		for _, e := range p.GetElem() {
			step := Step{Name: bare(e.GetName())}
			if step.Name == "" {
				return nil, fmt.Errorf("path has an element without a name")
			}
			for name, value := range e.GetKey() {
				step.Keys = append(step.Keys, Key{bare(name), value})
			}
			slices.SortFunc(step.Keys, func(a, b Key) int { return cmp.Compare(a.Name, b.Name) })
			out = append(out, step)
		}
	}
	return out, nil
}

// Proto returns the gNMI path.
func (p Path) Proto() *gpb.Path {
	out := &gpb.Path{Elem: make([]*gpb.PathElem, len(p))}
	for i, s := range p {
		e := &gpb.PathElem{Name: s.Name}
		if len(s.Keys) > 0 {
			e.Key = make(map[string]string, len(s.Keys))
			for _, k := range s.Keys {
				e.Key[k.Name] = k.Value
			}
		}
		out.Elem[i] = e
	}
	return out
}

// String returns the path in gNMI's textual form.
func (p Path) String() string {
	if len(p) == 0 {
		return "/"
	}
	var b strings.Builder
	for _, s := range p {
		b.WriteByte('/')
		b.WriteString(s.String())
	}
	return b.String()
}

var escape = strings.NewReplacer(`\`, `\\`, `]`, `\]`)

// String returns the step in gNMI's textual form.
func (s Step) String() string {
	if len(s.Keys) == 0 {
		return s.Name
	}
	var b strings.Builder
	b.WriteString(s.Name)
	for _, k := range s.Keys {
		b.WriteString("[" + k.Name + "=" + escape.Replace(k.Value) + "]")
	}
	return b.String()
}

// Key returns the value of a key, or "".
func (s Step) Key(name string) string {
	for _, k := range s.Keys {
		if k.Name == name {
			return k.Value
		}
	}
	return ""
}

// Join returns a new path with steps appended.
func (p Path) Join(steps ...Step) Path {
	return append(slices.Clip(slices.Clone(p)), steps...)
}

// Wild tells whether the path can match more than one node.
func (p Path) Wild() bool {
	return slices.ContainsFunc(p, func(s Step) bool {
		return s.Name == "*" || s.Name == "..." ||
			slices.ContainsFunc(s.Keys, func(k Key) bool { return k.Value == "*" })
	})
}

// id names a step among its siblings: two spellings of one identity or number in a key are one entry.
func (s Step) id(schema *Schema) string {
	if len(s.Keys) == 0 {
		return s.Name
	}
	var b strings.Builder
	b.WriteString(s.Name)
	for _, k := range s.Keys {
		b.WriteString("[" + k.Name + "=" + escape.Replace(keyID(schema, k)) + "]")
	}
	return b.String()
}

func keyID(schema *Schema, k Key) string {
	if schema == nil {
		return k.Value
	}
	leaf := schema.Kids[k.Name]
	switch {
	case leaf == nil || leaf.typ == nil:
	case leaf.typ.Kind == yang.Yidentityref:
		return bare(k.Value)
	case isNumber(leaf.typ.Kind):
		if v, err := keyValue(leaf.typ, k.Value); err == nil {
			return v.Text
		}
	}
	return k.Value
}

// matches tells whether a pattern's step matches a node's.
func (s Step) matches(n *Node) bool {
	if s.Name != "*" && s.Name != n.Step.Name {
		return false
	}
	for _, k := range s.Keys {
		if k.Value != "*" && keyID(n.Schema, k) != keyID(n.Schema, Key{k.Name, n.Step.Key(k.Name)}) {
			return false
		}
	}
	return true
}

// bare drops the module prefix of a name.
func bare(name string) string {
	if _, after, ok := strings.Cut(name, ":"); ok {
		return after
	}
	return name
}

// Equal tells whether two paths are the same text.
func (p Path) Equal(q Path) bool {
	return slices.EqualFunc(p, q, func(a, b Step) bool { return a.Name == b.Name && slices.Equal(a.Keys, b.Keys) })
}
