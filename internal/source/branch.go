package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/user"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"
)

// ErrNoWorkTree says that a directory is in no git work tree, so that no commit can be made of it.
var ErrNoWorkTree = errors.New("not in a git work tree")

// A WorkTree is the git work tree that a directory of intents is in.
type WorkTree struct {
	Top    string // directory of the work tree
	Below  string // the directory's place in it, "." for the top
	Branch string // that is checked out, empty if it is none

	repo *git.Repository
	head *object.Commit
}

// OpenWorkTree finds the work tree that a directory is in, which must have a commit. The error is ErrNoWorkTree where there is none.
func OpenWorkTree(dir string) (*WorkTree, error) {
	repo, top, below, err := openWorkTree(dir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", dir, ErrNoWorkTree, err)
	}
	head, err := repo.Head()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: HEAD: %w", dir, ErrNoWorkTree, err)
	}
	c, err := repo.CommitObject(head.Hash())
	if err != nil {
		return nil, fmt.Errorf("%s: HEAD: %w", dir, err)
	}
	w := &WorkTree{Top: top, Below: below, repo: repo, head: c}
	if head.Name().IsBranch() {
		w.Branch = head.Name().Short()
	}
	return w, nil
}

// Path returns a document's name as git has it.
func (w *WorkTree) Path(name string) string { return path.Join(w.Below, name) }

