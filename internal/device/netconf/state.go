package netconf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tenter-net/tenter/internal/device/fault"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
)

// State returns the leaves at the paths as the device shows them to get, state and configuration alike. Key values "*" stand
// for all entries. Where a path is below nothing that the schemas have, or the device answers no, nothing was seen: an error.
func (s *Session) State(ctx context.Context, paths []path.Path) ([]profile.StateLeaf, error) {
	var out []profile.StateLeaf
	err := s.use(ctx, func(l *link) error {
		for _, p := range paths {
			leaves, err := s.get(ctx, l, p)
			if err != nil {
				return err
			}
			out = append(out, leaves...)
		}
		return nil
	})
	return out, err
}

// get reads the leaves of one path.
func (s *Session) get(ctx context.Context, l *link, p path.Path) ([]profile.StateLeaf, error) {
	filter, err := s.stateFilter(p)
	if err != nil {
		return nil, s.failure("get", fault.Unsupported, err)
	}
	data, err := s.do(ctx, l, "get", "<get>"+filter+"</get>", false)
	if err == nil && data == nil {
		err = s.failure("get", fault.Untrue, errNoData)
	}
	if err != nil {
		return nil, err
	}
	return gather(nil, data, path.Path{Origin: p.Origin}, p.Elems), nil
}

// gather adds the leaves that asked leads to from an element. The schemas know no state, so the names alone decide.
func gather(out []profile.StateLeaf, e *element, at path.Path, asked []path.Elem) []profile.StateLeaf {
	if len(asked) == 0 {
		return append(out, profile.StateLeaf{Path: at, Value: strings.TrimSpace(e.text)})
	}
	for _, k := range e.kids {
		if k.name.Local != asked[0].Name {
			continue
		}
		if elem, ok := entry(k, asked[0]); ok {
			out = gather(out, k, at.Append(elem), asked[1:])
		}
	}
	return out
}

// entry names a list entry by the keys that were asked for, false where it is another one.
func entry(e *element, asked path.Elem) (path.Elem, bool) {
	elem := path.Elem{Name: asked.Name}
	for _, k := range asked.Keys {
		value := e.word(k.Name)
		if value == "" || k.Value != "*" && k.Value != value {
			return elem, false
		}
		elem.Keys = append(elem.Keys, path.Key{Name: k.Name, Value: value})
	}
	return elem, true
}

// tolerate takes a device's no for having nothing to say.
func (s *Session) tolerate(data *element, err error) (*element, error) {
	var e *fault.Error
	if errors.As(err, &e) && e.Refused() {
		return nil, nil
	}
	return data, err
}

// fact reads one state leaf, "" when the device does not have it.
func (s *Session) fact(ctx context.Context, l *link, p path.Path) (string, error) {
	leaves, err := s.get(ctx, l, p)
	var e *fault.Error
	if errors.As(err, &e) && (e.Refused() || e.Kind == fault.Unsupported) {
		return "", nil // no path of these schemas, or of the device
	}
	if err != nil || len(leaves) == 0 {
		return "", err
	}
	return leaves[0].Value, nil
}

// stateFilter chooses the top-level node of a path: below it the schema knows no namespaces of state.
func (s *Session) stateFilter(p path.Path) (string, error) {
	var b bytes.Buffer
	models, ok := s.cfg.Table.Roots().Schema(p.Origin)
	if !ok {
		return "", s.cfg.Table.Roots().Check(p)
	}
	n, ok := models.Root().Child(p.Elems[0].Name)
	if !ok || !n.Config() {
		return "", fmt.Errorf("path %s: no node that can be configured is around it", p)
	}
	err := (&branch{node: n}).write(&b, nsBase)
	return `<filter type="subtree">` + b.String() + `</filter>`, err
}
