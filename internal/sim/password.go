package sim

import (
	"crypto/aes"
	"crypto/rand"

	"github.com/tenter-net/tenter/internal/sim/conf"
	"github.com/tenter-net/tenter/internal/sim/plane"
)

// encrypted returns a configuration with the passwords that were set in clear as SR Linux keeps them. Every setting makes
// another text, also of the same password; what is encrypted already stays as it is.
func encrypted(before, next *conf.Tree) *conf.Tree {
	e := next.Edit()
	for _, c := range conf.Diff(before, next, nil) {
		if c.Leaf == nil || !c.Leaf.Leaf() || c.Leaf.Schema == nil || c.Leaf.Schema.TypeName() != "routing-password" {
			continue
		}
		if clear := c.Leaf.Value.Text; !plane.Encrypted(clear) {
			salt := make([]byte, aes.BlockSize)
			_, _ = rand.Read(salt) // it never fails
			v := conf.String(plane.Encrypt(clear, salt))
			e.Put(c.Path, &conf.Node{Value: &v})
		}
	}
	return e.Tree()
}
