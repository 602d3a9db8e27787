package sim

import (
	"github.com/tenter-net/tenter/internal/sim/conf"
	"github.com/tenter-net/tenter/internal/sim/plane"
)

// encrypted returns a configuration with the passwords that were set in clear as SR Linux keeps them. Every setting makes
// another text, also of the same password; what is encrypted already stays as it is.
func encrypted(before, next *conf.Tree) *conf.Tree {
	e := next.Edit()
	for _, c := range conf.Diff(before, next, nil) {
		if secret(c.Leaf) && !plane.Encrypted(c.Leaf.Value.Text) {
			put(e, c.Path, c.Leaf.Value.Text)
		}
	}
	return e.Tree()
}
