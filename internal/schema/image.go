package schema

import "math"

// An Image is a compiled schema as it is stored: what the compiler writes and Load checks and reads.
type Image struct {
	Name       string // "openconfig"
	Version    string // "v5.9.0"
	Modules    []Module
	Identities []Identity // sorted by module and name
	Types      []Type     // without duplicates
	Choices    []Choice
	Nodes      []NodeSpec // preorder, siblings sorted by name; Nodes[0] is the root
}

// A Module is a compiled module, its newest revision and its XML namespace (RFC 7950, section 7.1.3).
type Module struct {
	Name, Revision, Namespace string
}

// An Identity is a YANG identity and, as numbers into Image.Identities, all that it is derived from.
type Identity struct {
	Module, Name string
	Ancestors    []int // transitive, sorted
}

// A Choice names the cases of a choice by the nodes that belong to them (NodeSpec.Choice and Case).
type Choice struct {
	Name      string
	Parent    int // the data node that the choice is in
	Mandatory bool
	Outer     int // 1 + the choice whose case holds this one, 0 for none
	OuterCase int
}

// Kind is the kind of a schema node.
type Kind uint8

// The kinds of schema nodes. A State node is config false: known, and nothing more.
const (
	Container Kind = iota
	List
	Leaf
	LeafList
	State
)

// String returns the YANG statement; there is none for state.
func (k Kind) String() string {
	return [...]string{"container", "list", "leaf", "leaf-list", "state"}[k]
}

// Flags of a NodeSpec.
const (
	FlagOrderedByUser = 1 << iota
	FlagPresence
	FlagMandatory
	FlagKey      // a key leaf of the list above it
	FlagKeyAlias // a key leaf that is a leafref to a leaf of its own entry, as all of OpenConfig's are
)

// A NodeSpec is one configuration node.
type NodeSpec struct {
	Name   string
	Module int // into Image.Modules
	Parent int // into Image.Nodes
	Kind   Kind
	Flags  uint8
	Type   int   // into Image.Types, of a leaf or leaf-list
	Choice int   // 1 + the choice that the node is in, 0 for none
	Case   int   // within the choice
	Attr   *Attr // what few nodes have
}

// An Attr holds the rarer properties of a node.
type Attr struct {
	Keys     []int    // of a list: its key leaves, in the order of the key statement
	State    []string // names of config false children, sorted
	Defaults []string // lexical, of a leaf one, of a leaf-list any number
	Min, Max uint64   // of a list or leaf-list; Max 0 is unbounded
	Unique   [][]int  // of a list: descendant leaves that together differ in every entry
	Must     []XPath  // conditions that hold where the node is
	When     []XPath  // conditions without which the node must not be

	keys, sorted []Node // Keys as nodes, and the same in the order of their names; made by link
}

// An XPath is an expression with module names for prefixes and patterns of re-match in Go's syntax, evaluated Up data
// nodes above the node that has it.
type XPath struct {
	Text string
	Up   int
}

// Base is a YANG built-in type (RFC 7950 §4.2.4).
type Base uint8

// The built-in types.
const (
	Int8 Base = iota
	Int16
	Int32
	Int64
	Uint8
	Uint16
	Uint32
	Uint64
	Decimal64
	String
	Bool
	Enumeration
	Identityref
	Bits
	Empty
	Binary
	Union
	Leafref
	InstanceIdentifier
	baseCount
)

var baseNames = [baseCount]string{
	"int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "decimal64",
	"string", "boolean", "enumeration", "identityref", "bits", "empty", "binary", "union", "leafref", "instance-identifier",
}

// String returns the name of the built-in type (RFC 7950, section 4.2.4).
func (b Base) String() string { return baseNames[b] }

// Integer reports whether b is one of the eight integer types.
func (b Base) Integer() bool { return b <= Uint64 }

// Limits returns the smallest and largest value of an integer type; a uint64's as its bits.
func (b Base) Limits() Range {
	switch b {
	case Int8, Int16, Int32, Int64:
		bits := 8 << b
		return Range{Min: math.MinInt64 >> (64 - bits), Max: math.MaxInt64 >> (64 - bits)}
	case Uint64:
		return Range{Max: -1}
	case Uint8, Uint16, Uint32:
		return Range{Max: 1<<(8<<(b-Uint8)) - 1}
	}
	return Range{Min: math.MinInt64, Max: math.MaxInt64}
}

// A Range is one part of a range or length statement, both ends included. Of uint64 and of lengths the ends are
// the bits of a uint64; of decimal64 they are scaled.
type Range struct{ Min, Max int64 }

// A Type is a resolved type: every restriction of its typedef chain is in it.
type Type struct {
	Base            Base
	Name            string    // the typedef or built-in name that the model uses
	Ranges          []Range   // integers, decimal64
	Lengths         []Range   // string, binary
	Patterns        []Pattern // string
	Fraction        int       // decimal64: fraction-digits
	Names           []string  // enumeration, bits: sorted
	Bases           []int     // identityref: into Image.Identities
	Members         []int     // union: into Image.Types, in order; leafref: the target's type
	Path            XPath     // leafref
	Target          int       // leafref: into Image.Nodes, 0 where the target is no configuration
	RequireInstance bool      // leafref, instance-identifier
}

// A Pattern is a regular expression in Go's syntax that must match all of a string, or must not.
type Pattern struct {
	Regexp string
	Invert bool
}
