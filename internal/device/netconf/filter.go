package netconf

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
)

// maxSelected is how many subtrees one filter chooses before it chooses whole containers instead: devices match each of
// them against everything.
const maxSelected = 200

// subtrees returns what to ask for to read at and under the prefixes: the top-level nodes of all schemas for none or
// for a root, and no subtree that is in another.
func subtrees(roots *schema.Roots, prefixes []path.Path) []path.Path {
	if len(prefixes) == 0 {
		for _, o := range roots.Origins() {
			prefixes = append(prefixes, path.Path{Origin: o})
		}
	}
	var out []path.Path
	for _, p := range prefixes {
		if len(p.Elems) > 0 {
			out = append(out, p)
			continue
		}
		s, ok := roots.Schema(p.Origin)
		if !ok {
			continue
		}
		for n := range s.Root().Children() {
			out = append(out, path.Path{Origin: p.Origin, Elems: []path.Elem{{Name: n.Name()}}})
		}
	}
	if len(out) > maxSelected {
		for i, p := range out {
			out[i] = path.Path{Origin: p.Origin, Elems: p.Elems[:1]}
		}
	}
	slices.SortFunc(out, path.Compare)
	var least []path.Path
	for _, p := range out {
		if !slices.ContainsFunc(least, func(q path.Path) bool { return p.HasPrefix(q) }) {
			least = append(least, p)
		}
	}
	return least
}

// filterXML returns a subtree filter (RFC 6241, section 6) for subtrees.
func filterXML(roots *schema.Roots, wanted []path.Path) (string, error) {
	byOrigin := map[string]*branch{}
	var out bytes.Buffer
	for _, p := range wanted {
		root := byOrigin[p.Origin]
		if root == nil {
			s, ok := roots.Schema(p.Origin)
			if !ok {
				return "", roots.Check(p)
			}
			root = &branch{node: s.Root()}
			byOrigin[p.Origin] = root
		}
		p, err := roots.Normalize(p)
		if err != nil {
			return "", err
		}
		at, err := root.grow(p.Elems)
		if err != nil {
			return "", err
		}
		at.prune()
	}
	for _, origin := range roots.Origins() {
		if root := byOrigin[origin]; root != nil {
			for _, kid := range root.kids {
				if err := kid.write(&out, nsBase); err != nil {
					return "", err
				}
			}
		}
	}
	return fmt.Sprintf(`<filter type="subtree">%s</filter>`, out.String()), nil
}
