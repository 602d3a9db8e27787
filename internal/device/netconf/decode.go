package netconf

import (
	"errors"
	"strings"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// A decoder turns the data of a reply into leaves.
type decoder struct {
	into     *tree.Builder
	wanted   []path.Path // what was asked for, none for everything
	untagged bool        // leave out what is tagged as default (RFC 6243, section 6)
	problems []tree.Problem
}

// data adds all that a reply holds. What no schema explains becomes a problem.
func (d *decoder) data(data *element) {
	roots := d.into.Table().Roots()
	for _, e := range data.kids {
		known := false
		for _, origin := range roots.Origins() {
			s, _ := roots.Schema(origin)
			if n, ok := s.Root().Child(e.name.Local); ok && (!n.Config() || n.Namespace() == e.name.Space) {
				known = true
				d.siblings(s.Root(), path.Path{Origin: origin}, []*element{e})
				break
			}
		}
		if !known {
			d.problem(path.Path{Origin: origins(roots)}, e, "no schema of the device's profile has it")
		}
	}
}

// origins returns the origin to tell of when none fits.
func origins(roots *schema.Roots) string { return strings.Join(roots.Origins(), "|") }

func (d *decoder) problem(at path.Path, e *element, reason string) {
	d.problems = append(d.problems, tree.Problem{Path: at.Append(path.Elem{Name: e.name.Local}).String(), Reason: reason})
}

// siblings adds elements that are children of one node.
func (d *decoder) siblings(parent schema.Node, at path.Path, kids []*element) {
	lists := map[string][]*element{} // of leaf-lists and lists that the user orders: all elements, in order
	var names []string
	for _, e := range kids {
		n, ok := parent.Child(e.name.Local)
		switch {
		case ok && !n.Config():
			continue
		case !ok:
			d.problem(at, e, "the schema has no such node")
			continue
		case n.Namespace() != e.name.Space:
			d.problem(at, e, "it is in the namespace "+e.name.Space+", and the schema's is in "+n.Namespace())
			continue
		}
		here := at.Append(path.Elem{Name: n.Name()})
		switch n.Kind() {
		case schema.Leaf:
			d.leaf(n, here, e)
		case schema.Container:
			if n.Presence() {
				d.set(e, tree.Leaf{Path: here, Value: schema.Presence})
			}
			d.siblings(n, here, e.kids)
		case schema.LeafList, schema.List:
			if lists[n.Name()] == nil {
				names = append(names, n.Name())
			}
			lists[n.Name()] = append(lists[n.Name()], e)
		}
	}
	for _, name := range names {
		n, _ := parent.Child(name)
		here := at.Append(path.Elem{Name: name})
		if n.Kind() == schema.LeafList {
			d.leafList(n, here, lists[name])
		} else {
			d.list(n, at, lists[name])
		}
	}
}

func (d *decoder) leaf(n schema.Node, at path.Path, e *element) {
	if d.untagged && tagged(e) {
		return
	}
	v, err := value(n, e)
	if err != nil {
		d.problem(at.Parent(), e, err.Error())
		return
	}
	d.set(e, tree.Leaf{Path: at, Value: v})
}

// tagged reports whether the device says that nobody set a leaf. The attribute is a boolean of XML Schema.
func tagged(e *element) bool {
	said := e.attr(nsDefault, "default")
	return said == "true" || said == "1"
}

func (d *decoder) leafList(n schema.Node, at path.Path, elements []*element) {
	var items []any
	for _, e := range elements {
		if d.untagged && tagged(e) {
			continue
		}
		items = append(items, lexical(n, e))
	}
	if len(items) == 0 {
		return
	}
	v, err := n.Canonical(items)
	if err != nil {
		d.problem(at.Parent(), elements[0], err.Error())
		return
	}
	d.set(elements[0], tree.Leaf{Path: at, Value: v})
}

// list adds the entries of one list.
func (d *decoder) list(n schema.Node, at path.Path, entries []*element) {
	var order []string
	for _, e := range entries {
		elem, err := entryOf(n, e)
		if err != nil {
			d.problem(at, e, err.Error())
			continue
		}
		order = append(order, path.Elem{Keys: elem.Keys}.String())
		d.siblings(n, at.Append(elem), e.kids)
	}
	whole := at.Append(path.Elem{Name: n.Name()})
	if n.OrderedByUser() && len(order) > 0 && d.covers(whole) {
		d.set(entries[0], tree.Leaf{Path: whole, Value: schema.KeysValue(order)})
	}
}

// covers reports whether all of a list was asked for, so that the order of its entries is known.
func (d *decoder) covers(list path.Path) bool {
	for _, w := range d.wanted {
		if list.HasPrefix(w) {
			return true
		}
	}
	return len(d.wanted) == 0
}

func (d *decoder) set(e *element, l tree.Leaf) {
	if err := d.into.Set(l); err != nil {
		d.problem(l.Path.Parent(), e, err.Error())
	}
}

// entryOf returns a list entry's path element, from its key leaves.
func entryOf(n schema.Node, e *element) (path.Elem, error) {
	elem := path.Elem{Name: n.Name()}
	for _, k := range n.SortedKeys() {
		leaf := e.child(k.Name())
		if leaf == nil {
			return elem, errors.New("an entry without its key " + k.Name())
		}
		v, err := value(k, leaf)
		if err != nil {
			return elem, err
		}
		elem.Keys = append(elem.Keys, path.Key{Name: k.Name(), Value: k.KeyOf(v)})
	}
	return elem, nil
}

// value makes the text of a leaf canonical.
func value(n schema.Node, e *element) (schema.Value, error) { return n.Canonical(lexical(n, e)) }

// lexical returns the text of a leaf in the form that the schema takes: with modules in the place of prefixes in the name
// of an identity or in an instance-identifier, and without white space where that means nothing.
func lexical(n schema.Node, e *element) schema.Text {
	text := e.text
	trimmed := strings.TrimSpace(text)
	if n.Base() == schema.InstanceIdentifier {
		return schema.Text(renamePrefixes(trimmed, func(prefix string) string { return moduleOf(n, e, prefix) }))
	}
	prefix, name, found := strings.Cut(trimmed, ":")
	if !found {
		prefix, name = "", trimmed
	}
	if module := moduleOf(n, e, prefix); module != "" {
		// Only for an identity: a string may have a colon, too.
		if v, err := canonicalItem(n, schema.Text(module+":"+name)); err == nil && v.Kind() == schema.KindIdentity {
			return schema.Text(module + ":" + name)
		}
	}
	if _, err := canonicalItem(n, schema.Text(text)); err != nil {
		return schema.Text(trimmed)
	}
	return schema.Text(text)
}

// canonicalItem is Canonical for a leaf, or for one element of a leaf-list.
func canonicalItem(n schema.Node, v schema.Text) (schema.Value, error) {
	if n.Kind() != schema.LeafList {
		return n.Canonical(v)
	}
	list, err := n.Canonical([]any{v})
	if err != nil {
		return "", err
	}
	return list.Items()[0], nil
}

func moduleOf(n schema.Node, e *element, prefix string) string {
	uri, ok := e.namespace(prefix)
	if !ok {
		return ""
	}
	module, _ := n.Schema().ModuleOf(uri)
	return module
}

// renamePrefixes replaces the prefixes of names in an instance-identifier, outside of quoted values. An empty new name
// leaves the prefix as it is.
func renamePrefixes(text string, rename func(prefix string) string) string {
	var out strings.Builder
	word := 0 // where the name at hand begins
	quote := byte(0)
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quote != 0:
			if c == quote {
				quote, word = 0, i+1
				out.WriteByte(c)
				continue
			}
			out.WriteByte(c)
			word = i + 1
		case c == '\'' || c == '"':
			out.WriteString(text[word : i+1])
			quote, word = c, i+1
		case c == ':':
			prefix := text[word:i]
			if to := rename(prefix); to != "" {
				prefix = to
			}
			out.WriteString(prefix + ":")
			word = i + 1
		case !nameByte(c):
			out.WriteString(text[word : i+1])
			word = i + 1
		}
	}
	return out.String() + text[word:]
}

// nameByte reports whether a byte may be in an XML name without a prefix; bytes beyond ASCII may.
func nameByte(c byte) bool {
	return c == '_' || c == '-' || c == '.' || c >= 0x80 || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
