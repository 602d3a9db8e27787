package gnmi

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	gpb "github.com/openconfig/gnmi/proto/gnmi"

	"github.com/tenter-net/tenter/internal/device/fault"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/wire"
)

// mostState bounds the leaves that State returns.
const mostState = 100_000

// State returns the leaves at and under the paths as the device shows them, state and configuration alike, sorted by path.
// Key values "*" stand for all entries. What is not there is no error. A path that the device refuses to read is one, which
// names it: nobody saw what is there.
func (s *Session) State(ctx context.Context, paths []path.Path) ([]profile.StateLeaf, error) {
	var out []profile.StateLeaf
	for _, p := range paths {
		notes, err := s.fetch(ctx, gpb.GetRequest_ALL, []path.Path{p})
		if err != nil {
			return nil, err
		}
		for _, n := range notes {
			for _, u := range n.GetUpdate() {
				at, err := wire.FromPath(n.GetPrefix(), u.GetPath())
				if err != nil {
					return nil, s.failure("read", fault.Untrue, err)
				}
				at.Origin = p.Origin // whatever the device calls it
				out = s.flatten(out, at, p, u.GetVal())
			}
		}
		if len(out) > mostState {
			return nil, s.failure("read", fault.Untrue, fmt.Errorf("more than %d leaves of state", mostState))
		}
	}
	slices.SortFunc(out, func(a, b profile.StateLeaf) int { return cmp.Compare(a.Path.String(), b.Path.String()) })
	return slices.CompactFunc(out, func(a, b profile.StateLeaf) bool { return path.Equal(a.Path, b.Path) }), nil
}

// flatten adds the leaves of a value. Asked is what was asked for: it names the keys of lists.
func (s *Session) flatten(out []profile.StateLeaf, at, asked path.Path, v *gpb.TypedValue) []profile.StateLeaf {
	text := v.GetJsonIetfVal()
	if text == nil {
		text = v.GetJsonVal()
	}
	if text == nil {
		if value, ok := plainScalar(v); ok {
			out = append(out, profile.StateLeaf{Path: at, Value: value})
		}
		return out
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var value any
	if dec.Decode(&value) != nil {
		return out
	}
	return s.descend(out, at, asked, value)
}

func (s *Session) descend(out []profile.StateLeaf, at, asked path.Path, v any) []profile.StateLeaf {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			below := at.Append(path.Elem{Name: unqualified(name)})
			list, ok := member.([]any)
			if !ok || len(list) == 0 || !isObject(list[0]) {
				out = s.descend(out, below, asked, member)
				continue
			}
			for i, entry := range list {
				elem := s.entry(below, asked, entry, i)
				out = s.descend(out, at.Append(elem), asked, entry)
			}
		}
		return out
	case []any:
		for i, member := range v {
			if isObject(member) { // a whole list, asked for without keys
				elem := s.entry(at, asked, member, i)
				out = s.descend(out, path.Path{Origin: at.Origin, Elems: append(slices.Clone(at.Elems[:len(at.Elems)-1]), elem)}, asked, member)
			}
		}
		if text, ok := jsonList(v); ok {
			out = append(out, profile.StateLeaf{Path: at, Value: text})
		}
		return out
	}
	if text, ok := jsonScalar(v); ok {
		out = append(out, profile.StateLeaf{Path: at, Value: text})
	}
	return out
}

// entry names one entry of the list at a path, by the keys that the schema or the question has, else by its place.
func (s *Session) entry(list, asked path.Path, v any, place int) path.Elem {
	elem := path.Elem{Name: list.Elems[len(list.Elems)-1].Name}
	var names []string
	if n, ok := s.cfg.Table.Roots().Node(list); ok && n.Config() {
		for _, key := range n.Keys() {
			names = append(names, key.Name())
		}
	}
	if depth := len(list.Elems) - 1; len(names) == 0 && depth < len(asked.Elems) {
		for _, k := range asked.Elems[depth].Keys {
			names = append(names, k.Name)
		}
	}
	members, _ := v.(map[string]any)
	for _, name := range names {
		for full, member := range members {
			if text, ok := jsonScalar(member); ok && unqualified(full) == name {
				elem.Keys = append(elem.Keys, path.Key{Name: name, Value: text})
			}
		}
	}
	if len(elem.Keys) == 0 {
		elem.Keys = []path.Key{{Name: "entry", Value: strconv.Itoa(place)}}
	}
	slices.SortFunc(elem.Keys, func(a, b path.Key) int { return cmp.Compare(a.Name, b.Name) })
	return elem
}

func isObject(v any) bool {
	_, ok := v.(map[string]any)
	return ok
}

// unqualified drops the module of a name.
func unqualified(name string) string {
	if i := bytes.LastIndexByte([]byte(name), ':'); i >= 0 {
		return name[i+1:]
	}
	return name
}

// jsonScalar returns a JSON scalar as text.
func jsonScalar(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

// jsonList returns a leaf-list as text: its values with spaces between them.
func jsonList(list []any) (string, bool) {
	var b []byte
	for i, v := range list {
		text, ok := jsonScalar(v)
		if !ok {
			return "", false
		}
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, text...)
	}
	return string(b), len(list) > 0
}

// plainScalar returns a scalar that is not JSON as text.
func plainScalar(v *gpb.TypedValue) (string, bool) {
	switch x := v.GetValue().(type) {
	case *gpb.TypedValue_BoolVal:
		return strconv.FormatBool(x.BoolVal), true
	case *gpb.TypedValue_DoubleVal:
		return strconv.FormatFloat(x.DoubleVal, 'g', -1, 64), true
	case *gpb.TypedValue_LeaflistVal:
		var list []any
		for _, e := range x.LeaflistVal.GetElement() {
			text, _ := plainScalar(e)
			list = append(list, text)
		}
		return jsonList(list)
	}
	text := scalarText(v)
	return text, text != ""
}
