// Command generate writes the trees of package native from the vendors' YANG modules, as goyang reads them.
//
//	generate DIR   with YANG_DIR set: write the trees and their digests into DIR
//	generate DIR   without it: fail if the trees in DIR differ from their digests
//
// YANG_DIR holds srlinux/ (github.com/nokia/srlinux-yang-models at v25.3), eos/ (github.com/aristanetworks/yang,
// EOS-4.36.1F) and openconfig/ (github.com/openconfig/public at v5.9.0, for the IETF modules that EOS imports and does
// not publish). Nothing of the machine gets into the output, so the same models give the same bytes anywhere.
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// digestFile lists what was written.
const digestFile = "trees.sha256"

func main() {
	if err := run(os.Args[1:], os.Getenv("YANG_DIR")); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(args []string, yang string) error {
	if len(args) != 1 {
		return errors.New("usage: [YANG_DIR=DIR] generate DIR")
	}
	dir := args[0]
	if yang == "" {
		return verify(dir)
	}
	for _, v := range vendors {
		tree, err := v.read(yang)
		if err != nil {
			return fmt.Errorf("%s: %w", v.name, err)
		}
		raw, err := json.Marshal(tree)
		if err != nil {
			return fmt.Errorf("%s: %w", v.name, err)
		}
		packed, err := pack(raw)
		if err != nil {
			return fmt.Errorf("%s: %w", v.name, err)
		}
		if err := os.WriteFile(filepath.Join(dir, v.file()), packed, 0o644); err != nil {
			return err
		}
	}
	sums, err := digests(dir)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, digestFile), sums, 0o644)
}

// digests lists the trees as sha256sum does.
func digests(dir string) ([]byte, error) {
	var b strings.Builder
	for _, v := range vendors {
		content, err := os.ReadFile(filepath.Join(dir, v.file()))
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(content), v.file())
	}
	return []byte(b.String()), nil
}

// verify compares the trees with their recorded digests.
func verify(dir string) error {
	want, err := os.ReadFile(filepath.Join(dir, digestFile))
	if err != nil {
		return err
	}
	got, err := digests(dir)
	if err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("the trees in %s differ from %s", dir, digestFile)
	}
	return nil
}

func pack(raw []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(raw); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
