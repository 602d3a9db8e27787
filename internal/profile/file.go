package profile

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tenter-net/tenter/internal/suggest"
)

// around are the keys of a file that are not fields of the profile.
var around = []string{"extends", "sources", "why"}

// A reason says why a field has its value.
type reason struct {
	Says   string `yaml:"says"`
	Source string `yaml:"source"` // a name in sources
	Seen   bool   `yaml:"seen"`   // on a device
}

// A head is what a file says about its values.
type head struct {
	Extends string            `yaml:"extends"`
	Sources map[string]string `yaml:"sources"` // title and address, by a short name
	Why     map[string]reason `yaml:"why"`     // by field, or by what the fields are in
}

// A document is all that a file may hold.
type document struct {
	Head    head    `yaml:",inline"`
	Profile Profile `yaml:",inline"`
}

// A file is one profile as written.
type file struct {
	name   string
	doc    *yaml.Node // empty for a file of comments
	head   head
	places map[string]string
}

// parse checks what one file can be checked for alone. The error joins every mistake as "file:line: what".
func parse(name string, data []byte) (*file, error) {
	f := &file{name: name, doc: &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}}
	var doc yaml.Node
	if err := yaml.Load(data, &doc); err != nil {
		return nil, located(name, err)
	}
	if doc.Kind == yaml.DocumentNode && len(doc.Content) == 1 && doc.Content[0].ShortTag() != "!!null" {
		f.doc = doc.Content[0]
	}
	if f.doc.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s:%d: a profile is a mapping of fields", name, f.doc.Line)
	}
	places, errs := placesOf(f.doc, name)
	f.places = places
	trial := document{Profile: *defaults()}
	if err := f.doc.Load(&trial, yaml.WithKnownFields()); err != nil {
		errs = append(errs, elsewhere(errs, located(name, err)))
	}
	f.head = trial.Head
	errs = append(errs, f.checkReasons()...)
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return f, nil
}

// checkReasons reports reasons for what is no field, and sources that are not there.
func (f *file) checkReasons() []error {
	var errs []error
	names := fieldNames()
	for field, r := range f.head.Why {
		at := fmt.Sprintf("%s:%d: why", f.name, f.line("why", field))
		if !slices.ContainsFunc(names, func(n string) bool { return under(n, field) }) {
			errs = append(errs, fmt.Errorf("%s: %s", at, unknownField(field, names)))
		}
		if r.Says == "" {
			errs = append(errs, fmt.Errorf("%s: %s: says must not be empty", at, field))
		}
		if _, known := f.head.Sources[r.Source]; r.Source != "" && !known {
			var sources []string
			for s := range f.head.Sources {
				sources = append(sources, s)
			}
			errs = append(errs, fmt.Errorf("%s: %s: source %q is not in sources; %s", at, field, r.Source, suggest.Hint(r.Source, sources)))
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errs
}

// apply puts the file's fields, and the reasons for them, in place of those of p.
func (f *file) apply(p *Profile) error {
	if err := f.doc.Load(p); err != nil {
		return located(f.name, err)
	}
	for field, at := range f.places {
		p.places[field] = at
		delete(p.reasons, field) // it was of the value that was there
	}
	fields := make([]string, 0, len(f.head.Why))
	for field := range f.head.Why {
		fields = append(fields, field)
	}
	slices.SortFunc(fields, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	for _, field := range fields { // the one of a field after the one of what it is in
		r := f.head.Why[field]
		r.Source = f.head.Sources[r.Source]
		for _, name := range fieldNames() {
			_, set := f.places[name]
			_, explained := p.reasons[name]
			if name == field || under(name, field) && (set || !explained) {
				p.reasons[name] = r
			}
		}
	}
	return nil
}

// line returns the line of a key, 1 if it is not there.
func (f *file) line(keys ...string) int {
	n, line := f.doc, 1
	for _, key := range keys {
		found := false
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content) && !found; i += 2 {
			if n.Content[i].Value == key {
				line, n, found = n.Content[i].Line, n.Content[i+1], true
			}
		}
	}
	return line
}

// elsewhere leaves out the mistakes at lines of which something better is said.
func elsewhere(said []error, err error) error {
	var rest []string
	for line := range strings.Lines(err.Error()) {
		line = strings.TrimSpace(line)
		if !slices.ContainsFunc(said, func(e error) bool {
			at, _, _ := strings.Cut(e.Error(), ": ")
			return strings.HasPrefix(line, at+": ")
		}) {
			rest = append(rest, line)
		}
	}
	if len(rest) == 0 {
		return nil
	}
	return errors.New(strings.Join(rest, "\n"))
}

func unknownField(name string, known []string) string {
	text := fmt.Sprintf("unknown field %q", name)
	if h := suggest.Hint(name, known); h != "" {
		text += "; " + h
	}
	return text
}

// located puts file and line in front of each mistake.
func located(file string, err error) error {
	many, ok := errors.AsType[*yaml.LoadErrors](err)
	if !ok {
		if one, ok := errors.AsType[*yaml.LoadError](err); ok {
			return fmt.Errorf("%s:%d: %s", file, one.Mark.Line, worded(one.Message))
		}
		return fmt.Errorf("%s: %w", file, err)
	}
	errs := make([]error, len(many.Errors))
	for i, e := range many.Errors {
		errs[i] = fmt.Errorf("%s:%d: %s", file, e.Mark.Line, worded(e.Message))
	}
	return errors.Join(errs...)
}

// notThat is how the parser says that a value has the wrong type: a tag, the value if it is a scalar, a Go type.
var notThat = regexp.MustCompile("^cannot construct !!([a-z]+) (?:`(.*)` )?into (.+)$")

// worded says in the words of a file what the parser says in those of Go.
func worded(message string) string {
	m := notThat.FindStringSubmatch(message)
	if m == nil {
		return message
	}
	found := map[string]string{"map": "a mapping", "seq": "a list"}[m[1]]
	if found == "" {
		found = strconv.Quote(m[2])
	}
	want := m[3]
	switch {
	case want == "time.Duration":
		want = "a duration such as 60s or 5m"
	case want == "bool":
		want = "true or false"
	case want == "string":
		want = "a text"
	case strings.HasPrefix(want, "int") || strings.HasPrefix(want, "uint"):
		want = "a number"
	case strings.HasPrefix(want, "[]"):
		want = "a list"
	default:
		return found + " does not belong here"
	}
	return fmt.Sprintf("%s where %s belongs", found, want)
}