// Committed returns what HEAD has under a document's name; nil if it has nothing there.
func (w *WorkTree) Committed(name string) ([]byte, error) {
	f, err := w.head.File(w.Path(name))
	if errors.Is(err, object.ErrFileNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	text, err := f.Contents()
	return []byte(text), err
}

// idDigits is how many digits of a commit a branch's name has: as many as keep apart what is made within one second.
const idDigits = 8

// Commit makes a commit on top of HEAD with other documents, on a branch of its own, and returns the branch's name, which is prefix
// with the commit's first digits, and the commit: no two commits, made at whatever moment, want one branch. Neither the work tree nor its
// index nor HEAD is touched. The author is who git would take for one: GIT_AUTHOR_NAME and GIT_AUTHOR_EMAIL, else user.name and
// user.email of git's settings, else who is logged in.
func (w *WorkTree) Commit(prefix, message string, files map[string][]byte, when time.Time) (branch, commit string, err error) {
	t, err := w.head.Tree()
	if err != nil {
		return "", "", fmt.Errorf("git: %w", err)
	}
	tree := t.Hash
	for _, name := range slices.Sorted(maps.Keys(files)) {
		blob, err := store(w.repo.Storer, plumbing.BlobObject, files[name])
		if err == nil {
			tree, err = graft(w.repo.Storer, tree, strings.Split(w.Path(name), "/"), blob)
		}
		if err != nil {
			return "", "", fmt.Errorf("git: %s: %w", name, err)
		}
	}
	who := w.author(when)
	c := &object.Commit{Author: who, Committer: who, Message: message, TreeHash: tree, ParentHashes: []plumbing.Hash{w.head.Hash}}
	o := w.repo.Storer.NewEncodedObject()
	if err := c.Encode(o); err != nil {
		return "", "", fmt.Errorf("git: %w", err)
	}
	id, err := w.repo.Storer.SetEncodedObject(o)
	if err != nil {
		return "", "", fmt.Errorf("git: %w", err)
	}
	branch = prefix + "-" + id.String()[:idDigits]
	ref := plumbing.NewBranchReferenceName(branch)
	if there, err := w.repo.Reference(ref, false); err == nil && there.Hash() != id {
		return "", "", fmt.Errorf("git: there is a branch %s already", branch)
	}
	if err := w.repo.Storer.SetReference(plumbing.NewHashReference(ref, id)); err != nil {
		return "", "", fmt.Errorf("git: branch %s: %w", branch, err)
	}
	return branch, id.String(), nil
}

func (w *WorkTree) author(when time.Time) object.Signature {
	who := object.Signature{Name: os.Getenv("GIT_AUTHOR_NAME"), Email: os.Getenv("GIT_AUTHOR_EMAIL"), When: when}
	if c, err := w.repo.ConfigScoped(config.GlobalScope); err == nil {
		who.Name, who.Email = cmp.Or(who.Name, c.Author.Name, c.User.Name), cmp.Or(who.Email, c.Author.Email, c.User.Email)
	}
	if me, err := user.Current(); err == nil {
		who.Name = cmp.Or(who.Name, me.Username)
	}
	if host, err := os.Hostname(); err == nil {
		who.Email = cmp.Or(who.Email, who.Name+"@"+host)
	}
	return who
}

// store keeps a blob.
func store(s storer.EncodedObjectStorer, t plumbing.ObjectType, data []byte) (plumbing.Hash, error) {
	o := s.NewEncodedObject()
	o.SetType(t)
	out, err := o.Writer()
	if err != nil {
		return plumbing.ZeroHash, err
	}
	if _, err := out.Write(data); err != nil {
		return plumbing.ZeroHash, err
	}
	if err := out.Close(); err != nil {
		return plumbing.ZeroHash, err
	}
	return s.SetEncodedObject(o)
}

// graft returns a tree that has a blob at a path, and everything else as the one that is given.
func graft(s storer.EncodedObjectStorer, tree plumbing.Hash, at []string, blob plumbing.Hash) (plumbing.Hash, error) {
	t := &object.Tree{}
	if !tree.IsZero() {
		var err error
		if t, err = object.GetTree(s, tree); err != nil {
			return plumbing.ZeroHash, err
		}
	}
	entries := slices.Clone(t.Entries)
	i := slices.IndexFunc(entries, func(e object.TreeEntry) bool { return e.Name == at[0] })
	if i < 0 {
		entries = append(entries, object.TreeEntry{Name: at[0], Mode: filemode.Regular})
		i = len(entries) - 1
	}
	if len(at) == 1 {
		entries[i].Hash = blob
	} else {
		below, err := graft(s, entries[i].Hash, at[1:], blob)
		if err != nil {
			return plumbing.ZeroHash, err
		}
		entries[i].Hash, entries[i].Mode = below, filemode.Dir
	}
	slices.SortFunc(entries, func(a, b object.TreeEntry) int { return cmp.Compare(sortName(a), sortName(b)) })
	o := s.NewEncodedObject()
	if err := (&object.Tree{Entries: entries}).Encode(o); err != nil {
		return plumbing.ZeroHash, err
	}
	return s.SetEncodedObject(o)
}

// sortName is what git sorts entries by: folders as if their names ended with a slash.
func sortName(e object.TreeEntry) string {
	if e.Mode == filemode.Dir {
		return e.Name + "/"
	}
	return e.Name
}

// At reads the documents of the directory as they were committed, at the commit where what was checked out and ref parted:
// what others did to ref since is no difference of this work tree. Where history does not go back so far, as in a
// shallow clone, it is ref itself, and exact is false.
func (w *WorkTree) At(ctx context.Context, ref string) (files map[string][]byte, commitID string, exact bool, err error) {
	id, err := w.repo.ResolveRevision(plumbing.Revision(ref))
	if err != nil {
		return nil, "", false, fmt.Errorf("git: %s: %w", ref, err)
	}
	base, err := w.repo.CommitObject(*id)
	if err != nil {
		return nil, "", false, fmt.Errorf("git: %s: %w", ref, err)
	}
	if bases, err := w.head.MergeBase(base); err == nil && len(bases) > 0 {
		base, exact = bases[0], true
	}
	g, err := w.read(ctx, base)
	return g, base.Hash.String(), exact, err
}

// read returns the documents of a commit, none where it does not have the directory yet.
func (w *WorkTree) read(ctx context.Context, c *object.Commit) (map[string][]byte, error) {
	g, err := snapshotOf(ctx, w.repo, c.Hash, w.Below)
	if errors.Is(err, ErrEmpty) || errors.Is(err, errNoFolder) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("git: %w", err)
	}
	return g.Files, nil
}
