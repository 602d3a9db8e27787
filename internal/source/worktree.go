package source

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

var errDiffers = errors.New("the files are not those of HEAD")

// dirty marks the commit that files were taken from and changed since: nobody committed what they are now.
const dirty = "-dirty"

// openWorkTree returns the repository that a directory is in, and the directory's place in it.
func openWorkTree(dir string) (repo *git.Repository, top, below string, err error) {
	abs, err := realPath(dir)
	if err != nil {
		return nil, "", "", err
	}
	repo, err = git.PlainOpenWithOptions(abs, &git.PlainOpenOptions{DetectDotGit: true, EnableDotGitCommonDir: true})
	if err != nil {
		return nil, "", "", fmt.Errorf("git: %w", err)
	}
	work, err := repo.Worktree()
	if err != nil {
		return nil, "", "", fmt.Errorf("git: %w", err)
	}
	if top, err = realPath(work.Filesystem.Root()); err != nil {
		return nil, "", "", err
	}
	if below, err = filepath.Rel(top, abs); err != nil {
		return nil, "", "", fmt.Errorf("git: %w", err)
	}
	return repo, top, filepath.ToSlash(below), nil
}

// headCommit returns the commit that HEAD points at, if its tree has exactly the given files in dir; if it has others, its name
// is marked as dirty and nobody's. It compares content and never asks git's index, which is right only after git has looked
// itself.
func headCommit(dir string, files map[string][]byte) (commit, error) {
	repo, _, below, err := openWorkTree(dir)
	if err != nil {
		return commit{}, err
	}
	head, err := repo.Head()
	if err != nil {
		return commit{}, fmt.Errorf("git: HEAD: %w", err)
	}
	c, err := repo.CommitObject(head.Hash())
	if err != nil {
		return commit{}, fmt.Errorf("git: HEAD: %w", err)
	}
	t, err := c.Tree()
	if err != nil {
		return commit{}, fmt.Errorf("git: tree: %w", err)
	}
	if below != "." {
		if t, err = t.Tree(below); err != nil {
			return commit{}, fmt.Errorf("git: tree: %w", err)
		}
	}
	left := len(files)
	err = sameFiles(t, "", files, &left)
	if errors.Is(err, errDiffers) || err == nil && left != 0 {
		return commit{id: c.Hash.String() + dirty}, nil
	}
	if err != nil {
		return commit{}, err
	}
	return commitOf(c), nil
}

func realPath(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(abs)
}

// sameFiles checks that every document of the tree is among files with the same content, and counts them down.
func sameFiles(t *object.Tree, prefix string, files map[string][]byte, left *int) error {
	for _, e := range t.Entries {
		name := prefix + e.Name
		switch {
		case hidden(e.Name):
		case e.Mode == filemode.Dir:
			sub, err := t.Tree(e.Name)
			if err != nil {
				return fmt.Errorf("git: tree: %w", err)
			}
			if err := sameFiles(sub, name+"/", files, left); err != nil {
				return err
			}
		case !document(e.Name):
		case e.Mode == filemode.Symlink:
			// What the link leads to is compared where it lies; a link to what git does not keep is not compared.
			if _, ok := files[name]; !ok {
				return errDiffers
			}
			*left--
		default:
			data, ok := files[name]
			if !ok || plumbing.ComputeHash(plumbing.BlobObject, data) != e.Hash {
				return errDiffers
			}
			*left--
		}
	}
	return nil
}
