package archive

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tenter-net/tenter/internal/event"
)

// temporary is in the names of files that are not whole yet.
const temporary = ".tmp-"

// Write makes the file of these events, all of f, and reads it back from the disk before it says that it is there. A file of
// that name which is what it should be is left as it is: a process before did that much and was killed. Another one is
// never overwritten.
func Write(f File, events []event.Event) error {
	if _, err := os.Stat(f.Path()); err == nil {
		return checked(f)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("archive: %w", err)
	}
	if err := write(f, events); err != nil {
		return fmt.Errorf("archive %s: %w", f.Path(), err)
	}
	return checked(f)
}

func checked(f File) error {
	_, err := Read(f)
	var damaged *Error
	if errors.As(err, &damaged) {
		return Foreign(f, damaged.Err)
	}
	return err
}

// Foreign is the error for a file that has the name of this log's next one, and is another's.
func Foreign(f File, why error) error {
	return fmt.Errorf("archive %s is not what this log would write there (%w); nothing was taken out of the log; "+
		"next: move it away, or set store.archive to a directory that no other fabric of this name uses", f.Path(), why)
}

func write(f File, events []event.Event) (err error) {
	if err := os.MkdirAll(f.Dir, 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(f.Dir, f.Name+temporary+"*") // 0600: events tell of the network
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreClosed(file.Close()), ignoreMissing(os.Remove(file.Name())))
		}
	}()
	if err := compress(file, events); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), f.Path()); err != nil {
		return err
	}
	return syncDir(f.Dir)
}

func compress(file *os.File, events []event.Event) error {
	buffer := bufio.NewWriterSize(file, 1<<16)
	zip := gzip.NewWriter(buffer)
	var line []byte
	for _, e := range events {
		var err error
		if line, err = AppendLine(line[:0], e); err != nil {
			return err
		}
		if _, err := zip.Write(line); err != nil {
			return err
		}
	}
	return errors.Join(zip.Close(), buffer.Flush())
}

// syncDir makes the directory's entries last: a file is there after a power cut only when its name is.
func syncDir(name string) error {
	dir, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func ignoreClosed(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Clean removes what processes that were killed have begun to write for the fabric. Nobody else may be writing there.
func Clean(dir, fabric string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return ignoreMissing(err)
	}
	var errs []error
	for _, e := range entries {
		whole, _, begun := strings.Cut(e.Name(), temporary)
		if _, _, own := parseName(whole, fabric); begun && own {
			errs = append(errs, ignoreMissing(os.Remove(filepath.Join(dir, e.Name()))))
		}
	}
	return errors.Join(errs...)
}
