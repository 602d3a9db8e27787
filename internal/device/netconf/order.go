package netconf

import (
	"context"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// editCandidate edits the candidate. Some devices answer ok and move no entry of a list that the user orders, or refuse to;
// there such lists are emptied and filled again in order, which nobody sees before the commit. What
// an entry holds that no schema knows is lost then, which is said in the log.
func (t *transaction) editCandidate(ctx context.Context, config string) error {
	_, err := t.do(ctx, t.link, "edit-config", t.editConfig(candidate, config), false)
	lists := t.ordered()
	if len(lists) == 0 || t.link.broken {
		return err
	}
	have, _, failed := t.read(ctx, t.link, candidate, nil)
	if failed != nil {
		return failed
	}
	if _, wrong := undone(have, t.list); !wrong {
		return err
	}
	if err != nil && len(changes(t.before, have)) > 0 {
		return err // half of it was done, and not for the order alone
	}
	t.log.Warn("the device does not move entries: emptying the lists and filling them again in order", zap.Stringer("path", lists[0]))
	b := t.after.Builder()
	for _, l := range lists {
		b.Delete(l)
	}
	for _, step := range []*tree.Tree{b.Build(), t.after} {
		config, err := t.config(have, step)
		if err != nil {
			return err
		}
		if config == "" {
			continue
		}
		if _, err := t.do(ctx, t.link, "edit-config", t.editConfig(candidate, config), false); err != nil {
			return err
		}
		if have, _, err = t.read(ctx, t.link, candidate, nil); err != nil {
			return err
		}
	}
	return nil
}

// ordered returns the lists and leaf-lists whose entries change places.
func (t *transaction) ordered() []path.Path {
	var out []path.Path
	for _, c := range t.list {
		n, ok := t.after.Table().Roots().Node(c.Path)
		if !ok || !n.OrderedByUser() || c.Before == "" || c.After == "" {
			continue
		}
		if n.Kind() == schema.List && !appends(c.Before.Entries(), c.After.Entries()) || n.Kind() == schema.LeafList && !appends(c.Before.Items(), c.After.Items()) {
			out = append(out, c.Path)
		}
	}
	return out
}
