package plan

import (
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// takeBack wishes for every leaf of Back what was there before it was written, where the device still has what was written.
// What somebody else has changed meanwhile is theirs, and stays.
func (c *computation) takeBack(w *wishes) {
	for i, now := range Values(c.Input, c.Back) {
		wrote := c.Back[i]
		switch {
		case c.Secrets.Same(wrote.Path, now, wrote.Before):
		case !c.Secrets.Same(wrote.Path, now, wrote.After):
			c.note(wrote.Path, "stays: somebody has changed it since")
		case Hidden(wrote.Before):
			c.note(wrote.Path, "stays: what was there is secret, and only its digest is known")
		case !c.writes(wrote.Path):
		default:
			c.wishBack(w, tree.Change{Path: wrote.Path, Before: now, After: wrote.Before})
		}
	}
}

func (c *computation) wishBack(w *wishes, ch tree.Change) {
	switch {
	case ch.After.Kind() == schema.KindKeys:
		w.orders = append(w.orders, ch)
	case ch.After == "" && ch.Before.Kind() == schema.KindKeys: // an order goes with its entries
		w.dels = append(w.dels, del{Change: ch, neutral: true})
	case ch.After == "" && c.Protected.Covers(ch.Path):
		c.note(ch.Path, "protected: never deleted")
	case ch.After == "":
		w.dels = append(w.dels, del{Change: ch})
	default:
		w.sets = append(w.sets, ch)
	}
}
