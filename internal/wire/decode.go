package wire

import (
	"errors"
	"time"

	"github.com/openconfig/gnmi/proto/gnmi"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// A Decoder reads what one device sends. It keeps nothing between calls, and is safe for concurrent use.
type Decoder struct {
	Roots *schema.Roots
}

// Notification returns a notification's content in canonical form. Deletes and leaves keep the message's order. The
// prefix of an atomic notification comes out as the first delete, since the message replaces all that was under it
// (gNMI specification §2.1.1).
func (d Decoder) Notification(n *gnmi.Notification) tree.Update {
	out := tree.Update{Time: time.Unix(0, n.GetTimestamp())}
	if n.GetAtomic() {
		d.remove(&out, n.GetPrefix(), nil)
	}
	for _, p := range n.GetDelete() {
		d.remove(&out, n.GetPrefix(), p)
	}
	for _, u := range n.GetUpdate() {
		d.update(&out, n.GetPrefix(), u)
	}
	return out
}

func (d Decoder) remove(out *tree.Update, prefix, p *gnmi.Path) {
	at, err := FromPath(prefix, p)
	if err != nil {
		out.Problems = append(out.Problems, tree.Problem{Path: p.String(), Reason: err.Error()})
		return
	}
	n, normal, problem := d.node(at)
	switch {
	case problem != nil:
		out.Problems = append(out.Problems, *problem)
	case n.Config() && !n.IsKeyAlias():
		out.Deletes = append(out.Deletes, normal)
	}
}

// node resolves a path, or says why it cannot.
func (d Decoder) node(at path.Path) (schema.Node, path.Path, *tree.Problem) {
	normal, err := d.Roots.Normalize(at)
	if err != nil {
		reason := err.Error()
		if bad := (*schema.PathError)(nil); errors.As(err, &bad) {
			reason = bad.Reason
		}
		return schema.Node{}, at, &tree.Problem{Path: at.String(), Reason: reason}
	}
	n, _ := d.Roots.Node(normal)
	return n, normal, nil
}

func (d Decoder) update(out *tree.Update, prefix *gnmi.Path, u *gnmi.Update) {
	val := typed(u)
	at, err := FromPath(prefix, u.GetPath())
	if err != nil {
		out.Problems = append(out.Problems, tree.Problem{Path: u.GetPath().String(), Value: clip(val.String()), Reason: err.Error()})
		return
	}
	n, at, problem := d.node(at)
	if problem != nil {
		problem.Value = clip(val.String())
		out.Problems = append(out.Problems, *problem)
		return
	}
	if !n.Config() {
		return
	}
	if text, ok := jsonOf(val); ok {
		d.json(out, at, n, text)
		return
	}
	raw, err := scalar(val)
	var v schema.Value
	if err == nil {
		v, err = n.Canonical(raw)
	}
	switch {
	case err != nil:
		out.Problems = append(out.Problems, tree.Problem{Path: at.String(), Value: clip(val.String()), Reason: err.Error()})
	case !n.IsKeyAlias():
		out.Leaves = append(out.Leaves, tree.Leaf{Path: at, Value: v})
	}
}

// json adds the leaves of a JSON subtree at a path.
func (d Decoder) json(out *tree.Update, at path.Path, n schema.Node, text []byte) {
	doc, err := readJSON(n, text)
	if err != nil {
		out.Problems = append(out.Problems, tree.Problem{Path: at.String(), Value: clip(string(text)), Reason: err.Error()})
		return
	}
	if doc.entries[0].list.ID() != n.ID() {
		at = at.Parent() // the document is a whole list
	}
	for _, p := range doc.problems {
		out.Problems = append(out.Problems, absolute(at, p))
	}
	for _, l := range doc.leaves {
		if doc.usable(l.entry) {
			out.Leaves = append(out.Leaves, tree.Leaf{Path: at.Append(doc.elems(l.entry, l.node)...), Value: l.value})
		}
	}
}

// absolute puts the path of the document in front of a problem's.
func absolute(at path.Path, p tree.Problem) tree.Problem {
	if len(at.Elems) > 0 {
		if p.Path == "/" {
			p.Path = ""
		}
		p.Path = at.String() + p.Path
	} else if at.Origin != path.OpenConfig {
		p.Path = at.Origin + ":" + p.Path
	}
	return p
}

// Snapshot adds the leaves of a JSON subtree at a path to a tree that is being built, and returns what could not be
// read. Nothing is added if the JSON itself is broken.
func (d Decoder) Snapshot(b *tree.Builder, at path.Path, text []byte) []tree.Problem {
	var out tree.Update
	n, at, problem := d.node(at)
	if problem != nil {
		problem.Value = clip(string(text))
		return []tree.Problem{*problem}
	}
	d.json(&out, at, n, text)
	for _, l := range out.Leaves {
		if err := b.Set(l); err != nil {
			out.Problems = append(out.Problems, tree.Problem{Path: l.Path.String(), Value: clip(l.Value.Text()), Reason: err.Error()})
		}
	}
	return out.Problems
}
