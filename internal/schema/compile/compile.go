// Package compile turns a directory of YANG modules into a compact schema.
//
// It promises to fail closed: a missing import, an augment or deviation whose target is not there, a reference to an
// unknown typedef, grouping, identity or feature is an error that names file and line, for a schema that lacks a
// deviation would allow paths that the device refuses. A module that its vendor does not publish has to be named
// (Options.Missing), and Report.LeftOut then lists every augment and deviation that was left out for it. The YANG parser is goyang's; groupings, refine, augments,
// deviations, features and types are resolved here, since goyang's entries (v1.6.3) drop refine, augment and when
// under uses, when on augments, deviations of must, if-feature and inverted patterns. What the schema cannot enforce
// is named in Report.Unhandled. The same modules give the same bytes.
package compile

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/schema"
)

// Options say what to compile. The zero value compiles every module of the directory with every feature.
type Options struct {
	Name    string   // the schema's name, "openconfig"
	Version string   // of the models, "v5.9.0"
	Modules []string // patterns (path.Match) of module names; what they import is compiled too. Empty means all
	Skip    []string // patterns of modules whose nodes, augments and deviations are left out: only imported, or tools
	Roots   []string // top-level nodes to keep; references out of them keep their type. Empty means all
	// Missing names modules that are imported and that nobody publishes. Augments and deviations of their nodes are left
	// out; every other use of them is still an error, and so is a name that is there or that nothing imports.
	Missing []string
	// Prune names nodes, "/system/aaa", that are left out with all in them, as if they were state, or one of two nodes that
	// have a name in common by its module, "/top/vendor:mtu", so that the name means the other. One that is not there is an
	// error; references to them keep their type.
	Prune []string
	// Features says whether the device supports a feature; nil means it supports all.
	Features func(module, feature string) bool
}

// A Report says what a schema was compiled from.
type Report struct {
	Name      string   `json:"name"`
	Version   string   `json:"version"`
	Source    string   `json:"source,omitempty"` // the public repository, filled in by who knows it
	Roots     []string `json:"roots,omitempty"`
	Modules   []string `json:"modules"`           // name@revision, sorted
	Nodes     int      `json:"nodes"`             // configuration nodes
	Missing   []string `json:"missing,omitempty"` // modules that were said to be missing, sorted
	LeftOut   []string `json:"leftOut,omitempty"` // augments and deviations of their nodes, with file and line, sorted
	Pruned    []string `json:"pruned,omitempty"`  // nodes that were left out because somebody said so, sorted
	Unhandled []string `json:"unhandled,omitempty"`
	SHA256    string   `json:"sha256"` // of the compiled schema
	Files     []File   `json:"files"`  // sorted by path
}

// A File is a YANG file that was read.
type File struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
}

type compiler struct {
	opts       Options
	src        *sources
	modules    []*module // sorted by name
	root       *node
	identities []*identity
	identity   map[string]*identity // by module:name
	image      schema.Image
	types      map[string]int
	unhandled  map[string]int
	leftOut    []string
	pruned     map[string]*node // what Options.Prune names, once it is found; no node for one of two
	following  int              // how deep leafrefs refer to leafrefs
}

// Dir compiles the YANG files of a directory tree and returns the schema's bytes, which schema.Load reads.
func Dir(fsys fs.FS, opts Options) (*Report, []byte, error) {
	src, err := findSources(fsys, opts.Missing)
	if err != nil {
		return nil, nil, err
	}
	c := &compiler{opts: opts, src: src, types: map[string]int{}, unhandled: map[string]int{}, pruned: map[string]*node{}}
	if err := c.load(); err != nil {
		return nil, nil, err
	}
	if len(c.modules) == 0 {
		return nil, nil, errors.New("no YANG modules")
	}
	if err := c.compile(); err != nil {
		return nil, nil, err
	}
	data := c.image.Marshal()
	if _, err := schema.Load(data); err != nil {
		return nil, nil, fmt.Errorf("check what was compiled: %w", err)
	}
	return c.report(data), data, nil
}

// load reads the wanted modules and what they import.
func (c *compiler) load() error {
	var errs []error
	for _, pattern := range c.opts.Modules {
		if !slices.ContainsFunc(c.src.names(), func(name string) bool { return matches([]string{pattern}, name) }) {
			errs = append(errs, fmt.Errorf("module %q is not there", pattern))
		}
	}
	for _, name := range c.src.names() {
		if (len(c.opts.Modules) == 0 || matches(c.opts.Modules, name)) && !matches(c.opts.Skip, name) {
			errs = append(errs, c.src.load(name))
		}
	}
	errs = append(errs, c.checkMissing()...)
	for _, name := range slices.Sorted(slices.Values(c.src.order)) {
		m := c.src.modules[name]
		m.skipped = matches(c.opts.Skip, name)
		c.modules = append(c.modules, m)
	}
	return errors.Join(errs...)
}

func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, err := path.Match(p, name)
		return ok && err == nil
	})
}

// bodies yields the module and submodule texts whose nodes, augments and deviations count.
func (c *compiler) bodies(yield func(*module, *statement) bool) {
	for _, m := range c.modules {
		for _, t := range m.texts {
			if !m.skipped && !yield(m, t.body) {
				return
			}
		}
	}
}

func (c *compiler) compile() error {
	if err := c.resolveIdentities(); err != nil {
		return err
	}
	c.root = &node{kind: kindContainer}
	for m, body := range c.bodies {
		if err := c.children(c.root, body, m); err != nil {
			return err
		}
	}
	if err := c.augmentAll(); err != nil {
		return err
	}
	if err := c.deviateAll(); err != nil {
		return err
	}
	if err := c.checkPruned(); err != nil {
		return err
	}
	return c.emit()
}

func (c *compiler) report(data []byte) *Report {
	r := &Report{
		Name: c.opts.Name, Version: c.opts.Version, Roots: c.opts.Roots, Nodes: len(c.image.Nodes),
		SHA256: sum(data),
	}
	r.Missing, r.Pruned = sorted(c.opts.Missing), sorted(c.opts.Prune)
	r.LeftOut = sorted(c.leftOut)
	for _, m := range c.modules {
		r.Modules = append(r.Modules, m.name+"@"+m.revision)
		r.Files = append(r.Files, m.files...)
	}
	for text, n := range c.unhandled {
		r.Unhandled = append(r.Unhandled, fmt.Sprintf("%s (%d×)", text, n))
	}
	slices.Sort(r.Unhandled)
	slices.SortFunc(r.Files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return r
}

func sorted(texts []string) []string { return slices.Sorted(slices.Values(texts)) }

// note counts something that the schema does not enforce.
func (c *compiler) note(format string, args ...any) { c.unhandled[fmt.Sprintf(format, args...)]++ }
