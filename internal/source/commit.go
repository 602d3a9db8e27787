package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"

	"github.com/tenter-net/tenter/internal/view"
)

// maxEntries bounds the walk through a commit's folders: what takes few bytes in git may be very many names.
const maxEntries = 200_000

// A commit is where a snapshot's files come from.
type commit struct{ id, author, subject string }

func commitOf(c *object.Commit) commit {
	subject, _, _ := strings.Cut(strings.TrimSpace(c.Message), "\n")
	return commit{c.Hash.String(), fmt.Sprintf("%s <%s>", c.Author.Name, c.Author.Email), subject}
}

// errContent is in the error of documents that are committed as they must not be.
var errContent = errors.New("cannot be intents")

var errNoFolder = errors.New("there is no folder")

// contentError is an error about what somebody committed.
func contentError(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{errContent}, args...)...)
}

// snapshotOf reads the documents of a commit's folder as they were committed: no work tree is in between that could change
// meanwhile. The same rules hold as for a directory.
func snapshotOf(ctx context.Context, repo *git.Repository, id plumbing.Hash, folder string) (view.Generation, error) {
	c, err := repo.CommitObject(id)
	if err != nil {
		return view.Generation{}, fmt.Errorf("commit %s: %w", id, err)
	}
	top, err := c.Tree()
	if err != nil {
		return view.Generation{}, fmt.Errorf("commit %s: %w", id, err)
	}
	t := top
	if folder = strings.Trim(path.Clean("/"+folder), "/"); folder != "" {
		if t, err = top.Tree(folder); errors.Is(err, object.ErrDirectoryNotFound) {
			return view.Generation{}, fmt.Errorf("commit %.12s: %w %s", id, errNoFolder, folder)
		} else if err != nil {
			return view.Generation{}, fmt.Errorf("commit %s: folder %s: %w", id, folder, err)
		}
	}
	r := reading{objects: repo.Storer, root: t, files: map[string][]byte{}}
	if err := r.tree(ctx, t, ""); err != nil {
		return view.Generation{}, fmt.Errorf("commit %.12s: %w", id, err)
	}
	if len(r.files) == 0 {
		return view.Generation{}, fmt.Errorf("commit %.12s: %w", id, ErrEmpty)
	}
	is := commitOf(c)
	return view.Generation{ID: hash(r.files), Commit: is.id, Author: is.author, Subject: is.subject, Files: r.files}, nil
}

// A reading walks through a commit's folders.
type reading struct {
	objects storer.EncodedObjectStorer
	root    *object.Tree
	files   map[string][]byte
	entries int
	total   int
}

func (r *reading) tree(ctx context.Context, t *object.Tree, prefix string) error {
	for _, e := range t.Entries {
		if r.entries++; r.entries > maxEntries {
			return contentError("more than %d files and folders", maxEntries)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		name := prefix + e.Name
		switch {
		case hidden(e.Name):
		case e.Mode == filemode.Dir:
			sub, err := t.Tree(e.Name)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if err := r.tree(ctx, sub, name+"/"); err != nil {
				return err
			}
		case !document(e.Name):
		default:
			if err := r.file(name, e); err != nil {
				return err
			}
		}
	}
	return nil
}

// file reads one document, also behind a link that stays inside the folder.
func (r *reading) file(name string, e object.TreeEntry) error {
	for hops := 0; e.Mode == filemode.Symlink; hops++ {
		target, err := r.blob(name, e.Hash)
		if err != nil {
			return err
		}
		to := path.Join(path.Dir(name), string(target))
		if path.IsAbs(string(target)) || to == ".." || strings.HasPrefix(to, "../") || hops > 10 {
			return contentError("%s is a link that leads out", name)
		}
		found, err := r.root.FindEntry(to)
		if err != nil {
			return contentError("%s is a link to %s, which is not there", name, to)
		}
		e = *found
	}
	if !e.Mode.IsFile() {
		return contentError("%s is no regular file", name)
	}
	data, err := r.blob(name, e.Hash)
	if err != nil {
		return err
	}
	if why := unfit(name, data); why != "" {
		return contentError("%s", why)
	}
	r.files[name] = data
	if r.total += len(data); len(r.files) > maxFiles || r.total > maxTotal {
		return contentError("more than %d files or %d bytes of documents", maxFiles, maxTotal)
	}
	return nil
}

func (r *reading) blob(name string, id plumbing.Hash) ([]byte, error) {
	size, err := r.objects.EncodedObjectSize(id) // before reading, for reading takes the memory
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if size > maxFileSize {
		return nil, contentError("%s is larger than %d bytes", name, maxFileSize)
	}
	b, err := object.GetBlob(r.objects, id)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	in, err := b.Reader()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	defer func() { _ = in.Close() }() // read only
	data, err := io.ReadAll(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return data, nil
}
