package plan

import (
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// bringBack wishes for what the device had when its backup was made, wherever Tenter may write: what it has beside that
// goes. What it is reached through stays as it is, and what cannot be brought back is noted.
func (c *computation) bringBack(w *wishes) {
	for _, p := range c.Unkept {
		c.notes = append(c.notes, Note{p.Path, "cannot be brought back: " + p.Reason})
	}
	for ch := range tree.Diff(c.Observed, c.Kept) {
		switch {
		case c.Secrets.Same(ch.Path, ch.Before, ch.After):
		case ch.Before.Kind() == schema.KindKeys && ch.After == "": // an order goes with its entries
			w.dels = append(w.dels, del{Change: ch, neutral: true})
		case ch.After.Kind() == schema.KindKeys:
			c.reorder(w, ch)
		case ch.After == "" && !c.Scope.Writes(ch.Path):
		case ch.After == "" && c.implied(ch):
			w.dels = append(w.dels, del{Change: ch, neutral: true})
		case c.Protected.Covers(ch.Path):
			c.note(ch.Path, "protected: stays as it is")
		case ch.After == "":
			w.dels = append(w.dels, del{Change: ch})
		default:
			c.bringLeaf(w, ch)
		}
	}
}

// bringLeaf wishes for one leaf. Of a secret only the digest was kept: it comes back if the intents name a secret with
// that digest.
func (c *computation) bringLeaf(w *wishes, ch tree.Change) {
	if !c.writes(ch.Path) {
		return
	}
	if Hidden(ch.After) {
		leaf, _ := c.Desired.Get(ch.Path)
		if !c.Secrets.Same(ch.Path, ch.After, leaf.Value) {
			c.note(ch.Path, "cannot be brought back: it is secret, a backup has only its digest, and the intents name no such secret")
			return
		}
		ch.After = leaf.Value
	}
	w.sets = append(w.sets, ch)
}
