// Command generate writes the GoStructs of OpenConfig v5.9.0 that Tenter authors with (render/openconfig/oc, without
// schema) and that the simulator and the tests check with (sim/oc, with the schema embedded).
//
//	generate ROOT   with YANG_DIR set: write them and their digests into the repository at ROOT
//	generate ROOT   without it: fail if they differ from their digests
//
// YANG_DIR/openconfig is a copy of https://github.com/openconfig/public at v5.9.0; go.mod pins the generator.
// Nothing of the machine gets into the output, so the same models give the same bytes anywhere.
package main

import (
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The two packages: the same models, but only the oracle carries a schema.
const (
	author = "internal/render/openconfig/oc"
	oracle = "internal/sim/oc"
	locked = "internal/render/openconfig/generate/oc.sha256"
)

// modules are the models of a leaf-spine EVPN fabric; tenter-pruning.yang cuts them to what intents configure.
var modules = []string{
	"interfaces/openconfig-interfaces", "interfaces/openconfig-if-ethernet", "interfaces/openconfig-if-aggregate",
	"interfaces/openconfig-if-ip", "vlan/openconfig-vlan", "lacp/openconfig-lacp", "lldp/openconfig-lldp",
	"bfd/openconfig-bfd", "network-instance/openconfig-network-instance",
	"ethernet-segments/openconfig-ethernet-segments", "policy/openconfig-routing-policy",
	"bgp/openconfig-bgp-policy", "system/openconfig-system", "system/openconfig-system-grpc",
}

//go:embed tenter-pruning.yang
var pruning []byte

func main() {
	if err := run(os.Args[1:], os.Getenv("YANG_DIR")); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(args []string, yang string) error {
	if len(args) != 1 {
		return errors.New("usage: [YANG_DIR=DIR] generate ROOT")
	}
	root := args[0]
	if yang == "" {
		return verify(root)
	}
	models := filepath.Join(yang, "openconfig")
	files := map[string][]byte{}
	for _, pkg := range []string{author, oracle} {
		out, err := generate(models, pkg == oracle)
		if err != nil {
			return fmt.Errorf("%s: %w", pkg, err)
		}
		for name, content := range out {
			files[pkg+"/"+name] = content
		}
	}
	files[locked] = digests(files)
	return write(root, files)
}

// digests lists files as sha256sum does, sorted.
func digests(files map[string][]byte) []byte {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(files[name]), name)
	}
	return []byte(b.String())
}

// verify compares the files on disk with the recorded digests.
func verify(root string) error {
	want, err := os.ReadFile(filepath.Join(root, locked))
	if err != nil {
		return err
	}
	files := map[string][]byte{}
	for _, name := range existing(root) {
		if files[name], err = os.ReadFile(filepath.Join(root, name)); err != nil {
			return err
		}
	}
	if got := digests(files); string(got) != string(want) {
		return fmt.Errorf("%s and %s differ from %s", author, oracle, locked)
	}
	return nil
}

// existing lists what is in the two packages now.
func existing(root string) []string {
	var names []string
	for _, pkg := range []string{author, oracle} {
		entries, _ := os.ReadDir(filepath.Join(root, pkg)) // none yet is the same as an empty directory
		for _, e := range entries {
			names = append(names, pkg+"/"+e.Name())
		}
	}
	return names
}

func write(root string, files map[string][]byte) error {
	for _, name := range existing(root) {
		if err := os.Remove(filepath.Join(root, name)); err != nil {
			return err
		}
	}
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
