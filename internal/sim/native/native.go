// Package native holds what simulated devices know of their vendors' YANG: goyang's own entry trees, read ahead of
// time by generate, so that neither building nor running the simulator needs the modules.
//
// A tree has the configuration nodes of a vendor's published modules with their types, keys, choices and limits, and the
// state leaves that stand beside configuration; published deviations are applied. What it cannot tell: goyang leaves out
// must and when expressions, unique, and if-feature (every feature is there but those that generate names); refine and
// augments under uses occur only in what generate leaves out, and it fails where they do not.
// Trees are read-only.
package native

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the trees
	"encoding/json"
	"fmt"
	"sync"

	"github.com/openconfig/goyang/pkg/yang"
)

//go:generate go run ./generate .

//go:embed srlinux.json.gz
var srlinux []byte

//go:embed eos.json.gz
var eos []byte

// SRLinux returns the tree of SR Linux's native modules, read once.
var SRLinux = sync.OnceValues(func() (*Tree, error) { return load("srlinux", srlinux) })

// EOS returns the tree of EOS: OpenConfig with Arista's augments and deviations, and /arista, read once.
var EOS = sync.OnceValues(func() (*Tree, error) { return load("eos", eos) })

// A Kind tells what a node is. Choices and cases are not nodes: see Node.In.
type Kind uint8

// The kinds of nodes.
const (
	Container Kind = iota
	List
	Leaf
	LeafList
)

// A Tree is the nodes of one device's modules.
type Tree struct {
	Version string  // of the published models
	Modules []Model // sorted by name
	Types   []Type  // each once
	Roots   []*Node
}

// A Model is one YANG module of the tree.
type Model struct{ Name, Namespace, Organization, Revision string }

// A Node is one schema node.
type Node struct {
	Name     string   `json:"n"`
	Module   int      `json:"m"` // index into Tree.Modules
	Kind     Kind     `json:"k,omitempty"`
	Keys     []string `json:"key,omitempty"` // of a list, in YANG order
	Ordered  bool     `json:"ord,omitempty"` // ordered-by user
	Presence bool     `json:"pres,omitempty"`
	State    bool     `json:"ro,omitempty"`   // config false
	Must     bool     `json:"must,omitempty"` // mandatory, and no when can take that away
	When     bool     `json:"when,omitempty"` // a container that a condition may take away
	In       []Case   `json:"in,omitempty"`   // the choices and cases between the node and its parent, outermost first
	Choose   []string `json:"ch,omitempty"`   // mandatory choices directly in the node
	Min      uint64   `json:"min,omitempty"`
	Max      uint64   `json:"max,omitempty"` // 0 has no limit
	Default  []string `json:"d,omitempty"`
	Type     int      `json:"t,omitempty"` // of leaves: index into Tree.Types
	Kids     []*Node  `json:"c,omitempty"`
}

// A Case is one case of one choice.
type Case struct {
	Choice string `json:"o"`
	Case   string `json:"a"`
}

// A Type is a resolved leaf type as the file holds it.
type Type struct {
	Name     string   `json:"n,omitempty"`
	Kind     string   `json:"k"`           // YANG's name of the built-in type
	Range    string   `json:"r,omitempty"` // in goyang's form
	Length   string   `json:"l,omitempty"`
	Digits   int      `json:"f,omitempty"`
	Patterns []string `json:"p,omitempty"`
	Not      []string `json:"np,omitempty"` // patterns that must not match
	Names    []string `json:"e,omitempty"`  // of enums, bits or identities ("module:name")
	Path     string   `json:"ref,omitempty"`
	Optional bool     `json:"opt,omitempty"` // require-instance false
	Members  []int    `json:"u,omitempty"`   // of a union

	yang *yang.YangType
}

// YANG returns the type as goyang has it, but for POSIXPattern: there stand the patterns that must not match, for which
// goyang has no place.
func (t *Type) YANG() *yang.YangType { return t.yang }

func load(name string, packed []byte) (*Tree, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("schema of %s: %w", name, err)
	}
	t := &Tree{}
	if err := json.NewDecoder(r).Decode(t); err != nil {
		return nil, fmt.Errorf("schema of %s: %w", name, err)
	}
	for i := range t.Types {
		if err := t.restore(i); err != nil {
			return nil, fmt.Errorf("schema of %s: type %s: %w", name, t.Types[i].Name, err)
		}
	}
	return t, nil
}

// restore makes goyang's type again. A union's members stand before it.
func (t *Tree) restore(i int) error {
	in := &t.Types[i]
	kind, ok := yang.TypeKindFromName[in.Kind]
	if !ok {
		return fmt.Errorf("kind %q", in.Kind)
	}
	out := &yang.YangType{Name: in.Name, Kind: kind, FractionDigits: in.Digits, Pattern: in.Patterns, POSIXPattern: in.Not, Path: in.Path, OptionalInstance: in.Optional}
	var err error
	switch {
	case in.Range == "":
	case kind == yang.Ydecimal64:
		out.Range, err = yang.ParseRangesDecimal(in.Range, uint8(in.Digits))
	default:
		out.Range, err = yang.ParseRangesInt(in.Range)
	}
	if err == nil && in.Length != "" {
		out.Length, err = yang.ParseRangesInt(in.Length)
	}
	switch kind {
	case yang.Yenum, yang.Ybits:
		names := yang.NewEnumType()
		for i, n := range in.Names {
			if setErr := names.Set(n, int64(i)); setErr != nil {
				err = setErr
			}
		}
		if out.Enum = names; kind == yang.Ybits {
			out.Enum, out.Bit = nil, names
		}
	case yang.Yidentityref:
		out.IdentityBase = &yang.Identity{Name: in.Name}
		for _, n := range in.Names {
			out.IdentityBase.Values = append(out.IdentityBase.Values, &yang.Identity{Name: n})
		}
	}
	for _, m := range in.Members {
		if m >= i {
			return fmt.Errorf("a member stands behind its union")
		}
		out.Type = append(out.Type, t.Types[m].yang)
	}
	in.yang = out
	return err
}
