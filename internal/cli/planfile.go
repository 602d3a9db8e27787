package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/tenter-net/tenter/internal/plan"
)

// mostPiped is how much is read of what is no file on a disk: a pipe may have no end.
const mostPiped = 256 << 20

// planFile reads a plan from a file, if the argument names one.
func planFile(ctx context.Context, name string) (p plan.Plan, ok bool, err error) {
	var data []byte
	err = unlessEnded(ctx, func() error {
		var err error
		data, err = readWhole(name)
		return err
	})
	if errors.Is(err, os.ErrNotExist) && !strings.ContainsAny(name, "./") { // as no plan's name has
		return p, false, nil
	}
	if ctx.Err() != nil {
		return p, false, context.Cause(ctx)
	}
	if err != nil {
		return p, false, hint(err, "tenter plan ls --all, for the plans in the store; tenter plan --out FILE writes one")
	}
	if !json.Valid(data) {
		return p, false, hint(fmt.Errorf("%s: not a plan: no JSON", name), "tenter plan --out FILE writes one")
	}
	p, err = plan.Parse(data)
	if err != nil {
		return p, false, hint(fmt.Errorf("%s: not a plan of this version: %w", name, err), "tenter plan --out FILE writes one")
	}
	return p, true, nil
}

func readWhole(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // read only
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode().IsRegular() {
		return io.ReadAll(f)
	}
	data, err := io.ReadAll(io.LimitReader(f, mostPiped+1))
	if err == nil && len(data) > mostPiped {
		err = fmt.Errorf("%s: more than %d MiB, and no file", name, mostPiped>>20)
	}
	return data, err
}

// unlessEnded does what may wait for another process, as opening a named pipe does, and stops waiting when ctx ends: the
// goroutine then ends with this process.
func unlessEnded(ctx context.Context, do func() error) error {
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// writePlan writes a plan as JSON. A file is there whole or as it was before; what is no file is written to.
func writePlan(ctx context.Context, name string, p plan.Plan) error {
	data, err := p.JSON()
	if err != nil {
		return err
	}
	if err := unlessEnded(ctx, func() error { return writeWhole(name, data) }); err != nil {
		return hint(err, "see that there is room, and that this user may write there; or another FILE")
	}
	return nil
}

func writeWhole(name string, data []byte) error {
	if at, err := filepath.EvalSymlinks(name); err == nil {
		name = at // a link goes on to lead where it did
	}
	info, err := os.Lstat(name)
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return os.WriteFile(name, data, 0o600)
	}
	temp, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".tmp-*") // 0600
	if err != nil {
		return os.WriteFile(name, data, 0o600) // the file may be ours where the directory is not
	}
	_, err = temp.Write(data)
	if info != nil && err == nil {
		err = temp.Chmod(info.Mode().Perm())
	}
	if err = errors.Join(err, temp.Close()); err == nil {
		err = os.Rename(temp.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return nil
}
