package adopt

import (
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/tenter-net/tenter/internal/infer/edit"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/tree"
)

// A proposal is an edit that may do.
type proposal struct {
	Edit
	text     []byte // of the whole file
	stated   bool   // the document states the value in so many words
	override bool   // a field of the device's own document that is there to differ from what is derived
	// again proposes another number, where this one made the leaf be got.
	again func(got string) (proposal, bool)
}

// A document is one that is looked at for edits.
type document struct {
	file string
	text *edit.Text
	root *yaml.Node
}

// find returns the document of a kind and a name; in any file if none is named.
func (s *search) find(file, kind, name string) (document, bool) {
	for _, in := range sortedNames(s.files) {
		if file != "" && file != in {
			continue
		}
		text, err := edit.Parse(s.files[in])
		if err != nil {
			continue
		}
		for _, d := range text.Documents() {
			k, m := edit.Get(d, "kind"), edit.Get(edit.Get(d, "metadata"), "name")
			if k != nil && m != nil && k.Value == kind && m.Value == name {
				return document{in, text, d}, true
			}
		}
	}
	return document{}, false
}

func sortedNames(files map[string][]byte) []string {
	names := make([]string, 0, len(files))
	for n := range files {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// proposals are edits that may make the intents want what the device has, the likeliest first.
func (s *search) proposals(f Finding, value string, from tree.Source) iter.Seq[proposal] {
	return func(yield func(proposal) bool) {
		of, ok := s.find(from.File, from.Kind, from.Name)
		if !ok {
			return
		}
		if f.After == "" {
			of.removals(value, from, yield)
			return
		}
		if !of.substitutions(f, value, from, yield) {
			return
		}
		if !of.insertions(f, from.Kind, false, yield) {
			return
		}
		if own, ok := s.find("", string(intent.KindDevice), string(s.Device)); ok && !(from.Kind == string(intent.KindDevice) && from.Name == string(s.Device)) {
			own.insertions(f, string(intent.KindDevice), true, yield)
		}
	}
}

// A place is a node with the way to it.
type place struct {
	node   *yaml.Node
	parent *yaml.Node
	index  int // among the parent's entries
	name   string
}

// places lists the values below a node, first those at and under a position.
func (d document) places(near tree.Source) []place {
	var out []place
	var walk func(n *yaml.Node, name string)
	walk = func(n *yaml.Node, name string) {
		step := 1
		if n.Kind == yaml.MappingNode {
			step = 2
		}
		for i := 0; i+step <= len(n.Content); i += step {
			v, at := n.Content[i+step-1], fmt.Sprintf("%s[%d]", name, i)
			if step == 2 {
				at = strings.TrimPrefix(name+"."+n.Content[i].Value, ".")
			}
			out = append(out, place{v, n, i / step, at})
			walk(v, at)
		}
	}
	walk(d.root, "")
	var first, rest []place
	for _, p := range out {
		switch {
		case !strings.HasPrefix(p.name, "spec") && !strings.HasPrefix(p.name, "metadata.name"):
		case p.node.Line == near.Line && p.node.Column >= near.Column:
			first = append(first, p)
		default:
			rest = append(rest, p)
		}
	}
	return append(first, rest...)
}

func (d document) edit(what string, line int, text []byte, err error) (proposal, bool) {
	return proposal{Edit: Edit{File: d.file, Line: line, What: what}, text: text}, err == nil
}

// substitutions put the device's value in place of what the document says.
func (d document) substitutions(f Finding, value string, from tree.Source, yield func(proposal) bool) bool {
	seen := map[string]bool{}
	for _, pass := range []bool{true, false} { // what says it in so many words goes first
		for _, p := range d.places(from) {
			if p.node.Kind != yaml.ScalarNode || strings.HasPrefix(p.name, "metadata") {
				continue
			}
			for _, alt := range alternatives(p.node.Value, value, f.After) {
				key := p.name + "\x00" + alt.value
				if alt.stated != pass || alt.value == p.node.Value || seen[key] {
					continue
				}
				seen[key] = true
				text, err := d.text.Replace(p.node, alt.value)
				out, ok := d.edit(fmt.Sprintf("%s: %s -> %s", p.name, oneLine(p.node.Value), oneLine(alt.value)), p.node.Line, text, err)
				out.stated = alt.stated
				if ok && !yield(out) {
					return false
				}
			}
		}
	}
	return true
}

// oneLine is a text of several lines as people are shown it.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

type alternative struct {
	value  string
	stated bool
}

// alternatives are what a scalar may say for the leaf to be after instead of before.
func alternatives(scalar, before, after string) []alternative {
	var out []alternative
	add := func(v string, stated bool) { out = append(out, alternative{v, stated}) }
	switch {
	case scalar == before:
		add(after, true)
	case len(before) > 1 && strings.Contains(scalar, before):
		add(strings.Replace(scalar, before, after, 1), true)
	case strings.EqualFold(scalar, before):
		add(strings.ToLower(after), true)
	}
	if isBool(scalar) && isBool(before) && isBool(after) {
		add(strconv.FormatBool(scalar != "true"), false)
	}
	b, errB := strconv.ParseInt(before, 10, 64)
	a, errA := strconv.ParseInt(after, 10, 64)
	if errB != nil || errA != nil {
		return out
	}
	if d, err := time.ParseDuration(scalar); err == nil && d > 0 && b > 0 && int64(d)%b == 0 {
		add(time.Duration(int64(d)/b*a).String(), true) // 300ms is 300000 microseconds
	}
	if n, err := strconv.ParseInt(scalar, 10, 64); err == nil && n != b {
		add(strconv.FormatInt(n+a-b, 10), false) // an MTU with its headers
	}
	// 10.0.0.1/24 is an address and the length 24.
	if address, length, ok := strings.Cut(scalar, "/"); ok && length == before {
		add(address+"/"+after, true)
	}
	return out
}

func isBool(s string) bool { return s == "true" || s == "false" }

// insertions say what the document leaves to a default or to a rule.
func (d document) insertions(f Finding, kind string, override bool, yield func(proposal) bool) bool {
	i := slices.IndexFunc(intent.Kinds(), func(k intent.KindInfo) bool { return string(k.Kind) == kind })
	spec := edit.Get(d.root, "spec")
	if i < 0 || spec == nil {
		return true
	}
	return d.insertInto(place{node: spec, name: "spec"}, intent.Kinds()[i].Spec, f, func(p proposal) bool {
		p.override = override
		return yield(p)
	})
}

// insertInto proposes the fields that a type has and a place does not, there and below it.
func (d document) insertInto(at place, t reflect.Type, f Finding, yield func(proposal) bool) bool {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || at.node.Kind != yaml.MappingNode {
		return true
	}
	for i := range t.NumField() {
		field := t.Field(i)
		key, opts, _ := strings.Cut(field.Tag.Get("json"), ",")
		if key == "" || key == "-" {
			continue
		}
		if have := edit.Get(at.node, key); have != nil {
			if !d.insertInto(place{node: have, name: at.name + "." + key}, field.Type, f, yield) {
				return false
			}
			continue
		}
		if opts != "omitempty" {
			continue
		}
		insert := func(v string) (proposal, bool) {
			as := edit.Scalar(v)
			if isText(field.Type) {
				as = edit.String(v)
			}
			text, err := d.text.Insert(at.node, key, as)
			return d.edit(fmt.Sprintf("%s.%s: %s", at.name, key, v), at.node.Line, text, err)
		}
		for _, v := range values(field, f.After) {
			out, ok := insert(v)
			if isNumber(field.Type) {
				out.again = func(got string) (proposal, bool) {
					wrong, err := strconv.ParseInt(got, 10, 64)
					right, _ := strconv.ParseInt(v, 10, 64)
					if err != nil || wrong == right {
						return proposal{}, false
					}
					return insert(strconv.FormatInt(2*right-wrong, 10)) // what is added to it on the way is taken off: the headers of a frame
				}
			}
			if ok && !yield(out) {
				return false
			}
		}
	}
	return true
}

// values are what a field that is absent may say.
func values(f reflect.StructField, after string) []string {
	t := f.Type
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t.Kind() == reflect.Bool:
		return []string{"true", "false"}
	case strings.Contains(f.Tag.Get("jsonschema"), "enum="):
		var out []string
		for part := range strings.SplitSeq(f.Tag.Get("jsonschema"), ",") {
			if v, ok := strings.CutPrefix(part, "enum="); ok {
				out = append(out, v)
			}
		}
		return out
	case isNumber(t):
		if _, err := strconv.ParseInt(after, 10, 64); err != nil {
			return nil
		}
		return []string{after}
	case t.Kind() == reflect.String || t.Kind() == reflect.Struct && t.PkgPath() == "net/netip":
		return []string{after}
	}
	return nil
}

func isText(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.String
}

func isNumber(t reflect.Type) bool { return t.Kind() >= reflect.Int && t.Kind() <= reflect.Uint64 }

// removals take out entries that say the value, from the innermost outwards.
func (d document) removals(value string, from tree.Source, yield func(proposal) bool) {
	all := d.places(from)
	for _, stated := range []bool{true, false} {
		for _, p := range all {
			says := p.node.Kind == yaml.ScalarNode && (p.node.Value == value || len(value) > 1 && strings.Contains(p.node.Value, value)) ||
				p.node.Line == from.Line && p.node.Column == from.Column
			if says != stated || !strings.HasPrefix(p.name, "spec.") {
				continue
			}
			text, err := d.text.Remove(p.parent, p.index)
			out, ok := d.edit("without "+p.name, p.node.Line, text, err)
			out.stated = stated
			if ok && !yield(out) {
				return
			}
		}
	}
}
