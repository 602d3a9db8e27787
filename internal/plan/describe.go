package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// describe turns a result into the plan that people see and that is stored.
func (c *computation) describe(r Result) DevicePlan {
	d := DevicePlan{
		Device: c.Device, Claims: len(r.Claims), Releases: len(r.Releases),
		Notes: c.sortedNotes(),
	}
	h := sha256.New()
	var text []byte
	d.Changes = make([]Change, 0, len(r.Writes))
	for _, w := range r.Writes {
		ch := c.change(w)
		d.Changes = append(d.Changes, ch)
		text = appendHashed(appendHashed(text[:0], string(ch.Action)), ch.Path)
		text = appendHashed(appendHashed(text, c.Secrets.Digest(w.Path, w.Before)), c.Secrets.Digest(w.Path, w.After))
		_, _ = h.Write(text) // a hash takes everything
	}
	d.assess()
	for _, p := range r.Edit.Deletes {
		d.Deletes = append(d.Deletes, p.String())
	}
	for _, s := range r.Edit.Replaces {
		d.Replaces = append(d.Replaces, s.Path.String())
	}
	hashStrings(h, d.Deletes...)
	hashStrings(h, d.Replaces...)
	hashStrings(h, strconv.Itoa(d.Claims), strconv.Itoa(d.Releases))
	prints, rest := newFingerprints(c.Secrets), d.Changes
	for _, p := range touched(r) {
		t := prints.base(c.Observed, p, &rest)
		d.Base = append(d.Base, t)
		text = appendHashed(appendHashed(text[:0], t.Path), t.Digest)
		_, _ = h.Write(text)
	}
	d.Digest = hex.EncodeToString(h.Sum(nil))
	return d
}

func (c *computation) change(w tree.Change) Change {
	ch := Change{
		Path: w.Path.String(), Before: c.Secrets.Show(w.Path, w.Before), After: c.Secrets.Show(w.Path, w.After),
		Subtree: c.subtreeOf(w.Path).String(), Cause: c.cause(w), Source: sourceOf(c.Sources, w.Source),
	}
	switch {
	case w.Before.Kind() == schema.KindKeys && w.After != "" && slices.ContainsFunc(c.replaces, func(r tree.Subtree) bool { return w.Path.HasPrefix(r.Path) }):
		ch.Action = Replace
	case w.Before == "":
		ch.Action = Add
	case w.After == "":
		ch.Action = Delete
	default:
		ch.Action = Modify
	}
	c.rate(&ch, w.Path)
	return ch
}

// cause says whether a change carries out new intent or puts back what somebody else changed.
func (c *computation) cause(w tree.Change) Trigger {
	switch c.Part {
	case Remedy:
		return ByDrift
	case Reverse, Restore:
		return ByManual
	case Whole, Pending, Heeding:
	}
	if w.After == "" {
		if c.owned(w.Path) {
			return ByIntent
		}
		return ByDrift
	}
	if i, ok := c.Applied.Find(w.Path); ok && c.Secrets.Same(w.Path, c.Applied.Value(i), w.After) {
		return ByDrift
	}
	return ByIntent
}

// subtreeOf returns what a leaf is shown under: the node that is deleted with it, else its list entry, else the
// container it is in.
func (c *computation) subtreeOf(p path.Path) path.Path {
	if i, _ := slices.BinarySearchFunc(c.deletes, p, path.Compare); i > 0 && p.HasPrefix(c.deletes[i-1]) {
		return c.deletes[i-1]
	}
	for i := len(p.Elems) - 1; i >= 0; i-- {
		if len(p.Elems[i].Keys) > 0 {
			return path.Path{Origin: p.Origin, Elems: p.Elems[:i+1]}
		}
	}
	up := p.Parent()
	if n := len(up.Elems); n > 1 && up.Elems[n-1].Name == "config" {
		return up.Parent()
	}
	return up
}

// touched returns the subtrees whose state a result was computed against, without those inside others. It is what
// must not have moved when the result is carried out: what is deleted or replaced whole, and the container
// around each other leaf.
func touched(r Result) []path.Path {
	var all []path.Path
	for _, s := range r.Edit.Replaces {
		all = append(all, s.Path)
	}
	for _, d := range r.Edit.Deletes {
		if len(d.Elems) > 0 && len(d.Elems[len(d.Elems)-1].Keys) > 0 {
			all = append(all, d)
		}
	}
	for _, w := range r.Writes {
		if w.After.Kind() == schema.KindKeys || w.After == schema.Presence {
			all = append(all, w.Path)
			continue
		}
		all = append(all, w.Path.Parent())
	}
	slices.SortFunc(all, path.Compare)
	return outermost(all)
}
