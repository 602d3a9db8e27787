package settings

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"
	"time"

	"go.yaml.in/yaml/v4"
)

const maxFile = 1 << 20

// A place is where a value was said.
type place struct {
	file         string
	line, column int
	other        string // "environment NAME", "flag --name", "default" when it is no file
}

func (p place) String() string {
	if p.file == "" {
		return p.other
	}
	if p.line == 0 {
		return p.file
	}
	return fmt.Sprintf("%s:%d:%d", p.file, p.line, p.column)
}

// A document is a settings file that was read, with the place of every key in it.
type document struct {
	name   string
	data   []byte
	places map[string]place // "monitor.settle", "devices[0].address"
}

func readDocument(name string) (*document, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("settings file: %w", err)
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("settings file %s: larger than %d bytes", name, maxFile)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("settings file: %w", err)
	}
	return &document{name: name, data: data, places: map[string]place{}}, nil
}

// check walks the document beside the struct: it finds unknown and repeated keys and values of the wrong type, and
// notes where each key stands. viper alone would drop all of that.
func (d *document) check(ps *problems) {
	var root yaml.Node
	if err := yaml.Unmarshal(d.data, &root); err != nil {
		ps.add(place{file: d.name}, "", "", "%v", err)
		return
	}
	if root.Kind != yaml.DocumentNode || len(root.Content) == 0 {
		return // an empty file says nothing, which is allowed
	}
	d.walk(root.Content[0], reflect.TypeFor[Settings](), "", ps)
}

func (d *document) walk(n *yaml.Node, t reflect.Type, name string, ps *problems) {
	if n.Kind == yaml.AliasNode {
		ps.add(d.at(n), name, "write the value out", "aliases are not allowed")
		return
	}
	if isNull(n) {
		return // as if the key were not there
	}
	switch {
	case t.Kind() == reflect.Struct:
		d.walkStruct(n, t, name, ps)
	case t.Kind() == reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			ps.add(d.at(n), name, "", "must be a list")
			return
		}
		for i, item := range n.Content {
			at := fmt.Sprintf("%s[%d]", name, i)
			d.places[at] = d.at(item)
			d.walk(item, t.Elem(), at, ps)
		}
	case n.Kind != yaml.ScalarNode:
		ps.add(d.at(n), name, "", "must be one value, %s", describe(t))
	default:
		if err := checkScalar(t, n.Value); err != nil {
			ps.add(d.at(n), name, "", "%v", err)
		}
	}
}

func (d *document) walkStruct(n *yaml.Node, t reflect.Type, name string, ps *problems) {
	if n.Kind != yaml.MappingNode {
		ps.add(d.at(n), name, "", "must be a mapping of settings")
		return
	}
	fields := map[string]reflect.Type{}
	for i := range t.NumField() {
		if field := fieldName(t.Field(i)); field != "" {
			fields[field] = t.Field(i).Type
		}
	}
	var known []string
	for field := range fields {
		known = append(known, field)
	}
	slices.Sort(known)
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		full := k.Value
		if name != "" {
			full = name + "." + k.Value
		}
		switch field, ok := fields[k.Value]; {
		case !ok:
			ps.add(d.at(k), full, nearest(k.Value, known), "unknown key")
		case seen[k.Value]:
			ps.add(d.at(k), full, "", "said twice, first at %s", d.places[full])
		default:
			seen[k.Value] = true
			if !isNull(v) {
				d.places[full] = d.at(k)
			}
			d.walk(v, field, full, ps)
		}
	}
}

func (d *document) at(n *yaml.Node) place { return place{file: d.name, line: n.Line, column: n.Column} }

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// checkScalar reports whether text is a value of type t.
func checkScalar(t reflect.Type, text string) error {
	var err error
	switch {
	case t == reflect.TypeFor[time.Duration]():
		_, err = time.ParseDuration(text)
	case t.Kind() == reflect.Int:
		_, err = strconv.Atoi(text)
	case t.Kind() == reflect.Bool:
		if text != "true" && text != "false" {
			err = errors.New("not a boolean")
		}
	}
	if err != nil {
		return fmt.Errorf("%q is not %s", text, describe(t))
	}
	return nil
}

func describe(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "a duration such as 300ms or 5m"
	case t.Kind() == reflect.Int:
		return "a whole number"
	case t.Kind() == reflect.Bool:
		return "true or false"
	}
	return "a text"
}
