package infer

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// A node is a container, list entry or leaf of a device's configuration, for readers that walk it by name. A nil node
// is one that is not there: it has no text and nothing below it.
type node struct {
	keys  []path.Key
	value schema.Value
	kids  map[string][]*node
}

// picture returns the leaves of one origin as nested nodes. Entries are in the canonical order, those of a user-ordered list
// in their own.
func picture(t *tree.Tree, origin string) *node {
	root := &node{}
	var orders []tree.Leaf
	for l := range t.All() {
		switch {
		case l.Path.Origin != origin:
		case l.Value.Kind() == schema.KindKeys:
			orders = append(orders, l)
		default:
			root.reach(l.Path.Elems).value = l.Value
		}
	}
	for _, o := range orders {
		n := len(o.Path.Elems)
		if parent := root.find(o.Path.Elems[:n-1]); parent != nil {
			sequence := o.Value.Entries()
			place := func(e *node) int {
				at := slices.Index(sequence, strings.TrimPrefix((path.Elem{Name: "x", Keys: e.keys}).String(), "x"))
				if at < 0 {
					return len(sequence)
				}
				return at
			}
			slices.SortStableFunc(parent.kids[o.Path.Elems[n-1].Name], func(a, b *node) int { return place(a) - place(b) })
		}
	}
	return root
}

// reach returns the node at a path, which is made where it is not there.
func (n *node) reach(elems []path.Elem) *node {
	for _, e := range elems {
		next := n.kid(e)
		if next == nil {
			next = &node{keys: e.Keys}
			if n.kids == nil {
				n.kids = map[string][]*node{}
			}
			n.kids[e.Name] = append(n.kids[e.Name], next)
		}
		n = next
	}
	return n
}

func (n *node) find(elems []path.Elem) *node {
	for _, e := range elems {
		if n = n.kid(e); n == nil {
			return nil
		}
	}
	return n
}

// kid returns the child with the name and keys. Leaves come in order, so what is looked for is usually the last.
func (n *node) kid(e path.Elem) *node {
	list := n.kids[e.Name]
	for i := len(list) - 1; i >= 0; i-- {
		if slices.Equal(list[i].keys, e.Keys) {
			return list[i]
		}
	}
	return nil
}

// at returns the node below by names of containers and leaves.
func (n *node) at(names ...string) *node {
	for _, name := range names {
		if n == nil || len(n.kids[name]) == 0 {
			return nil
		}
		n = n.kids[name][0]
	}
	return n
}

// entries returns the entries of the list that the last name is of.
func (n *node) entries(names ...string) []*node {
	last := len(names) - 1
	if n = n.at(names[:last]...); n == nil {
		return nil
	}
	return n.kids[names[last]]
}

// entry returns the entry of a list that has a key of this value.
func (n *node) entry(value string, names ...string) *node {
	if n == nil {
		return nil
	}
	for _, e := range n.entries(names...) {
		if slices.ContainsFunc(e.keys, func(k path.Key) bool { return k.Value == value }) {
			return e
		}
	}
	return nil
}

func (n *node) key(name string) string {
	for _, k := range n.keys {
		if k.Name == name {
			return k.Value
		}
	}
	return ""
}

// has reports whether there is a leaf.
func (n *node) has(names ...string) bool {
	n = n.at(names...)
	return n != nil && n.value != ""
}

// text returns a leaf's text, an identity without its module.
func (n *node) text(names ...string) string {
	if n = n.at(names...); n == nil {
		return ""
	}
	return plainText(n.value)
}

func plainText(v schema.Value) string {
	text := v.Text()
	if v.Kind() == schema.KindIdentity {
		if _, name, ok := strings.Cut(text, ":"); ok {
			return name
		}
	}
	return text
}

// texts returns the items of a leaf-list.
func (n *node) texts(names ...string) []string {
	if n = n.at(names...); n == nil {
		return nil
	}
	var out []string
	for _, v := range n.value.Items() {
		out = append(out, plainText(v))
	}
	return out
}

// number returns a leaf's number, 0 where there is none.
func (n *node) number(names ...string) int {
	i, err := strconv.Atoi(n.text(names...))
	if err != nil {
		return 0
	}
	return i
}

func (n *node) addr(names ...string) netip.Addr {
	a, err := netip.ParseAddr(n.text(names...))
	if err != nil {
		return netip.Addr{}
	}
	return a
}

// numberIn returns the number in a name that a pattern with "{number}" makes.
func numberIn(pattern, name string) (int, bool) {
	before, after, ok := strings.Cut(pattern, "{number}")
	if !ok || len(name) <= len(before)+len(after) || !strings.HasPrefix(name, before) || !strings.HasSuffix(name, after) {
		return 0, false
	}
	digits := name[len(before) : len(name)-len(after)]
	n, err := strconv.Atoi(digits)
	return n, err == nil && n >= 0 && strconv.Itoa(n) == digits
}

// portOf returns the number of the physical port with this name.
func portOf(names profile.Names, name string) (int, bool) {
	n, ok := numberIn(names.Ethernet, name)
	if !ok || names.PortStep < 1 || n < names.FirstPort || (n-names.FirstPort)%names.PortStep != 0 {
		return 0, false
	}
	port := (n-names.FirstPort)/names.PortStep + 1
	return port, port >= 1 && port <= 4096
}
