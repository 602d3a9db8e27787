package source

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// A commit is where a snapshot's files come from.
type commit struct{ id, author, subject string }

var errDiffers = errors.New("the files are not those of HEAD")

// headCommit returns the commit that HEAD points at, if its tree has exactly the given files in dir. It compares
// content and never asks git's index, which is right only after git has looked itself.
func headCommit(dir string, files map[string][]byte) (commit, error) {
	abs, err := realPath(dir)
	if err != nil {
		return commit{}, err
	}
	repo, err := git.PlainOpenWithOptions(abs, &git.PlainOpenOptions{DetectDotGit: true, EnableDotGitCommonDir: true})
	if err != nil {
		return commit{}, fmt.Errorf("git: %w", err)
	}
	work, err := repo.Worktree()
	if err != nil {
		return commit{}, fmt.Errorf("git: %w", err)
	}
	top, err := realPath(work.Filesystem.Root())
	if err != nil {
		return commit{}, err
	}
	below, err := filepath.Rel(top, abs)
	if err != nil {
		return commit{}, fmt.Errorf("git: %w", err)
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
		if t, err = t.Tree(filepath.ToSlash(below)); err != nil {
			return commit{}, fmt.Errorf("git: tree: %w", err)
		}
	}
	left := len(files)
	if err := sameFiles(t, "", files, &left); err != nil {
		return commit{}, err
	}
	if left != 0 {
		return commit{}, errDiffers
	}
	subject, _, _ := strings.Cut(strings.TrimSpace(c.Message), "\n")
	return commit{c.Hash.String(), fmt.Sprintf("%s <%s>", c.Author.Name, c.Author.Email), subject}, nil
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
