package render_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	gocmp "github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	"github.com/tenter-net/tenter/intents"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/render"
	"github.com/tenter-net/tenter/internal/tree"
)

// A coverage is what one field of the intents comes to, shown by a change of the example.
type coverage struct {
	Field string            `yaml:"field"`
	File  string            `yaml:"file"`
	Old   string            `yaml:"old"`
	New   string            `yaml:"new"`
	Also  *replacement      `yaml:"also"`  // together with it
	Given *replacement      `yaml:"given"` // before and after alike, where the example says too little
	Why   string            `yaml:"why"`   // nothing is rendered of it, in any dialect
	None  map[string]string `yaml:"none"`  // why a dialect renders nothing of it
}

type replacement struct {
	File string `yaml:"file"` // the change's own if absent
	Old  string `yaml:"old"`
	New  string `yaml:"new"`
}

// configured are the kinds that say what devices have; the others say what Tenter does.
var configured = []string{"fabric", "device", "vrf", "vlan", "port", "bgppeer", "routepolicy", "system", "config"}

// coveragePage is the table that users read.
const coveragePage = "../../docs/coverage.md"

// TestCoverage changes every field of the intents, one at a time, in every dialect: the change must reach the devices'
// leaves or be refused with a diagnostic. A field that does neither must say why.
func TestCoverage(t *testing.T) {
	var cases []coverage
	data, err := os.ReadFile("testdata/coverage.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Load(data, &cases, yaml.WithKnownFields()); err != nil {
		t.Fatal(err)
	}
	allFieldsHaveCase(t, cases)
	dialects := slices.DeleteFunc(render.Dialects(), func(d string) bool { return d == "native" })
	rows := make([][]string, len(cases))
	notes := &notes{}
	for i := range cases {
		rows[i] = []string{"`" + cases[i].Field + "`"}
	}
	for _, d := range dialects {
		example := speaking(t, d)
		for i, c := range cases {
			rows[i] = append(rows[i], c.outcome(t, d, example, notes))
		}
	}
	page := coverageText(dialects, rows, notes)
	if *update {
		if err := os.WriteFile(coveragePage, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(coveragePage)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(string(want), page); diff != "" {
		t.Errorf("(-%s +now; -update if it is meant)\n%s", coveragePage, diff)
	}
}

// outcome says what a dialect makes of a field.
func (c coverage) outcome(t *testing.T, dialect string, base spoken, notes *notes) string {
	t.Helper()
	if c.Why != "" {
		return notes.add("–", c.Why)
	}
	var edits []replacement
	if c.Given != nil {
		edits = append(edits, *c.Given)
		base = speaking(t, dialect, edits...)
	}
	edits = append(edits, replacement{c.File, c.Old, c.New})
	if c.Also != nil {
		edits = append(edits, replacement{cmp.Or(c.Also.File, c.File), c.Also.Old, c.Also.New})
	}
	after := speaking(t, dialect, edits...)
	gaps := after.news(base)
	switch {
	case after.leaves != base.leaves && len(gaps) == 0:
		return "rendered"
	case after.leaves != base.leaves:
		return notes.add("in part", strings.Join(gaps, "; "))
	case len(gaps) > 0:
		return notes.add("refused", strings.Join(gaps, "; "))
	case c.None[dialect] != "":
		return notes.add("–", c.None[dialect])
	}
	t.Errorf("%s: %s says nothing of it: neither a leaf nor a diagnostic", c.Field, dialect)
	return "nothing"
}

// spoken is what a dialect makes of the intents.
type spoken struct {
	leaves string // of all devices
	gaps   map[string]int
}

// news are the diagnostics that are new or were said of something else before: devices and values left out.
func (s spoken) news(before spoken) []string {
	var out []string
	for _, g := range slices.Sorted(maps.Keys(s.gaps)) {
		if s.gaps[g] > before.gaps[g] {
			out = append(out, g)
		}
	}
	return out
}

// speaking renders the example, with all devices of one dialect, after some edits.
func speaking(t *testing.T, dialect string, edits ...replacement) spoken {
	t.Helper()
	files := fstest.MapFS{}
	names, err := fs.Glob(intents.Files, "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := fs.ReadFile(intents.Files, name)
		if err != nil {
			t.Fatal(err)
		}
		text := string(data)
		for _, e := range edits {
			if e.File == name {
				text = replaced(t, text, e)
			}
		}
		if dialect != "openconfig" {
			text = strings.ReplaceAll(text, "dialect: openconfig, profile: openconfig-sim", "dialect: "+dialect)
			text = withoutConfig(text)
		}
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	set, diags := intent.Load(files, intent.Options{})
	if diags.HasErrors() {
		t.Fatalf("%+v:\n%s", edits, diags.Text())
	}
	f, diags := fabric.Compile(set, nil)
	if diags.HasErrors() {
		t.Fatalf("%+v:\n%s", edits, diags.Text())
	}
	results, diags := render.NewCompiler(options(t)).Compile(f)
	s := spoken{gaps: map[string]int{}}
	for _, d := range diags {
		s.gaps[gapOf(d)]++
	}
	var b strings.Builder
	for _, r := range results {
		for l := range r.Desired.All() {
			b.WriteString(line(r, l))
		}
	}
	s.leaves = b.String()
	return s
}

// address matches what differs between diagnostics that say the same.
var address = regexp.MustCompile(`\b[0-9a-f]+[.:][0-9a-f.:/]+\b`)

// gapOf is what a diagnostic says, without the path and value that it says it of.
func gapOf(d intent.Diagnostic) string {
	message := d.Message
	if strings.HasPrefix(message, "/") || strings.Contains(message, ":/") {
		if i := strings.LastIndex(message, "]: "); i > 0 {
			message = message[i+len("]: "):]
		}
	}
	return string(d.Code) + ": " + address.ReplaceAllString(message, "…")
}

func line(r *render.Result, l tree.Leaf) string {
	return fmt.Sprintf("%s %s = %s\n", r.Device, l.Path, l.Value.Text())
}

func replaced(t *testing.T, text string, r replacement) string {
	t.Helper()
	if !strings.Contains(text, r.Old) {
		t.Fatalf("%q: not in the example", r.Old)
	}
	return strings.Replace(text, r.Old, r.New, 1)
}

// withoutConfig leaves out Config documents, whose paths are of one dialect.
func withoutConfig(text string) string {
	docs := strings.Split(text, "\n---\n")
	docs = slices.DeleteFunc(docs, func(d string) bool { return strings.Contains(d, "\nkind: Config\n") })
	return strings.Join(docs, "\n---\n")
}

// allFieldsHaveCase reads the fields of the kinds from their JSON Schemas.
func allFieldsHaveCase(t *testing.T, cases []coverage) {
	t.Helper()
	have := map[string]bool{}
	for _, c := range cases {
		if have[c.Field] {
			t.Errorf("%s: twice", c.Field)
		}
		have[c.Field] = true
	}
	for _, kind := range configured {
		data, err := os.ReadFile(path.Join("../../schemas/intent", kind+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var root jsonSchema
		if err := json.Unmarshal(data, &root); err != nil {
			t.Fatal(err)
		}
		for _, f := range root.fields(&root, kind, nil) {
			if !strings.HasPrefix(f, kind+".spec.") {
				continue // what a document is called
			}
			if !have[f] {
				t.Errorf("%s: no case in testdata/coverage.yaml", f)
			}
			delete(have, f)
		}
	}
	for f := range have {
		t.Errorf("%s: a case for a field that there is not", f)
	}
}

// A jsonSchema is what of a JSON Schema tells the fields.
type jsonSchema struct {
	Ref        string                 `json:"$ref"`
	Defs       map[string]*jsonSchema `json:"$defs"`
	Properties map[string]*jsonSchema `json:"properties"`
	Items      *jsonSchema            `json:"items"`
}

func (s *jsonSchema) fields(root *jsonSchema, at string, seen []string) []string {
	switch {
	case s.Ref != "":
		name := path.Base(s.Ref)
		if slices.Contains(seen, name) {
			return nil
		}
		return root.Defs[name].fields(root, at, append(slices.Clone(seen), name))
	case len(s.Properties) > 0:
		var out []string
		for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
			out = append(out, s.Properties[name].fields(root, at+"."+name, seen)...)
		}
		return out
	case s.Items != nil:
		return s.Items.fields(root, at+"[]", seen)
	}
	return []string{at}
}

// notes are the footnotes of a table, each once.
type notes struct{ texts []string }

func (n *notes) add(word, text string) string {
	i := slices.Index(n.texts, text)
	if i < 0 {
		n.texts, i = append(n.texts, text), len(n.texts)
	}
	return fmt.Sprintf("%s [%d]", word, i+1)
}

func coverageText(dialects []string, rows [][]string, notes *notes) string {
	var b strings.Builder
	b.WriteString(`# What each dialect makes of each field

Every field of the intents that says what a device has, changed in the example fabric, and what came of it: *rendered* into the
device's configuration, *refused* with a diagnostic at the field's position, rendered *in part* with a diagnostic for the rest,
or not a matter of configuration (–). The numbers are the notes below. A test makes this page; a field that a dialect passed
over in silence would fail it. The kinds that are not here (` + "`Scope`, `DriftPolicy`, `ApprovalPolicy`, `Window`, `Schedule`" + `) say
what Tenter does.

`)
	fmt.Fprintf(&b, "| field | %s |\n|%s\n", strings.Join(dialects, " | "), strings.Repeat(" --- |", len(dialects)+1))
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(r, " | "))
	}
	b.WriteString("\n")
	for i, text := range notes.texts {
		fmt.Fprintf(&b, "%d. %s\n", i+1, text)
	}
	return b.String()
}
