// Package backup keeps whole configurations of devices as files, and reads them back.
//
// A file is JSON: who the device was, when it was read, and every leaf of its configuration in canonical order, so that two
// backups of one state differ in nothing but the time. It holds no secret: of a secret leaf it has the digest that only the
// store that made it can compare. A file that was altered is refused.
package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

// FormatVersion is the version of a file's form. It grows when a reader of the old form would misread the new one.
const FormatVersion = 1

// A File is one device's configuration as it was at one moment.
type File struct {
	FormatVersion int               `json:"format_version"`
	Device        intent.DeviceName `json:"device"`
	Taken         time.Time         `json:"taken"`
	Identity      view.Identity     `json:"identity"` // with the software that it ran
	Profile       string            `json:"profile"`
	Generation    string            `json:"generation,omitempty"` // of the intents in force
	Problems      []string          `json:"problems,omitempty"`   // what no schema explained, and so is not in it
	Sum           string            `json:"sum"`                  // SHA-256 of the leaves
	Leaves        []Leaf            `json:"leaves"`
}

// A Leaf is one leaf with its value, as in RFC 7951; or with a digest of it, where that is secret; or with the order of a
// list's entries.
type Leaf struct {
	Path    string          `json:"path"`
	Value   json.RawMessage `json:"value,omitempty"`
	Secret  string          `json:"secret,omitempty"`
	Entries []string        `json:"entries,omitempty"`
}

// Fill puts a configuration into the file. digest returns a value as it may be kept, which is another one where it is
// secret.
func (f *File) Fill(t *tree.Tree, digest func(path.Path, schema.Value) schema.Value) error {
	f.FormatVersion, f.Leaves = FormatVersion, make([]Leaf, 0, t.Len())
	for l := range t.All() {
		out := Leaf{Path: l.Path.String()}
		v := digest(l.Path, l.Value)
		n, _ := t.Table().Roots().Node(l.Path)
		switch {
		case v != l.Value:
			out.Secret = v.Text()
		case v.Kind() == schema.KindKeys:
			out.Entries = v.Entries()
		case n.Kind() != schema.Leaf && n.Kind() != schema.LeafList:
			out.Value = json.RawMessage("{}") // a presence container
		default:
			text, err := json.Marshal(n.JSON(v))
			if err != nil {
				return fmt.Errorf("%s: %w", out.Path, err)
			}
			out.Value = text
		}
		f.Leaves = append(f.Leaves, out)
	}
	sum, err := f.sum()
	f.Sum = sum
	return err
}

// sum hashes the leaves in their shortest form.
func (f *File) sum() (string, error) {
	h := sha256.New()
	for _, l := range f.Leaves {
		text, err := json.Marshal(l)
		if err != nil {
			return "", err
		}
		var short bytes.Buffer
		if err := json.Compact(&short, text); err != nil {
			return "", err
		}
		_, _ = h.Write(append(short.Bytes(), '\n')) // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// JSON returns the file's bytes, a leaf a line.
func (f *File) JSON() ([]byte, error) {
	head := *f
	head.Leaves = []Leaf{}
	text, err := json.MarshalIndent(head, "", "  ")
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.Write(bytes.TrimSuffix(text, []byte("[]\n}")))
	b.WriteString("[")
	for i, l := range f.Leaves {
		line, err := json.Marshal(l)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n    ")
		b.Write(line)
	}
	b.WriteString("\n  ]\n}\n")
	return b.Bytes(), nil
}

// Parse reads a file's bytes. The error says what is wrong with the file, and never what is in it.
func Parse(data []byte) (*File, error) {
	var f File
	d := json.NewDecoder(bytes.NewReader(data))
	if err := d.Decode(&f); err != nil {
		return nil, fmt.Errorf("this is no backup: %w", err)
	}
	switch {
	case f.FormatVersion == 0:
		return nil, errors.New("this is no backup: it has no format_version")
	case f.FormatVersion > FormatVersion:
		return nil, fmt.Errorf("the backup has the format_version %d, and this Tenter knows up to %d", f.FormatVersion, FormatVersion)
	case f.Device == "":
		return nil, errors.New("this is no backup: it names no device")
	}
	sum, err := f.sum()
	if err != nil {
		return nil, fmt.Errorf("this is no backup: %w", err)
	}
	if sum != f.Sum {
		return nil, errors.New("the backup was altered, or is not whole: its leaves have another sum than it says")
	}
	return &f, nil
}

// Tree returns the configuration as a tree of a table, and what of it the table's schemas do not know. The value of a secret
// is its digest.
func (f *File) Tree(table *tree.Table) (*tree.Tree, []tree.Problem) {
	b, roots := tree.NewBuilder(table), table.Roots()
	var problems []tree.Problem
	for _, l := range f.Leaves {
		if err := l.set(b, roots); err != nil {
			problems = append(problems, tree.Problem{Path: l.Path, Reason: err.Error()})
		}
	}
	return b.Build(), problems
}

// errValue does not quote the value.
var errValue = errors.New("the device's schema does not take the value that it had")

func (l Leaf) set(b *tree.Builder, roots *schema.Roots) error {
	p, err := path.Parse(l.Path)
	if err == nil {
		p, err = roots.Normalize(p)
	}
	if err != nil {
		return err
	}
	n, ok := roots.Node(p)
	if !ok || !n.Config() {
		return errValue
	}
	var v schema.Value
	switch {
	case l.Secret != "":
		v = schema.StringValue(l.Secret)
	case len(l.Entries) > 0:
		if !n.OrderedByUser() || n.Kind() != schema.List {
			return errValue
		}
		v = schema.KeysValue(l.Entries)
	case n.Presence():
		v = schema.Presence
	default:
		var text any
		d := json.NewDecoder(strings.NewReader(string(l.Value)))
		d.UseNumber()
		if d.Decode(&text) != nil {
			return errValue
		}
		if v, err = n.Canonical(text); err != nil {
			return errValue
		}
	}
	if err := b.Set(tree.Leaf{Path: p, Value: v}); err != nil {
		return errValue
	}
	return nil
}
