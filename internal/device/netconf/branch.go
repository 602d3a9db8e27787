package netconf

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
)

// A branch is an element on its way to a device: of a filter or of an edit.
type branch struct {
	node   schema.Node
	keys   []path.Key     // of a list entry
	text   []schema.Value // of a leaf: its value; of a key or of a leaf-list's element, too
	op     string         // nc:operation
	insert string         // yang:insert
	kids   []*branch      // in the order in which they are to be sent
	index  map[string]*branch
}

// grow returns the branch at a path below b, making what is not there. A list without keys is one branch.
func (b *branch) grow(elems []path.Elem) (*branch, error) {
	for _, e := range elems {
		n, ok := b.node.Child(e.Name)
		if !ok || !n.Config() {
			return nil, fmt.Errorf("no configuration node %q in %s", e.Name, b.node.Path())
		}
		name := e.String()
		next := b.index[name]
		if next == nil {
			next = &branch{node: n, keys: e.Keys}
			b.add(name, next)
		}
		b = next
	}
	return b, nil
}

func (b *branch) add(name string, kid *branch) {
	if b.index == nil {
		b.index = map[string]*branch{}
	}
	b.index[name] = kid
	b.kids = append(b.kids, kid)
}

// prune leaves nothing in b: it is chosen, or removed, as a whole.
func (b *branch) prune() { b.kids, b.index = nil, nil }

// write writes b as XML. within is the namespace that holds where it stands.
func (b *branch) write(out *bytes.Buffer, within string) error {
	if len(b.text) == 0 {
		return b.element(out, within, "")
	}
	for _, v := range b.text {
		declare, text := lexicalXML(b.node, v)
		if i := strings.IndexFunc(text, forbidden); i >= 0 {
			return fmt.Errorf("%s: XML cannot carry the character %q", b.node.Path(), text[i:i+1])
		}
		if err := b.open(out, within, declare); err != nil {
			return err
		}
		if err := xml.EscapeText(out, []byte(text)); err != nil {
			return err
		}
		fmt.Fprintf(out, "</%s>", b.node.Name())
	}
	return nil
}

// forbidden reports whether XML 1.0 (section 2.2) has no way to write a character.
func forbidden(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF || r == 0xFFFD
}

// open writes the start of an element.
func (b *branch) open(out *bytes.Buffer, within, declare string) error {
	fmt.Fprintf(out, "<%s", b.node.Name())
	if ns := b.node.Namespace(); ns != within {
		if err := attribute(out, "xmlns", ns); err != nil {
			return err
		}
	}
	if b.op != "" {
		fmt.Fprintf(out, ` nc:operation="%s"`, b.op)
	}
	if b.insert != "" {
		fmt.Fprintf(out, ` yang:insert="%s"`, b.insert)
	}
	out.WriteString(declare + ">")
	return nil
}

// element writes a container or list entry with its keys first (RFC 7950, section 7.8.5).
func (b *branch) element(out *bytes.Buffer, within, declare string) error {
	if err := b.open(out, within, declare); err != nil {
		return err
	}
	ns := b.node.Namespace()
	for _, k := range b.node.Keys() {
		for _, given := range b.keys {
			if given.Name != k.Name() {
				continue
			}
			v, err := k.Canonical(schema.Text(given.Value))
			if err != nil {
				return err
			}
			if err := (&branch{node: k, text: []schema.Value{v}}).write(out, ns); err != nil {
				return err
			}
		}
	}
	for _, kid := range b.kids {
		if err := kid.write(out, ns); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "</%s>", b.node.Name())
	return nil
}

func attribute(out *bytes.Buffer, name, value string) error {
	fmt.Fprintf(out, ` %s="`, name)
	if err := xml.EscapeText(out, []byte(value)); err != nil {
		return err
	}
	return out.WriteByte('"')
}

// lexicalXML returns a canonical value as XML has it, and the declarations of the prefixes that it uses.
func lexicalXML(n schema.Node, v schema.Value) (declare, text string) {
	switch {
	case v.Kind() == schema.KindEmpty:
		return "", ""
	case v.Kind() == schema.KindIdentity:
		module, name, _ := strings.Cut(v.Text(), ":")
		return declaration(n, module), module + ":" + name
	case n.Base() == schema.InstanceIdentifier:
		seen := map[string]bool{}
		renamePrefixes(v.Text(), func(module string) string {
			if !seen[module] {
				seen[module] = true
				declare += declaration(n, module)
			}
			return module
		})
		return declare, v.Text()
	}
	return "", v.Text()
}

// declaration makes a module's name the prefix of its namespace.
func declaration(n schema.Node, module string) string {
	ns, ok := n.Schema().Namespace(module)
	if !ok {
		return ""
	}
	var out bytes.Buffer
	if err := attribute(&out, "xmlns:"+module, ns); err != nil {
		return ""
	}
	return out.String()
}
