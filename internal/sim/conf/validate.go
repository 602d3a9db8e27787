package conf

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	gpb "github.com/openconfig/gnmi/proto/gnmi"
	"github.com/openconfig/ygot/util"
	"github.com/openconfig/ygot/ytypes"
)

// Validate tells whether a device would accept the configuration: every value is of its type by ytypes or the
// rules of a native tree, and every leafref points at something. Containers that were found sound before and did not change
// are not asked again. It must not run on two trees that share nodes at once.
func (t *Tree) Validate() error {
	var errs []error
	check(t.Root, nil, &errs)
	if t.refs(&errs); len(errs) > 4 { // a device does not answer with a book
		errs = append(errs[:3], fmt.Errorf("and %d more", len(errs)-3))
	}
	return errors.Join(errs...)
}

// floats turns numbers into what encoding/json gives ytypes: those of at most 32 bits.
func floats(v any) any {
	switch v := v.(type) {
	case json.Number:
		f, _ := v.Float64() // its digits were checked on the way in
		return f
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = floats(v[i])
		}
		return out
	}
	return v
}

// check has ytypes judge every container's own leaves.
func check(n *Node, at Path, errs *[]error) {
	if n.sound || n.Leaf() {
		return
	}
	before := len(*errs)
	if n.Schema.goType == nil {
		for _, kid := range n.Kids() {
			check(kid, at.Join(kid.Step), errs)
		}
		n.judge(at, errs)
		n.sound = len(*errs) == before
		return
	}
	object := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(n.kids)) {
		kid := n.kids[name]
		if kid.Leaf() {
			object[kid.Step.Name] = floats(kid.Value.JSON(Encoding{Kind: gpb.Encoding_JSON_IETF}))
		} else {
			check(kid, at.Join(kid.Step), errs)
		}
	}
	if err := n.Schema.accepts(object); err != nil {
		*errs = append(*errs, fmt.Errorf("%s: %w", at, err))
	}
	n.sound = len(*errs) == before
}

// accepts asks ytypes whether a container may hold these leaves.
func (s *Schema) accepts(object map[string]any) error {
	if len(object) == 0 {
		return nil
	}
	holder := reflect.New(s.goType).Interface()
	entry := s.entry
	if entry.IsList() { // the struct of one entry has the list's schema, and ytypes reads it as a container
		c := *entry
		c.ListAttr = nil
		entry = &c
	}
	if err := ytypes.Unmarshal(entry, holder, object); err != nil {
		return err
	}
	if errs := ytypes.Validate(entry, holder); len(errs) > 0 {
		return plain(errs)
	}
	return nil
}

// plain joins ytypes' errors on one line.
func plain(errs util.Errors) error {
	texts := make([]string, len(errs))
	for i, err := range errs {
		texts[i] = err.Error()
	}
	return errors.New(strings.Join(slices.Compact(texts), "; "))
}
