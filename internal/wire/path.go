package wire

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/openconfig/gnmi/proto/gnmi"

	"github.com/tenter-net/tenter/internal/path"
)

// FromPath joins a message's prefix and path (gNMI specification §2.4.1). The origin may stand in either; without one
// the path is OpenConfig's. Module prefixes of names are dropped. Key values stay as they are: the schema makes
// them canonical. A nil path is empty.
func FromPath(prefix, p *gnmi.Path) (path.Path, error) {
	if prefix.GetOrigin() != "" && p.GetOrigin() != "" && prefix.GetOrigin() != p.GetOrigin() {
		return path.Path{}, fmt.Errorf("path of origin %q under a prefix of origin %q", p.GetOrigin(), prefix.GetOrigin())
	}
	out := path.Path{Origin: cmp.Or(p.GetOrigin(), prefix.GetOrigin(), path.OpenConfig)}
	out.Elems = make([]path.Elem, 0, len(prefix.GetElem())+len(p.GetElem()))
	for _, part := range []*gnmi.Path{prefix, p} {
		//lint:ignore SA1019 the deprecated form must be refused, not read as the root
		if old := part.GetElement(); len(part.GetElem()) == 0 && len(old) > 0 {
			return path.Path{}, fmt.Errorf("path in the form of gNMI 0.3: %v", old)
		}
		for _, e := range part.GetElem() {
			elem := path.Elem{Name: unprefixed(e.GetName())}
			if elem.Name == "" {
				return path.Path{}, fmt.Errorf("path with an element without a name")
			}
			for name, value := range e.GetKey() {
				elem.Keys = append(elem.Keys, path.Key{Name: unprefixed(name), Value: value})
			}
			slices.SortFunc(elem.Keys, func(a, b path.Key) int { return cmp.Compare(a.Name, b.Name) })
			out.Elems = append(out.Elems, elem)
		}
	}
	return out, nil
}

// ToPath returns the path as a gNMI message. The origin is left out when it is openconfig, the default.
func ToPath(p path.Path) *gnmi.Path {
	out := &gnmi.Path{}
	if p.Origin != path.OpenConfig {
		out.Origin = p.Origin
	}
	for _, e := range p.Elems {
		elem := &gnmi.PathElem{Name: e.Name}
		if len(e.Keys) > 0 {
			elem.Key = make(map[string]string, len(e.Keys))
			for _, k := range e.Keys {
				elem.Key[k.Name] = k.Value
			}
		}
		out.Elem = append(out.Elem, elem)
	}
	return out
}

func unprefixed(name string) string { return name[strings.LastIndexByte(name, ':')+1:] }
