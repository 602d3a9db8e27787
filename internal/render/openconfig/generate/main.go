// Command generate writes the GoStructs of OpenConfig v5.9.0 that Tenter authors with (render/openconfig/oc, without
// schema) and that the simulator and the tests check with (sim/oc, with the schema embedded).
//
//	go run ./internal/render/openconfig/generate -models DIR          write them and their digests
//	go run ./internal/render/openconfig/generate -models DIR -check   fail if writing would change anything
//	go run ./internal/render/openconfig/generate -check               without the models: compare with the digests
//
// DIR is a copy of https://github.com/openconfig/public at v5.9.0. It runs from the root of the repository; go.mod
// pins the generator. Nothing of the machine gets into the output, so the same models give the same bytes anywhere.
package main

import (
	"crypto/sha256"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The two packages: same structs, but only the oracle carries a schema.
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
	models := flag.String("models", "", "directory of the OpenConfig models")
	check := flag.Bool("check", false, "write nothing, fail on a difference")
	flag.Parse()
	if err := run(".", *models, *check); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

// run works on the repository at root.
func run(root, models string, check bool) error {
	if models == "" {
		if !check {
			return errors.New("-models DIR is needed to generate")
		}
		return verify(root, filepath.Join(root, locked))
	}
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
	if check {
		return compare(root, files)
	}
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
func verify(root, lock string) error {
	want, err := os.ReadFile(lock)
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

// compare fails on the first file that is missing, different or not generated any more.
func compare(root string, files map[string][]byte) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		got, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return err
		}
		if string(got) != string(files[name]) {
			return fmt.Errorf("%s: regenerating changes it", name)
		}
	}
	for _, name := range existing(root) {
		if files[name] == nil {
			return fmt.Errorf("%s: not generated any more", name)
		}
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
