// Package archive is the files that the beginning of an event log is moved to: gzip of JSON lines, one line an event, in the
// log's order and without a gap.
//
// A file is named after its fabric and its first and last event, and is never changed. It appears under its name only when
// it is whole and on the disk. Reading one proves it: every event is in its place, and the hashes of the log lead from the
// one before its first event to the one after its last. Files are small enough to be held in memory one at a time.
package archive

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tenter-net/tenter/internal/event"
)

// Most of what goes into one file; a file ends at whichever comes first.
const (
	MaxEvents = 5000
	MaxBytes  = 4 << 20 // of envelopes; the last one may exceed it
)

// A File is a part of the log, and where it is archived.
type File struct {
	Dir         string
	Name        string
	First, Last event.Seq
	Base        []byte // the log's hash before First
	Hash        []byte // and after Last
}

// Path returns where the file is.
func (f File) Path() string { return filepath.Join(f.Dir, f.Name) }

// Name returns the name of the file with these events of the fabric. Names sort as the events do.
func Name(fabric string, first, last event.Seq) string {
	return fmt.Sprintf("%s-%012d-%012d%s", cmp.Or(fabric, unnamed), first, last, suffix)
}

const (
	suffix  = ".jsonl.gz"
	unnamed = "default"
)

// Left returns the last event of a file of the fabric that begins with the first one, 0 when there is none: one that a
// process was killed over before the log had it is to be used, and not another made beside it.
func Left(dir, fabric string, first event.Seq) (last event.Seq, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("archive: %w", err)
	}
	for _, e := range entries {
		if begin, end, ok := parseName(e.Name(), fabric); ok && begin == first {
			last = max(last, end)
		}
	}
	return last, nil
}

// parseName reads what Name returns for the fabric.
func parseName(name, fabric string) (first, last event.Seq, ok bool) {
	rest, ok := strings.CutPrefix(name, cmp.Or(fabric, unnamed)+"-")
	if !ok {
		return 0, 0, false
	}
	if n, err := fmt.Sscanf(rest, "%d-%d", &first, &last); n != 2 || err != nil {
		return 0, 0, false
	}
	return first, last, Name(fabric, first, last) == name
}

// An Error says which file of the archive cannot be read, and why.
type Error struct {
	File  File
	Sound []event.Event // what is before the damage
	Err   error
}

// Error names the file, what it holds and the next step.
func (e *Error) Error() string {
	if errors.Is(e.Err, fs.ErrNotExist) {
		return fmt.Sprintf("events %d to %d are archived in %s, which is not there; next: put it back, or set store.archive to the directory that has it",
			e.File.First, e.File.Last, e.File.Path())
	}
	return fmt.Sprintf("archive %s: %v; next: put a copy of it there that is as it was written", e.File.Path(), e.Err)
}

// Unwrap returns what is wrong with the file.
func (e *Error) Unwrap() error { return e.Err }
