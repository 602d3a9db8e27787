package compile

import (
	"errors"
	"fmt"
	"slices"
)

// prunes reports whether Options.Prune names a node to be by its module: one of two with the same name.
func (c *compiler) prunes(parent *node, name string, mod *module) bool {
	if len(c.opts.Prune) == 0 {
		return false
	}
	id := parent.dataPath() + "/" + mod.name + ":" + name
	if !slices.Contains(c.opts.Prune, id) {
		return false
	}
	c.pruned[id] = nil
	return true
}

// prune makes state of a node that Options.Prune names: it stays for references to it, and what a device tells of it is
// passed over. It is done as soon as the node is there, so that nothing in it has to be compiled.
func (c *compiler) prune(n *node) {
	if len(c.opts.Prune) == 0 || n.kind == kindChoice || n.kind == kindCase {
		return
	}
	if id := n.dataPath(); slices.Contains(c.opts.Prune, id) {
		state := false
		n.config, c.pruned[id] = &state, n
	}
}

// checkPruned says which of Options.Prune cannot be, and takes back what deviations made of the others.
func (c *compiler) checkPruned() error {
	var errs []error
	for _, id := range c.opts.Prune {
		n, found := c.pruned[id]
		if !found {
			errs = append(errs, fmt.Errorf("prune %s: no such node", id))
		}
		if n == nil {
			continue
		}
		if p := n.dataParent(); p.kind == kindList && slices.Contains(p.keys, n.name) {
			errs = append(errs, fmt.Errorf("prune %s: it is a key", id))
		}
		state := false
		n.config = &state
	}
	return errors.Join(errs...)
}
