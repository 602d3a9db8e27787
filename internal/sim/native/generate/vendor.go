package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/openconfig/goyang/pkg/yang"

	"github.com/tenter-net/tenter/internal/sim/native"
)

// A vendor is one set of published modules.
type vendor struct {
	name    string
	version string
	dirs    []string // under YANG_DIR
	include []string // glob patterns of the modules that the device implements; others are read where imported
	exclude []string // that are not configuration
	roots   []string // "module:container", or "*" for every root of the included modules
	drop    []string // schema paths that are left out, with everything below
	state   []string // schema paths of state containers that are kept; state leaves beside configuration always are
	absent  []string // features that no device of this kind has
	missing []string // modules that the vendor imports and does not publish: what is said of their nodes is left out
}

func (v vendor) file() string { return v.name + ".json.gz" }

var vendors = []vendor{{
	name: "srlinux", version: "v25.3",
	dirs:    []string{"srlinux/srlinux-yang-models"},
	include: []string{"srl_nokia-*"},
	exclude: []string{"srl_nokia-tools-*"},
	roots:   []string{"*"},
	drop: []string{
		"/oam", "/subscriber-management", "/terminal-device", "/transport-security", "/qos", "/acl",
		"/network-instance/protocols/isis", "/network-instance/protocols/ospf", "/network-instance/protocols/ldp",
		"/network-instance/protocols/pim", "/network-instance/protocols/igmp", "/network-instance/protocols/mld",
		"/network-instance/protocols/pcep", "/network-instance/traffic-engineering-policies", "/system/gnsi",
	},
	state: []string{
		"/platform/chassis", "/system/information",
		"/network-instance/route-table/ipv4-unicast/route", "/network-instance/route-table/ipv6-unicast/route",
	},
	absent: []string{"platform-imgmt", "disabled", "future-0-0"},
}, {
	name: "eos", version: "EOS-4.36.1F",
	dirs:    []string{"eos/EOS-4.36.1F", "openconfig/third_party/ietf", "openconfig/release/models/optical-transport"},
	include: []string{"arista-*", "openconfig-*"},
	exclude: []string{"arista-rpc-*", "arista-cli", "openconfig-catalog*", "openconfig-module-catalog"},
	roots: []string{
		"openconfig-interfaces:interfaces", "openconfig-network-instance:network-instances",
		"openconfig-routing-policy:routing-policy", "openconfig-system:system", "openconfig-platform:components",
		"openconfig-lacp:lacp", "openconfig-lldp:lldp", "openconfig-bfd:bfd", "arista-exp-eos:arista",
	},
	missing: []string{"openconfig-hercules-interfaces", "openconfig-hercules-platform", "openconfig-hercules-qos", "openconfig-system-management"},
}}

// read makes a vendor's tree.
func (v vendor) read(root string) (*native.Tree, error) {
	modules := yang.NewModules()
	modules.ParseOptions.StoreUses = true
	files, err := v.files(root)
	if err != nil {
		return nil, err
	}
	var implemented []string
	for _, name := range sortedKeys(files) {
		modules.AddPath(filepath.Dir(files[name])) // where goyang finds what is imported
	}
	for _, name := range sortedKeys(files) {
		if !matches(v.include, name) {
			continue
		}
		text, err := os.ReadFile(files[name])
		if err != nil {
			return nil, err
		}
		if text, err = v.prepare(text, name); err != nil {
			return nil, err
		}
		if err := modules.Parse(string(text), name+".yang"); err != nil {
			return nil, err
		}
		implemented = append(implemented, name)
	}
	if errs := modules.Process(); len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	b := &builder{vendor: v, tree: &native.Tree{Version: v.version}, types: map[string]int{}, modules: map[string]int{}, byNamespace: map[string]*yang.Module{}}
	return b.build(modules, implemented)
}

// files finds the newest file of every module that may be needed.
func (v vendor) files(root string) (map[string]string, error) {
	out := map[string]string{}
	for _, dir := range v.dirs {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".yang" {
				return err
			}
			name, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(path), ".yang"), "@")
			if _, twice := out[name]; !twice && !matches(v.exclude, name) {
				out[name] = path
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// inverted stands before patterns that must not match.
const inverted = "invert-match:"

// prepare rewrites a module where goyang would go wrong with it. The imports of unpublished modules are taken out, with the
// deviations and augments of their nodes: left in, goyang would refuse the module, and leaving the module out would leave
// all of its other deviations unapplied. And as goyang drops the modifier of patterns, it is put into them.
func (v vendor) prepare(text []byte, name string) ([]byte, error) {
	missing := slices.ContainsFunc(v.missing, func(m string) bool { return bytes.Contains(text, []byte("import "+m)) })
	if !missing && !bytes.Contains(text, []byte("invert-match")) {
		return text, nil
	}
	parsed, err := yang.Parse(string(text), name+".yang")
	if err != nil {
		return nil, err
	}
	var prefixes []string
	for _, s := range parsed[0].SubStatements() {
		if s.Keyword == "import" && slices.Contains(v.missing, s.Argument) {
			for _, p := range s.SubStatements() {
				if p.Keyword == "prefix" {
					prefixes = append(prefixes, p.Argument+":")
				}
			}
		}
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s %s {\n", parsed[0].Keyword, name)
	for _, s := range parsed[0].SubStatements() {
		foreign := func(p string) bool { return strings.Contains(s.Argument, p) }
		if s.Keyword == "import" && slices.Contains(v.missing, s.Argument) ||
			(s.Keyword == "deviation" || s.Keyword == "augment") && slices.ContainsFunc(prefixes, foreign) {
			continue
		}
		markInverted(s)
		if err := s.Write(&out, "  "); err != nil {
			return nil, err
		}
	}
	out.WriteString("}\n")
	return out.Bytes(), nil
}

func markInverted(s *yang.Statement) {
	for _, sub := range s.SubStatements() {
		if s.Keyword == "pattern" && sub.Keyword == "modifier" && sub.Argument == "invert-match" {
			s.Argument = inverted + s.Argument
		}
		markInverted(sub)
	}
}

func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { ok, _ := filepath.Match(p, name); return ok })
}
