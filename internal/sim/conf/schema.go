// Package conf is a simulated device's configuration: an immutable tree of values kept as they were received.
//
// What the device knows of YANG it takes from ygot's generated structs (package oc), where ytypes decides what it
// accepts, or from goyang's entry trees of a vendor's modules (package native), where native.go and restrict.go decide;
// nothing here is shared with the product that the simulator is there to contradict.
// A Tree never changes; an Edit makes the next one, sharing every node that it did not touch, so that a
// refused edit costs nothing to undo and two trees are compared in time proportional to their difference.
// Trees may be read by any number of goroutines.
package conf

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/openconfig/goyang/pkg/yang"

	"github.com/tenter-net/tenter/internal/sim/native"
	"github.com/tenter-net/tenter/internal/sim/oc"
)

// A Kind tells what a schema node holds.
type Kind uint8

// The kinds of schema nodes; choices and cases are flattened away.
const (
	Container Kind = iota
	List
	Leaf
	LeafList
)

// A Dialect names whose modules a schema is made of.
type Dialect string

// The dialects.
const (
	DialectOpenConfig Dialect = "openconfig" // OpenConfig as published
	DialectSRLinux    Dialect = "srlinux"    // SR Linux's own modules
	DialectEOS        Dialect = "eos"        // OpenConfig as Arista deviates and augments it, and CLI lines
)

// A Schema is one node of the device's YANG schema. It is read-only.
type Schema struct {
	Dialect  Dialect // of the root
	Name     string
	Module   string
	Kind     Kind
	Keys     []string // of a list, in YANG order
	Ordered  bool     // ordered-by user
	Presence bool
	State    bool // config false
	Twin     bool // in a tree where config containers have state containers beside them
	Default  []string
	Parent   *Schema
	Kids     map[string]*Schema

	declared *yang.YangType // of a leaf, as the module has it
	typ      *yang.YangType // of a leaf, leafrefs resolved

	entry   *yang.Entry  // where ytypes judges
	goType  reflect.Type // the generated struct of a container or a list's entry
	rules   *native.Node // where the rules of a native tree do
	limited bool         // some of those say what must be there, or how much may
}

// TypeName returns the name that the module gives the type of a leaf, a typedef's or a built-in one; empty for what is none.
func (s *Schema) TypeName() string {
	if s.declared == nil {
		return ""
	}
	return s.declared.Name
}

// OpenConfig returns the schema of a device that implements OpenConfig as published, read once.
var OpenConfig = sync.OnceValues(func() (*Schema, error) {
	s := oc.Schema()
	t := reflect.TypeOf(s.Root).Elem()
	entry := s.SchemaTree[t.Name()]
	if entry == nil {
		return nil, fmt.Errorf("schema of the simulated device: no root %q", t.Name())
	}
	root := &Schema{Dialect: DialectOpenConfig, Kind: Container, Presence: true, Twin: true, entry: entry, goType: t}
	root.fill()
	root.resolve()
	return root, nil
})

// fill adds the children that the generated struct has.
func (s *Schema) fill() {
	s.Kids = make(map[string]*Schema, s.goType.NumField())
	for i := range s.goType.NumField() {
		field := s.goType.Field(i)
		name := field.Tag.Get("path")
		entry := child(s.entry, name)
		if name == "" || entry == nil {
			continue
		}
		kid := &Schema{
			Name: name, Twin: true, Module: field.Tag.Get("module"), Parent: s, entry: entry, Default: entry.Default,
			Presence: field.Tag.Get("yangPresence") == "true", declared: entry.Type,
		}
		switch {
		case entry.IsLeafList():
			kid.Kind = LeafList
		case entry.IsLeaf():
			kid.Kind = Leaf
		case entry.IsList():
			kid.Kind, kid.Keys = List, strings.Fields(entry.Key)
			kid.goType = elem(field.Type)
			kid.Ordered = entry.ListAttr != nil && entry.ListAttr.OrderedByUser || isOrderedMap(field.Type)
		default:
			kid.goType = elem(field.Type)
		}
		s.Kids[name] = kid
		if kid.goType != nil {
			kid.fill()
		}
	}
}

// child finds a child entry, looking through choices and cases as ygot's structs do.
func child(e *yang.Entry, name string) *yang.Entry {
	if c := e.Dir[name]; c != nil && !c.IsChoice() && !c.IsCase() {
		return c
	}
	for _, c := range e.Dir {
		if c.IsChoice() || c.IsCase() {
			if found := child(c, name); found != nil {
				return found
			}
		}
	}
	return nil
}

// elem returns the struct type inside a field's pointer, map, slice or ordered map.
func elem(t reflect.Type) reflect.Type {
	switch t.Kind() {
	case reflect.Map, reflect.Slice:
		return elem(t.Elem())
	case reflect.Pointer:
		if m, ok := t.MethodByName("Values"); ok && isOrderedMap(t) {
			return elem(m.Type.Out(0))
		}
		return t.Elem()
	}
	return t
}

func isOrderedMap(t reflect.Type) bool {
	return t.Kind() == reflect.Pointer && strings.HasSuffix(t.Elem().Name(), "_OrderedMap")
}

// resolve replaces leafrefs by the type they point at.
func (s *Schema) resolve() {
	for _, kid := range s.Kids {
		if kid.Kind == Leaf || kid.Kind == LeafList {
			kid.typ = kid.follow(0)
		}
		kid.resolve()
	}
}

// follow returns the type of a leaf, through at most a few leafrefs.
func (s *Schema) follow(depth int) *yang.YangType {
	t := s.declared
	if t.Kind != yang.Yleafref || depth > 8 {
		return t
	}
	if target := s.target(t.Path); target != nil {
		return target.follow(depth + 1)
	}
	return t
}

// target returns the schema node that a leafref's path names, or nil where it is outside of the
// configuration.
func (s *Schema) target(path string) *Schema {
	at := s
	if strings.HasPrefix(path, "/") {
		for at.Parent != nil {
			at = at.Parent
		}
	}
	for _, step := range splitLeafref(path) {
		if step.name == ".." {
			at = at.Parent
		} else {
			at = at.Kids[step.name]
		}
		if at == nil {
			return nil
		}
	}
	if at.Kind != Leaf && at.Kind != LeafList || at.State {
		return nil
	}
	return at
}

// Path returns the schema path, for messages.
func (s *Schema) Path() string {
	var names []string
	for at := s; at.Parent != nil; at = at.Parent {
		names = append(names, at.Name)
	}
	slices.Reverse(names)
	return "/" + strings.Join(names, "/")
}

// ownKeys tells whether the entries of a list hold their keys themselves, and so are something with nothing else in
// them. OpenConfig's keys only refer to leaves in "config".
func (s *Schema) ownKeys() bool {
	config := s.Kids["config"]
	return s.Kind == List && len(s.Keys) > 0 && (config == nil || config.Kids[s.Keys[0]] == nil)
}

// isKey tells whether a leaf is a key of the list it stands in.
func (s *Schema) isKey() bool {
	return s.Kind == Leaf && s.Parent != nil && s.Parent.Kind == List && slices.Contains(s.Parent.Keys, s.Name)
}
