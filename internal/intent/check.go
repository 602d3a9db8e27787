package intent

import (
	"fmt"

	"github.com/tenter-net/tenter/internal/tree"
)

// A checker looks at documents together. Values that could not be read are zero, and no check complains of a zero
// again: the decoder has.
type checker struct {
	*Set
	out  *Diagnostics
	lost bool // some document could not be read, so absence proves nothing
}

func check(s *Set, out *Diagnostics, lost bool) {
	c := &checker{Set: s, out: out, lost: lost}
	c.uniqueNames()
	c.fabricCount()
	if s.Fabric != nil {
		c.fabricPools()
		c.fabricASNs()
		c.fabricTemplates()
		c.fabricMTU()
		c.fabricLinks()
	}
	c.devices()
	c.vrfs()
	c.vlans()
	c.subnets()
	c.ports()
	c.portsUsedTwice()
	c.bgpPeers()
	c.routePolicies()
	c.systems()
	c.configs()
	c.scopes()
	c.driftPolicies()
	c.approvalPolicies()
	c.rollouts()
	c.windows()
	for _, s := range s.Schedules {
		c.selector(s.Document, s.Spec.Devices)
	}
}

func (c *checker) add(d Diagnostic) { *c.out = append(*c.out, d) }

// uniqueNames reports documents of one kind and name.
func (c *checker) uniqueNames() {
	type key struct {
		kind Kind
		name string
	}
	first := map[key]*Document{}
	for _, d := range c.all {
		k := key{d.Kind, d.Name}
		if f := first[k]; f != nil {
			c.add(d.errorAt(CodeNameTwice, At{"metadata", "name"}, "there are two %ss with the name %q", d.Kind, d.Name).
				WithRelated(f.position("metadata", "name"), "first here"))
			continue
		}
		first[k] = d
	}
}

// position is Source for a place anywhere in the document.
func (d *Document) position(at ...any) tree.Source {
	n := d.node(at)
	return tree.Source{File: d.file.name, Line: n.Line, Column: n.Column}
}

func (c *checker) fabricCount() {
	if c.Fabric == nil && !c.lost {
		d := c.all[0]
		g := d.file.diagnoseAt(SeverityError, CodeNoFabric, 0, 0, 0, "there is no Fabric document, so nothing can be numbered")
		g.File = ""
		c.add(g.WithHint("tenter init --from-clab TOPOLOGY writes one, docs/intents.md has an example; is this the directory of the intents?"))
	}
	for _, f := range c.fabrics[min(1, len(c.fabrics)):] {
		c.add(f.errorAt(CodeManyFabrics, At{"metadata", "name"}, "a second Fabric: one directory of intents holds one fabric").
			WithRelated(c.Fabric.position("metadata", "name"), "first here"))
	}
}

// reference reports a name that leads to no document, and returns the document.
func reference[S any](c *checker, from *Document, at At, to Kind, docs []*Doc[S], name string) *Doc[S] {
	if name == "" {
		return nil
	}
	d := find(docs, name)
	if d == nil && !c.lost {
		c.add(from.Errorf(CodeDangling, at, "there is no %s %q", to, name).WithHint("%s", nearest(name, names(docs))))
	}
	return d
}

func (c *checker) device(from *Document, at At, name DeviceName) *Device {
	return reference(c, from, at, KindDevice, c.Devices, string(name))
}

// selector reports selectors that choose nothing, and names in them that lead nowhere.
func (c *checker) selector(from *Document, sel *Selector) {
	if sel == nil {
		return
	}
	ok := true
	for i, n := range sel.Names {
		ok = c.device(from, At{"devices", "names", i}, n) != nil && ok
	}
	if ok && len(c.Select(sel)) == 0 && !c.lost {
		c.add(from.Errorf(CodeNothing, At{"devices"}, "the selector matches no device").WithHint("%s", c.labelHint(sel.Labels)))
	}
}

// labelHint says which values a label really has.
func (c *checker) labelHint(labels map[string]string) string {
	for _, k := range sortedKeys(labels) {
		var values []string
		for _, d := range c.Devices {
			if v, ok := d.Labels[k]; ok {
				values = append(values, v)
			}
		}
		if len(values) == 0 {
			return fmt.Sprintf("no device has the label %q", k)
		}
		if h := nearest(labels[k], values); h != "" {
			return fmt.Sprintf("label %q: %s", k, h)
		}
	}
	return ""
}
