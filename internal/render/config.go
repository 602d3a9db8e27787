package render

import (
	"errors"
	"slices"

	"github.com/tenter-net/tenter/internal/blocks"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/render/dialect"
)

// configKey is the key of the part that all Config documents of a device make up.
const configKey = "config"

// renderConfig renders Config documents, which may speak of any path and origin that the device's schemas know, and of no
// command line that is never read back.
func renderConfig(w *dialect.Writer, leaves []fabric.ConfigLeaf, lines *blocks.Syntax) []claim {
	var out []claim
	for _, l := range leaves {
		at, err := path.Parse(l.Path)
		if err != nil {
			w.Problems = append(w.Problems, dialect.Problem{Source: l.Source, Path: l.Path, Reason: err.Error()})
			continue
		}
		if l.Origin != "" {
			at.Origin = l.Origin
		}
		if l.Omit {
			if o, ok := omission(w, l, at); ok {
				out = append(out, o)
			}
			continue
		}
		if l.Secret != "" {
			w.SetSecret(l.Source, at, l.Secret)
		} else {
			w.Set(l.Source, at, l.Value)
		}
		if around, ok := unread(w.Leaves, lines); ok {
			w.Leaves = w.Leaves[:0]
			w.Fail(l.Source, around, errUnread)
		}
		out = append(out, claims(w, l.Priority)...)
	}
	return out
}

// omission returns the claim that nothing of less priority is meant at and under a path that the schema knows.
func omission(w *dialect.Writer, l fabric.ConfigLeaf, at path.Path) (claim, bool) {
	p, err := w.Place(l.Source, at)
	if err != nil {
		w.Fail(l.Source, at, err)
		return claim{}, false
	}
	return claim{leaf: dialect.Leaf{Entry: p.Entry, Node: p.Node, Source: &l.Source}, priority: l.Priority, omit: true}, true
}

// errUnread does not name the line, which may be a secret.
var errUnread = errors.New("a command line in this block is one that Tenter never reads from the device, as it is a secret or " +
	"nothing that the device keeps: write it on the device itself, or as a named secret where a model has a leaf for it")

// unread returns the block around the first command line among leaves that is never read back.
func unread(leaves []dialect.Leaf, lines *blocks.Syntax) (around path.Path, ok bool) {
	for _, l := range leaves {
		texts, err := blocks.Texts(l.Path())
		if err != nil {
			continue // not of this origin
		}
		if i := slices.IndexFunc(texts, lines.Unread); i >= 0 {
			return blocks.Path(texts[:i]...), true
		}
	}
	return path.Path{}, false
}
