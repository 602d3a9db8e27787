package wire

import (
	"github.com/openconfig/gnmi/proto/gnmi"
	"google.golang.org/protobuf/encoding/prototext"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// EncodeOptions say what a device understands. Without any but Roots, updates are JSON, one for each leaf.
type EncodeOptions struct {
	Roots  *schema.Roots
	Target string // prefix.target, or none
	// Encoding is JSON_IETF, JSON, or PROTO for scalar TypedValues. Both kinds of JSON hold what RFC 7951 says. A
	// replaced subtree is always one JSON value, of JSON_IETF under PROTO.
	Encoding gnmi.Encoding
	// Subtrees joins the updates of one list entry, or of a root's top-level container, into one JSON value. Whole joins all
	// updates of one origin into one JSON value at its root.
	Subtrees, Whole bool
}

// Encode returns one SetRequest for the whole edit: deletes, replaces and updates in the edit's order.
func Encode(edit tree.Edit, opts EncodeOptions) (*gnmi.SetRequest, error) {
	req := &gnmi.SetRequest{}
	if opts.Target != "" {
		req.Prefix = &gnmi.Path{Target: opts.Target}
	}
	for _, p := range edit.Deletes {
		req.Delete = append(req.Delete, ToPath(p))
	}
	for _, sub := range edit.Replaces {
		u, err := opts.subtree(sub.Path, sub.Leaves)
		if err != nil {
			return nil, err
		}
		req.Replace = append(req.Replace, u)
	}
	for _, group := range opts.groups(edit.Updates) {
		u, err := opts.update(group)
		if err != nil {
			return nil, err
		}
		req.Update = append(req.Update, u)
	}
	return req, nil
}

// Text returns a message for people to read.
func Text(m *gnmi.SetRequest) string { return prototext.MarshalOptions{Multiline: true}.Format(m) }

// groups splits updates into those that travel together: where subtrees are wanted, runs under one entry of a
// top-level list; else key leaves as their entry, since an entry cannot be made from a key leaf's path, and a
// user-ordered list with all that is set in it, since its order is nothing that a leaf could say.
func (o EncodeOptions) groups(leaves []tree.Leaf) []tree.Subtree {
	var out []tree.Subtree
	for _, l := range leaves {
		at := l.Path
		n, _ := o.Roots.Node(l.Path)
		switch {
		case o.Whole:
			at = path.Path{Origin: l.Path.Origin}
		case o.Subtrees:
			at = top(l.Path)
		case !n.IsZero() && n.IsKey():
			at = l.Path.Parent()
		}
		if k := len(out) - 1; k >= 0 && ((o.Subtrees || o.Whole) && path.Equal(out[k].Path, at) || ordered(out[k]) && l.Path.HasPrefix(out[k].Path)) {
			out[k].Leaves = append(out[k].Leaves, l)
			continue
		}
		out = append(out, tree.Subtree{Path: at, Leaves: []tree.Leaf{l}})
	}
	return out
}

// ordered reports whether a group begins with the key sequence of its list.
func ordered(s tree.Subtree) bool {
	return s.Leaves[0].Value.Kind() == schema.KindKeys && path.Equal(s.Leaves[0].Path, s.Path)
}

// top returns the first list entry on a path, or else its first element.
func top(p path.Path) path.Path {
	for i, e := range p.Elems {
		if len(e.Keys) > 0 {
			return path.Path{Origin: p.Origin, Elems: p.Elems[:i+1]}
		}
	}
	return path.Path{Origin: p.Origin, Elems: p.Elems[:min(1, len(p.Elems))]}
}

func (o EncodeOptions) update(group tree.Subtree) (*gnmi.Update, error) {
	if l := group.Leaves[0]; len(group.Leaves) == 1 && path.Equal(l.Path, group.Path) && o.Encoding == gnmi.Encoding_PROTO {
		n, ok := o.Roots.Node(l.Path)
		if !ok {
			return nil, o.Roots.Check(l.Path)
		}
		if n.Kind() == schema.Leaf || n.Kind() == schema.LeafList {
			return &gnmi.Update{Path: ToPath(l.Path), Val: scalarOf(n, l.Value)}, nil
		}
	}
	return o.subtree(group.Path, group.Leaves)
}

// subtree returns the leaves at or under a path as one JSON value.
func (o EncodeOptions) subtree(at path.Path, leaves []tree.Leaf) (*gnmi.Update, error) {
	n, ok := o.Roots.Node(at)
	if !ok {
		return nil, o.Roots.Check(at)
	}
	text, err := JSON(n, at, leaves)
	if err != nil {
		return nil, err
	}
	u := &gnmi.Update{Path: ToPath(at), Val: &gnmi.TypedValue{Value: &gnmi.TypedValue_JsonIetfVal{JsonIetfVal: text}}}
	if o.Encoding == gnmi.Encoding_JSON {
		u.Val = &gnmi.TypedValue{Value: &gnmi.TypedValue_JsonVal{JsonVal: text}}
	}
	return u, nil
}
