package compile

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/schema"
)

type identity struct {
	mod   *module
	def   *statement
	bases []*identity
	index int
}

// resolveIdentities numbers all identities, sorted by module and name, and links them to their bases.
func (c *compiler) resolveIdentities() error {
	byName := map[string]*identity{}
	for _, m := range c.modules {
		for _, t := range m.texts {
			for _, def := range t.body.all("identity") {
				ok, err := c.supported(def)
				if err != nil {
					return err
				}
				if ok {
					id := &identity{mod: m, def: def}
					byName[m.name+":"+def.arg] = id
					c.identities = append(c.identities, id)
				}
			}
		}
	}
	slices.SortFunc(c.identities, func(a, b *identity) int {
		return cmp.Or(strings.Compare(a.mod.name, b.mod.name), strings.Compare(a.def.arg, b.def.arg))
	})
	c.identity = byName
	for i, id := range c.identities {
		id.index = i
		for _, b := range id.def.all("base") {
			base, err := c.findIdentity(b)
			if err != nil {
				return err
			}
			id.bases = append(id.bases, base)
		}
	}
	for _, id := range c.identities {
		up := map[int]bool{}
		id.climb(up)
		if up[id.index] {
			return id.def.errorf("identity %q is derived from itself", id.def.arg)
		}
		out := schema.Identity{Module: id.mod.name, Name: id.def.arg}
		for i := range c.identities {
			if up[i] {
				out.Ancestors = append(out.Ancestors, i)
			}
		}
		c.image.Identities = append(c.image.Identities, out)
	}
	return nil
}

func (id *identity) climb(up map[int]bool) {
	for _, b := range id.bases {
		if !up[b.index] {
			up[b.index] = true
			b.climb(up)
		}
	}
}

// findIdentity resolves a base statement.
func (c *compiler) findIdentity(b *statement) (*identity, error) {
	prefix, name, qualified := strings.Cut(b.arg, ":")
	if !qualified {
		prefix, name = "", b.arg
	}
	m, err := c.src.module(b, prefix)
	if err != nil {
		return nil, err
	}
	id := c.identity[m.name+":"+name]
	if id == nil {
		return nil, b.errorf("no identity %q in %s", name, m.name)
	}
	return id, nil
}
