package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/device/fault"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
)

// State returns the leaves of paths of the profile's State, as the commands show them that the profile has for them. A
// command that shows no JSON, as that of a part that does not run, is an error: nothing is seen then, not that nothing is there.
func (s *Session) State(ctx context.Context, paths []path.Path) ([]profile.StateLeaf, error) {
	var out []profile.StateLeaf
	err := s.do(ctx, "read", func(ctx context.Context, t *terminal) error {
		for _, p := range paths {
			view, ok := s.cfg.Profile.CLI.View(p)
			if !ok {
				return refused("the profile has no command that shows %s", p)
			}
			text, err := t.command(ctx, view.Command)
			if err != nil {
				return err
			}
			object, err := decode(text)
			if err != nil {
				return &kindError{fault.Degraded, fmt.Errorf("%s shows no state: %w: %q", view.Command, err, s.excerpt(text))}
			}
			out = collect(out, object, view, nil)
		}
		return nil
	})
	return out, err
}

// decode reads one JSON object and requires that there is nothing else.
func decode(text string) (map[string]any, error) {
	dec := json.NewDecoder(strings.NewReader(text))
	var object map[string]any
	if err := dec.Decode(&object); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON object")
	}
	return object, nil
}

// collect adds the values that the members lead to, with the names of open members as keys. What has another shape is not
// what the profile knows, and adds nothing.
func collect(out []profile.StateLeaf, object map[string]any, view profile.View, names []string) []profile.StateLeaf {
	member, rest, deeper := strings.Cut(view.Members, "/")
	for _, name := range slices.Sorted(maps.Keys(object)) {
		known := names
		switch member {
		case "*":
			known = append(slices.Clip(names), name)
		case name:
		default:
			continue
		}
		if below, ok := object[name].(map[string]any); ok && deeper {
			out = collect(out, below, profile.View{Path: view.Path, Members: rest}, known)
		}
		if value, ok := object[name].(string); ok && !deeper {
			out = append(out, profile.StateLeaf{Path: fill(view.Path.Path, known), Value: value})
		}
	}
	return out
}

// fill returns a path with names for its open keys, in their order.
func fill(at path.Path, names []string) path.Path {
	out := path.Path{Origin: at.Origin, Elems: slices.Clone(at.Elems)}
	for i, e := range out.Elems {
		keys := slices.Clone(e.Keys)
		for j := range keys {
			if keys[j].Value == "*" && len(names) > 0 {
				keys[j].Value, names = names[0], names[1:]
			}
		}
		out.Elems[i].Keys = keys
	}
	return out
}
