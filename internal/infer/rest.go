package infer

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/infer/edit"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// A remark is what a Config document says of one path.
type remark struct {
	path path.Path
	text string // after the path: "value: 9000", "omit: true", "valueFrom: {secret: x}"
	over bool   // it overrides another document
}

// rest adds Config documents for what the documents so far do not say, or say otherwise. Devices of which the same is to
// be said share a document.
func (g *guesser) rest(c Compiled, mute map[string]bool) {
	type group struct {
		devices []string
		remarks []remark
	}
	where := map[string][]string{} // devices by remark
	said := map[string]remark{}
	var order []string
	for _, d := range g.devices {
		for _, r := range g.remarks(d, c, mute) {
			key := fmt.Sprint(d.Dialect, r.path.Origin, r.over, r.path, r.text)
			if _, known := said[key]; !known {
				said[key], order = r, append(order, key)
			}
			where[key] = append(where[key], d.name)
		}
	}
	groups := map[string]*group{}
	var keys []string
	for _, key := range order {
		r := said[key]
		id := fmt.Sprint(strings.Join(where[key], " "), "|", r.path.Origin, r.over)
		if groups[id] == nil {
			groups[id], keys = &group{devices: where[key]}, append(keys, id)
		}
		groups[id].remarks = append(groups[id].remarks, r)
	}
	slices.SortStableFunc(keys, func(a, b string) int { return cmp.Compare(len(groups[b].devices), len(groups[a].devices)) })
	for _, id := range keys {
		g.add(g.config(groups[id].devices, groups[id].remarks))
	}
}

// config writes one Config document.
func (g *guesser) config(devices []string, remarks []remark) *doc {
	first := g.devices[slices.IndexFunc(g.devices, func(d *seen) bool { return d.name == devices[0] })]
	one := !slices.ContainsFunc(g.devices, func(d *seen) bool { return d.Dialect != first.Dialect })
	name, notes := "rest", []string(nil)
	if remarks[0].over {
		name, notes = "exceptions", []string{"Where these devices are other than the documents above come to."}
	}
	var b strings.Builder
	if !one || len(devices) < len(g.devices) {
		fmt.Fprintf(&b, "  devices: {names: %s}\n", list(devices))
		name += "-of-" + strings.Join(devices, "-")
	}
	fmt.Fprintf(&b, "  dialect: %s\n", first.Dialect)
	if remarks[0].over {
		b.WriteString("  priority: 1\n")
	}
	if o := remarks[0].path.Origin; o != (&intent.ConfigSpec{Dialect: first.Dialect}).Tree() && o != path.OpenConfig {
		fmt.Fprintf(&b, "  origin: %s\n", o)
	}
	b.WriteString("  leaves:\n")
	for _, r := range remarks {
		fmt.Fprintf(&b, "    - {path: %s, %s}\n", edit.Quoted(pathText(r.path)), r.text)
	}
	return &doc{file: fileRest, kind: "Config", name: g.unique("Config", name), notes: notes, spec: b.String()}
}

// pathText returns a path without its origin.
func pathText(p path.Path) string {
	return path.Path{Origin: path.OpenConfig, Elems: p.Elems}.String()
}

// remarks are what is to be said of a device besides.
func (g *guesser) remarks(d *seen, c Compiled, mute map[string]bool) []remark {
	var sets []tree.Leaf
	var out []remark
	omitted := map[string]bool{}
	for ch := range tree.Diff(c.Desired(d.name), d.Tree) {
		muted := mute[d.name+ch.Path.String()]
		switch {
		case ch.After.Kind() == schema.KindKeys || ch.Before.Kind() == schema.KindKeys:
		case ch.After == "":
			at := keyed(d.Tree, ch.Path)
			if text := at.String(); !omitted[text] {
				omitted[text] = true
				out = append(out, remark{path: at, text: "omit: true", over: true})
			}
		case muted:
		case ch.Before != "":
			out = append(out, remark{path: ch.Path, text: g.valueText(d, tree.Leaf{Path: ch.Path, Value: ch.After}), over: true})
		case d.Spared(ch.Path) || byDefault(d.Tree, tree.Leaf{Path: ch.Path, Value: ch.After}):
		default:
			sets = append(sets, tree.Leaf{Path: ch.Path, Value: ch.After})
		}
	}
	for _, l := range withoutImplied(inSequence(d.Tree, sets)) {
		out = append(out, remark{path: l.Path, text: g.valueText(d, l)})
	}
	return out
}

