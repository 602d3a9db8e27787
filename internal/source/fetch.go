package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/plumbing/transport"
)

// maxPack bounds what one fetch may bring.
const maxPack = 512 << 20

var errTooLarge = fmt.Errorf("the commit has more than %d MiB", maxPack>>20)

func originOf(c *config.Config) string {
	if c == nil || c.Remotes["origin"] == nil || len(c.Remotes["origin"].URLs) == 0 {
		return ""
	}
	return c.Remotes["origin"].URLs[0]
}

func setOrigin(repo *git.Repository, url string) error {
	_, err := repo.CreateRemote(&config.RemoteConfig{Name: "origin", URLs: []string{url}})
	return err
}

// fetch brings the clone up to date with the branch. A new commit is fetched whole and alone, whatever the clone has: so a
// branch that was pushed by force is like any other, the clone never grows, and there is no shallow history to be extended,
// which servers and libraries disagree about. Intents are small.
func (r *Remote) fetch(ctx context.Context, repo *git.Repository) (err error) {
	s, err := r.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }() // what counts was read by then
	refs, err := s.AdvertisedReferencesContext(ctx)
	if err != nil {
		return err
	}
	id, ok := refs.References[plumbing.NewBranchReferenceName(r.opts.Branch).String()]
	if !ok {
		return fmt.Errorf("%w: %s", errNoBranch, r.opts.Branch)
	}
	if have, err := repo.Reference(r.ref(), true); err == nil && have.Hash() == id {
		if _, err := repo.CommitObject(id); err == nil {
			return nil
		}
	}
	before := packs(r.opts.Dir)
	if err := bring(ctx, s, refs.Capabilities, repo, id); err != nil {
		return err
	}
	if err := repo.Storer.SetReference(plumbing.NewHashReference(r.ref(), id)); err != nil {
		return fmt.Errorf("git: clone: %w", err)
	}
	return r.prune(before)
}

// bring fetches one commit.
func bring(ctx context.Context, s transport.UploadPackSession, can *capability.List, repo *git.Repository, id plumbing.Hash) error {
	req := packp.NewUploadPackRequestFromCapabilities(can)
	req.Wants = []plumbing.Hash{id}
	shallow := can.Supports(capability.Shallow)
	if shallow {
		req.Depth = packp.DepthCommits(1)
		if err := req.Capabilities.Set(capability.Shallow); err != nil {
			return err
		}
	}
	res, err := s.UploadPack(ctx, req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Close() }() // read to its end, or given up
	var pack io.Reader = res
	switch {
	case req.Capabilities.Supports(capability.Sideband64k):
		pack = sideband.NewDemuxer(sideband.Sideband64k, res)
	case req.Capabilities.Supports(capability.Sideband):
		pack = sideband.NewDemuxer(sideband.Sideband, res)
	}
	to, ok := repo.Storer.(storer.PackfileWriter)
	if !ok {
		return errors.New("git: the clone takes no packs")
	}
	if err := packfile.WritePackfileToObjectStorage(to, &bounded{ctx: ctx.Err, from: pack, left: maxPack}); err != nil {
		return err
	}
	if shallow {
		err = repo.Storer.SetShallow([]plumbing.Hash{id})
	}
	return err
}

// A bounded reader fails where more than so much comes, or the fetch has ended.
type bounded struct {
	ctx  func() error
	from io.Reader
	left int64
}

// Read reads on.
func (b *bounded) Read(p []byte) (int, error) {
	if err := b.ctx(); err != nil {
		return 0, err
	}
	n, err := b.from.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return n, errTooLarge
	}
	return n, err
}

// packs are the names of a clone's packs, and of what a process that was killed left of one.
func packs(dir string) []string {
	names, _ := filepath.Glob(filepath.Join(dir, "objects", "pack", "*pack*")) // the pattern is right
	return names
}

// prune removes the packs of earlier commits: each has all of its commit.
func (r *Remote) prune(before []string) error {
	now := packs(r.opts.Dir)
	if !slices.ContainsFunc(now, func(n string) bool { return strings.HasSuffix(n, ".idx") && !slices.Contains(before, n) }) {
		return nil // the new one has the name of an old one
	}
	for _, name := range before {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("git: clone: %w", err)
		}
	}
	return nil
}
