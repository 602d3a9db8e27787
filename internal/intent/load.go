package intent

import (
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// Options tells Load what the files themselves don't say.
type Options struct {
	Commit string // git commit that the files are from, empty outside git
	Author string // of the commit
}

// Load reads every .yaml and .yml file of fsys, in directories below it too, and returns the documents with everything
// that is wrong with them. Names that start with a dot are left out, as git's own are. The Set is never nil.
func Load(fsys fs.FS, opts Options) (*Set, Diagnostics) {
	files, err := ReadFiles(fsys)
	if err != nil {
		return &Set{}, Diagnostics{{Severity: SeverityError, Code: CodeUnreadable, About: CodeUnreadable.about(), Message: err.Error()}}
	}
	return LoadFiles(files, opts)
}

// ReadFiles returns the files that Load would read, by their path in fsys. One that is too large is cut off right
// after the limit, so that LoadFiles can say so.
func ReadFiles(fsys fs.FS) (map[string][]byte, error) {
	files := map[string][]byte{}
	err := fs.WalkDir(fsys, ".", func(p string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case strings.HasPrefix(e.Name(), ".") && p != ".":
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		case e.IsDir(), path.Ext(p) != ".yaml" && path.Ext(p) != ".yml":
			return nil
		}
		info, err := fs.Stat(fsys, p) // before opening, for opening a pipe would wait
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s is no regular file", p)
		}
		f, err := fsys.Open(p)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }() // read only: nothing is lost
		files[p], err = io.ReadAll(io.LimitReader(f, maxFile+1))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read intents: %w", err)
	}
	return files, nil
}

// LoadFiles is Load for files that were read before, such as those of a stored generation.
func LoadFiles(files map[string][]byte, opts Options) (*Set, Diagnostics) {
	l := &loader{set: &Set{}}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		l.file(name, files[name], opts)
	}
	if !l.lost && len(l.set.all) == 0 {
		l.out = append(l.out, Diagnostic{
			Severity: SeverityError, Code: CodeNoIntents, About: CodeNoIntents.about(), Message: "no intents: there is no document in any .yaml or .yml file",
			Hint: "the folder intents of Tenter's repository has an example to start from",
		})
		return l.set, l.out
	}
	l.set.index()
	check(l.set, &l.out, l.lost)
	return l.set, l.out.Sort()
}

type loader struct {
	set  *Set
	out  Diagnostics
	lost bool // a document could not be read, so what seems to be missing may be in there
}

func (l *loader) file(name string, text []byte, opts Options) {
	f := newFile(name, text, opts)
	switch {
	case len(text) > maxFile:
		l.lost = true
		l.out = append(l.out, f.diagnoseAt(SeverityError, CodeTooLarge, 1, 1, 1, fmt.Sprintf("the file is larger than %d bytes", maxFile)).WithHint("split it: documents may be in any number of files"))
		return
	case !utf8.Valid(text):
		l.lost = true
		for i, line := range f.lines {
			if at := invalid(line); at > 0 {
				l.out = append(l.out, f.diagnoseAt(SeverityError, CodeNotUTF8, i+1, at, 1, "this is not UTF-8 text"))
				return
			}
		}
	}
	for _, c := range f.chunks() {
		l.chunk(f, c)
	}
}

// A Metadata is what a document is called.
type Metadata struct {
	// Unique within the kind: lower-case letters, digits and inner hyphens.
	Name string `json:"name"`
	// For selectors; a device's label role says spine or leaf.
	Labels map[string]string `json:"labels,omitempty"`
	// For people and tools, of no meaning to Tenter.
	Annotations map[string]string `json:"annotations,omitempty"`
}

func (l *loader) document(f *file, c chunk, n *yaml.Node) {
	f.mark(n)
	f.hideSecrets(n, false)
	d := &decoder{file: f, out: &l.out}
	if n.Kind != yaml.MappingNode {
		l.lost = true
		d.errorf(CodeNotAMapping, n, "a document is a mapping with apiVersion, kind, metadata and spec")
		return
	}
	if d.exotic(n) {
		l.lost = true
		return
	}
	doc := &Document{file: f, chunk: c, root: n}
	info, ok := d.header(n, doc)
	if !ok {
		l.lost = true
		return
	}
	l.set.all = append(l.set.all, doc)
	spec := info.add(l.set, doc)
	if _, body := lookup(n, "spec"); body != nil {
		d.value(body, reflect.ValueOf(spec).Elem(), rules{}, "spec of "+string(doc.Kind))
	}
}

// header reads everything but the spec. Not ok means that the document cannot be told from any other.
func (d *decoder) header(n *yaml.Node, doc *Document) (info KindInfo, ok bool) {
	top := fieldSet{list: []field{{name: "apiVersion"}, {name: "kind"}, {name: "metadata"}, {name: "spec"}}}
	seen := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if !d.key(k, seen) {
			continue
		}
		switch k.Value {
		case "apiVersion":
			if v.Value != APIVersion {
				d.errorf(CodeAPIVersion, v, "apiVersion %s is not known", d.file.quote(v)).Hint = "write apiVersion: " + APIVersion
			}
		case "kind":
			info, ok = d.kindOf(v)
		case "metadata":
			var m Metadata
			d.value(v, reflect.ValueOf(&m).Elem(), rules{}, "metadata")
			if _, at := lookup(v, "name"); at != nil && m.Name != "" {
				if err := checkName(m.Name); err != nil {
					d.errorf(CodeBadName, at, "the name %q cannot be used: %s", m.Name, err)
				}
			}
			doc.Name, doc.Labels, doc.Annotations = m.Name, m.Labels, m.Annotations
		case "spec":
		default:
			d.unknownKey(k, "a document", top)
		}
	}
	for _, f := range top.list {
		if seen[f.name] == nil {
			d.errorf(CodeMissingKey, n, "the document lacks the mandatory key %q", f.name)
		}
	}
	doc.Kind = info.Kind
	return info, ok && doc.Name != ""
}

func (d *decoder) kindOf(v *yaml.Node) (KindInfo, bool) {
	var names []string
	for _, k := range Kinds() {
		if v.Kind == yaml.ScalarNode && v.Value == string(k.Kind) {
			return k, true
		}
		names = append(names, string(k.Kind))
	}
	d.errorf(CodeUnknownKind, v, "unknown kind %s", d.file.quote(v)).Hint = nearest(v.Value, names)
	return KindInfo{}, false
}

const writeOut = "write the value out where it is used; what devices share is chosen by labels"

// exotic reports YAML that would give a value two positions or a meaning of its own.
func (d *decoder) exotic(n *yaml.Node) bool {
	found := true
	switch {
	case n.Kind == yaml.AliasNode:
		d.errorf(CodeAnchor, n, "an alias cannot be used in an intent")
	case n.Anchor != "":
		d.errorf(CodeAnchor, n, "an anchor cannot be used in an intent")
	case n.ShortTag() == "!!merge":
		d.errorf(CodeAnchor, n, "a merge key cannot be used in an intent")
	case n.Style&yaml.TaggedStyle != 0:
		d.errorf(CodeAnchor, n, "a tag cannot be used in an intent")
	default:
		found = false
	}
	if found {
		(*d.out)[len(*d.out)-1].Hint = writeOut
	}
	if n.Kind != yaml.AliasNode {
		for _, c := range n.Content {
			found = d.exotic(c) || found
		}
	}
	return found
}
