package compile

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/openconfig/goyang/pkg/yang"
)

// A module is a parsed module with its submodules merged in.
type module struct {
	name, revision string
	files          []File
	texts          []*text // the module's own first
	top            *scope
	features       map[string]*statement
	skipped        bool // see Options.Skip
}

// A text is one file's module or submodule: where prefixes are resolved.
type text struct {
	mod      *module
	body     *statement
	prefix   string
	prefixes map[string]string // prefix -> module name
}

// sources finds the files of a directory by module name.
type sources struct {
	fsys    fs.FS
	files   map[string][]string
	modules map[string]*module
	order   []string        // as loaded
	missing map[string]bool // by Options.Missing; true once it is imported
}

func findSources(fsys fs.FS, missing []string) (*sources, error) {
	s := &sources{fsys: fsys, files: map[string][]string{}, modules: map[string]*module{}, missing: map[string]bool{}}
	for _, name := range missing {
		s.missing[name] = false
	}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && path.Ext(name) == ".yang" {
			base, _, _ := strings.Cut(strings.TrimSuffix(path.Base(name), ".yang"), "@")
			s.files[base] = append(s.files[base], name)
		}
		return err
	})
	return s, err
}

func (s *sources) names() []string {
	var names []string
	for name := range s.files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// parse reads the file of a module or submodule; of several, the one with the newest revision.
func (s *sources) parse(name string) (*statement, File, error) {
	var best *statement
	var file File
	for _, f := range s.files[name] {
		data, err := fs.ReadFile(s.fsys, f)
		if err != nil {
			return nil, file, err
		}
		parsed, err := yang.Parse(string(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))), f)
		if err != nil {
			return nil, file, fmt.Errorf("%s: %w", f, err)
		}
		if len(parsed) != 1 {
			return nil, file, fmt.Errorf("%s: %d statements, want one module", f, len(parsed))
		}
		st := convert(parsed[0])
		if st.arg != name {
			return nil, file, fmt.Errorf("%s: holds %s %q", f, st.keyword, st.arg)
		}
		if best != nil && revision(best) >= revision(st) {
			continue
		}
		sum := sha256.Sum256(data)
		best, file = st, File{Path: f, SHA256: hex.EncodeToString(sum[:])}
	}
	if best == nil {
		return nil, file, fmt.Errorf("module %q is not there", name)
	}
	return best, file, nil
}

func convert(s *yang.Statement) *statement {
	out := &statement{keyword: s.Keyword, arg: s.Argument, at: s.Location()}
	for _, sub := range s.SubStatements() {
		out.subs = append(out.subs, convert(sub))
	}
	return out
}

func revision(s *statement) string {
	newest := ""
	for _, r := range s.all("revision") {
		newest = max(newest, r.arg)
	}
	return newest
}

// load parses a module, its submodules and all that they import. A missing import is an error unless it was said to be
// missing: whatever that module deviates or augments would silently not happen.
func (s *sources) load(name string) error {
	if s.modules[name] != nil {
		return nil
	}
	body, file, err := s.parse(name)
	if err != nil {
		return err
	}
	if body.keyword != "module" {
		return nil // a submodule comes with its module
	}
	if body.value("namespace") == "" {
		return body.errorf("module %q has no namespace", name)
	}
	m := &module{name: name, revision: revision(body), files: []File{file}, top: newScope(nil), features: map[string]*statement{}}
	s.modules[name] = m
	if err := s.addText(m, body, map[string]bool{}); err != nil {
		return err
	}
	s.order = append(s.order, name)
	for _, t := range m.texts {
		for _, imp := range t.body.all("import") {
			if _, missing := s.missing[imp.arg]; missing {
				s.missing[imp.arg] = true
				continue
			}
			if err := s.load(imp.arg); err != nil {
				return imp.errorf("import: %w", err)
			}
			if want := imp.value("revision-date"); want != "" && s.modules[imp.arg].revision < want {
				return imp.errorf("import %s of %s: only %s is there", imp.arg, want, s.modules[imp.arg].revision)
			}
		}
	}
	return nil
}

// addText adds a module's or submodule's text and, recursively, what it includes.
func (s *sources) addText(m *module, body *statement, seen map[string]bool) error {
	t := &text{mod: m, body: body, prefixes: map[string]string{}}
	t.prefix = body.value("prefix")
	if b := body.find("belongs-to"); b != nil {
		t.prefix = b.value("prefix")
		if b.arg != m.name {
			return b.errorf("belongs to %s, included by %s", b.arg, m.name)
		}
	}
	t.prefixes[t.prefix] = m.name
	m.texts = append(m.texts, t)
	for _, imp := range body.all("import") {
		t.prefixes[imp.value("prefix")] = imp.arg
	}
	body.place(t, m.top)
	body.scope = m.top
	if err := body.define(); err != nil {
		return err
	}
	for _, f := range body.all("feature") {
		m.features[f.arg] = f
	}
	for _, inc := range body.all("include") {
		if seen[inc.arg] {
			continue
		}
		seen[inc.arg] = true
		sub, file, err := s.parse(inc.arg)
		if err != nil {
			return inc.errorf("include: %w", err)
		}
		m.files = append(m.files, file)
		if err := s.addText(m, sub, seen); err != nil {
			return err
		}
	}
	return nil
}
