package app

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/tenter-net/tenter/internal/infer"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/settings"
)

// ErrThere says that a directory holds intents already.
var ErrThere = errors.New("there are intents already")

// InitFromClab writes the intents that a containerlab topology comes to into a directory, which is made if absent, and
// returns what they come to and the files' names. Nothing is written if the intents have a mistake, or if the directory
// holds intents already: that is ErrThere.
func InitFromClab(set *settings.Settings, topology, dir string) (*Compiled, []string, intent.Diagnostics, error) {
	data, err := os.ReadFile(topology)
	if err != nil {
		return nil, nil, nil, err
	}
	files, err := infer.Clab(data, filepath.ToSlash(topology))
	if err != nil {
		return nil, nil, nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, nil, nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, nil, nil, err
	}
	defer func() { _ = root.Close() }() // every file was closed
	there, err := intent.ReadFiles(root.FS())
	if err != nil {
		return nil, nil, nil, err
	}
	if len(there) > 0 {
		return nil, nil, nil, fmt.Errorf("%s: %w: %s", dir, ErrThere, slices.Sorted(maps.Keys(there))[0])
	}
	c, err := newCompiler(set, func(string) (string, bool) { return "secret", true }, nil)
	if err != nil {
		return nil, nil, nil, err
	}
	compiled, diags := c.compile(files, "")
	if diags.HasErrors() {
		return nil, nil, diags, nil
	}
	names := slices.Sorted(maps.Keys(files))
	for _, name := range names {
		if err := writeNew(root, name, files[name]); err != nil {
			return nil, nil, nil, err
		}
	}
	return compiled, names, diags, nil
}

// writeNew writes a file that must not be there.
func writeNew(root *os.Root, name string, data []byte) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}
