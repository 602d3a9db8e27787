// Package source reads the intent documents of a directory, which may be inside a git work tree, or of a branch in a git
// repository elsewhere.
//
// A snapshot holds whole files and is named by their content, so that the same files are the same snapshot wherever
// they lie. Only regular *.yaml and *.yml files count; hidden files and directories do not, and nothing outside the
// directory is ever read: a symbolic link may lead to a file inside, one that leads out is an error, and links to
// directories are not followed. Size and number of files are bounded.
package source

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/view"
)

// The bounds of one snapshot.
const (
	maxFiles    = 10_000
	maxFileSize = 4 << 20
	maxTotal    = 64 << 20
)

// ErrEmpty is returned for a directory without any document. A file system that was not mounted looks like that, and
// must not be taken for the wish to remove everything.
var ErrEmpty = errors.New("no intent documents (*.yaml, *.yml)")

// A Directory is an intent source. It is safe for concurrent use.
type Directory struct {
	dir  string
	poll time.Duration
	log  *zap.Logger
}

// NewDirectory returns the source of a directory, which need not exist yet. poll is how often Watch looks for what no
// file system notification told.
func NewDirectory(dir string, poll time.Duration, log *zap.Logger) *Directory {
	return &Directory{dir: dir, poll: poll, log: log.Named("source")}
}

// Snapshot reads the directory. ID and Files are always set; Commit, Author and Subject only when the directory is in
// a git work tree whose HEAD has exactly these files; if it has others there, only Commit, with "-dirty" after it. Fabric and
// Created are the caller's.
func (d *Directory) Snapshot(ctx context.Context) (view.Generation, error) {
	root, err := os.OpenRoot(d.dir)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return view.Generation{}, fmt.Errorf("intents: there is no directory %s", d.dir)
		}
		return view.Generation{}, fmt.Errorf("intents: %w", err)
	}
	defer func() { _ = root.Close() }() // read only
	files, err := read(ctx, root)
	if err != nil {
		return view.Generation{}, fmt.Errorf("intents: directory %s: %w", d.dir, err)
	}
	g := view.Generation{ID: hash(files), Files: files}
	c, err := headCommit(d.dir, files)
	switch {
	case err != nil:
		d.log.Debug("no commit told", zap.Error(err))
	default:
		g.Commit, g.Author, g.Subject = c.id, c.author, c.subject
	}
	return g, nil
}

func read(ctx context.Context, root *os.Root) (map[string][]byte, error) {
	files := map[string][]byte{}
	total := 0
	err := fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case name != "." && hidden(name):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir() || !document(name):
			return nil
		}
		data, err := readFile(root, name)
		if err != nil {
			return err
		}
		if why := unfit(name, data); why != "" {
			return errors.New(why)
		}
		files[name] = data
		total += len(data)
		if len(files) > maxFiles || total > maxTotal {
			return fmt.Errorf("more than %d files or %d bytes of documents", maxFiles, maxTotal)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, ErrEmpty
	}
	return files, nil
}

// readFile reads a regular file, also behind a link; root refuses a link that leads out.
func readFile(root *os.Root, name string) ([]byte, error) {
	info, err := root.Stat(name) // before opening, for opening a pipe would wait
	if link, lerr := root.Lstat(name); err != nil && lerr == nil && link.Mode()&fs.ModeSymlink != 0 {
		return nil, fmt.Errorf("%s is a link that leads out or nowhere: %w", name, err)
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", name)
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // read only
	data, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFileSize {
		return nil, fmt.Errorf("%s is larger than %d bytes", name, maxFileSize)
	}
	return data, nil
}

// pointer is what a file begins with of which Git LFS keeps the content elsewhere.
const pointer = "version https://git-lfs.github.com/spec/"

// unfit says why a file cannot be a document, whatever is in it; empty if it can. Names are shown in messages of one line, and kept
// as text.
func unfit(name string, data []byte) string {
	switch {
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Sprintf("%q is no name for a document: give it one in UTF-8, without control characters", name)
	case bytes.HasPrefix(data, []byte(pointer)):
		return name + " is a pointer of Git LFS, the document itself is elsewhere: git lfs untrack it, or git lfs pull where it is a directory"
	}
	return ""
}

func hidden(name string) bool { return strings.HasPrefix(path.Base(name), ".") }

func document(name string) bool {
	ext := path.Ext(name)
	return ext == ".yaml" || ext == ".yml"
}

// hash names files by their content: each path and each content with its length in front, in the order of the paths,
// so that no two sets of files look alike.
func hash(files map[string][]byte) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		_, _ = fmt.Fprintf(h, "%d:%s%d:", len(name), name, len(files[name])) // a hash never fails
		_, _ = h.Write(files[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}