// inSequence puts the leaves of user-ordered lists into the order of their entries, which a Config document gives by
// naming one after the other.
func inSequence(t *tree.Tree, leaves []tree.Leaf) []tree.Leaf {
	sequences := map[string][]string{}
	for l := range t.All() {
		if l.Value.Kind() == schema.KindKeys {
			sequences[l.Path.String()] = l.Value.Entries()
		}
	}
	if len(sequences) == 0 {
		return leaves
	}
	slices.SortStableFunc(leaves, func(a, b tree.Leaf) int {
		for i := range min(len(a.Path.Elems), len(b.Path.Elems)) {
			x, y := a.Path.Elems[i], b.Path.Elems[i]
			if path.CompareElem(x, y) == 0 {
				continue
			}
			if x.Name == y.Name {
				list := path.Path{Origin: a.Path.Origin, Elems: append(slices.Clone(a.Path.Elems[:i]), path.Elem{Name: x.Name})}
				if s := sequences[list.String()]; s != nil {
					return cmp.Compare(slices.Index(s, strings.TrimPrefix(x.String(), x.Name)), slices.Index(s, strings.TrimPrefix(y.String(), y.Name)))
				}
			}
			return path.CompareElem(x, y)
		}
		return cmp.Compare(len(a.Path.Elems), len(b.Path.Elems))
	})
	return leaves
}

// withoutImplied leaves out the leaves that only repeat the key of an entry, where another leaf names the entry.
func withoutImplied(leaves []tree.Leaf) []tree.Leaf {
	named := map[string]bool{}
	for _, l := range leaves {
		if entry, key := repeats(l); !key {
			for i, e := range l.Path.Elems {
				if len(e.Keys) > 0 {
					named[path.Path{Origin: l.Path.Origin, Elems: l.Path.Elems[:i+1]}.String()] = true
				}
			}
		} else if entry.Elems != nil { // its own entry is for another leaf to name, those around it are named by this
			for i, e := range entry.Elems[:len(entry.Elems)-1] {
				if len(e.Keys) > 0 {
					named[path.Path{Origin: l.Path.Origin, Elems: entry.Elems[:i+1]}.String()] = true
				}
			}
		}
	}
	return slices.DeleteFunc(leaves, func(l tree.Leaf) bool {
		entry, key := repeats(l)
		return key && named[entry.String()]
	})
}

// repeats reports whether a leaf only repeats a key of its entry, and returns the entry.
func repeats(l tree.Leaf) (path.Path, bool) {
	n := len(l.Path.Elems)
	for _, up := range []int{n - 2, n - 3} {
		if up < 0 || up == n-3 && l.Path.Elems[n-2].Name != "config" {
			continue
		}
		if v, ok := l.Path.Elems[up].Key(l.Path.Elems[n-1].Name); ok && (v == l.Value.Text() || v == plainText(l.Value)) {
			return path.Path{Origin: l.Path.Origin, Elems: l.Path.Elems[:up+1]}, true
		}
	}
	return path.Path{}, false
}

// valueText writes a value as a Config document has it: a secret by a name that Tenter must be given.
func (g *guesser) valueText(d *seen, l tree.Leaf) string {
	n, _ := d.Tree.Table().Roots().Node(l.Path)
	if (d.Secret(l.Path) || g.hush[d.name+l.Path.String()]) && n.Kind() == schema.Leaf {
		name := slug(d.name + " " + strings.Join(tail(l.Path), " "))
		for i, base := 2, name; g.secrets[name] != ""; i++ {
			name = fmt.Sprintf("%s-%d", base, i)
		}
		g.secrets[name] = l.Value.Text()
		return "valueFrom: {secret: " + name + "}"
	}
	if n.Kind() != schema.Leaf && n.Kind() != schema.LeafList {
		return "value: {}" // a presence container
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(n.JSON(l.Value)); err != nil {
		return "value: " + edit.Quoted(l.Value.Text())
	}
	text := strings.TrimSuffix(b.String(), "\n")
	if s, ok := n.JSON(l.Value).(string); ok {
		text = edit.Quoted(s)
	}
	return "value: " + text
}

// tail names a leaf in a few words: the keys and the name at its end.
func tail(p path.Path) []string {
	var out []string
	for _, e := range p.Elems[max(0, len(p.Elems)-4):] {
		for _, k := range e.Keys {
			out = append(out, k.Value)
		}
	}
	return append(out, p.Last().Name)
}

// silence mutes the leaves of Config documents that a mistake is in, and reports whether there were any. A mistake that says
// that a leaf is secret makes it one.
func (g *guesser) silence(diags intent.Diagnostics, mute map[string]bool) bool {
	found := false
	for _, x := range diags {
		d := g.docAt(x.File, x.Line)
		if x.Severity != intent.SeverityError || d == nil || d.kind != string(intent.KindConfig) {
			continue
		}
		lines := strings.Split(d.spec, "\n")
		at := x.Line - d.last + len(lines) - 2
		if at < 0 || at >= len(lines) {
			continue
		}
		for _, s := range g.devices {
			for l := range s.Tree.All() {
				if strings.Contains(lines[at], "{path: "+edit.Quoted(pathText(l.Path))+",") {
					list := mute
					if x.Code == intent.CodeSecret && !g.hush[s.name+l.Path.String()] {
						list = g.hush
					}
					found = found || !list[s.name+l.Path.String()]
					list[s.name+l.Path.String()] = true
				}
			}
		}
	}
	return found
}
