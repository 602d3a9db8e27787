package source

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/device/ssh"
	"github.com/tenter-net/tenter/internal/view"
)

// RemoteOptions say which branch of which repository a Remote reads, and how. The functions are called at each fetch, so
// that secrets can change; one that is nil has nothing to offer.
type RemoteOptions struct {
	URL     string // ssh://, https://, http:// or file://
	Branch  string
	Folder  string // of the documents; empty is the top
	Dir     string // of the shallow clone, which belongs to the Remote alone
	Poll    time.Duration
	Timeout time.Duration // of one fetch

	Trust                  ssh.Trust // of ssh://
	PrivateKey, Passphrase func() (string, error)
	Username, CAFile       string // of https://
	Token                  func() (string, error)
	Log                    *zap.Logger
	now                    func() time.Time
}

// A Remote is an intent source: the newest commit of a branch in a repository elsewhere. It is safe for concurrent use.
//
// It keeps a shallow clone of the newest commit that it fetched. Documents are read from the commit itself, so that nothing
// can change under the reader. A server that cannot be reached is no news: the clone's commit is what counts then, and Stale
// says since when. One that answers, but not with the branch, is an error.
type Remote struct {
	opts RemoteOptions
	log  *zap.Logger
	poke chan struct{}
	due  atomic.Bool // the next Snapshot is the one of a poll

	mu       sync.Mutex // over the clone
	told     sync.Mutex // over what follows
	failures int        // in a row
	since    time.Time  // of the first
	why      string
}

// NewRemote returns the source. Nothing is fetched before the first Snapshot.
func NewRemote(opts RemoteOptions) *Remote {
	if opts.now == nil {
		opts.now = time.Now
	}
	return &Remote{opts: opts, log: opts.Log.Named("git"), poke: make(chan struct{}, 1)}
}

// warnEvery is how many failures in a row are told of together, after the first.
const warnEvery = 100

// impatient is how long somebody who asks for something else waits for a server that did not answer before. A poll has all the
// time there is.
const impatient = 5 * time.Second

// Snapshot fetches the branch and reads its newest commit: one request if there is no new one. When the server cannot be reached it is the
// commit that was fetched last, as long as there is one.
func (r *Remote) Snapshot(ctx context.Context) (view.Generation, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	limit := r.opts.Timeout
	if !r.due.Swap(false) && r.Stale() != "" {
		limit = min(limit, impatient)
	}
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	repo, err := r.clone()
	if err != nil {
		return view.Generation{}, fmt.Errorf("intents: %w", err)
	}
	err = r.fetch(within, repo)
	switch {
	case ctx.Err() != nil:
		return view.Generation{}, fmt.Errorf("intents: %w", ctx.Err())
	case within.Err() != nil:
		err = fmt.Errorf("no answer within %s", limit)
	}
	r.note(err)
	if err != nil && final(err) {
		return view.Generation{}, fmt.Errorf("intents: %s: %w", r.opts.URL, err)
	}
	g, readErr := r.last(ctx)
	if err == nil && damaged(readErr) {
		g, readErr = r.anew(ctx, within)
	}
	if readErr != nil && err != nil {
		readErr = err // nothing was ever fetched, for this reason
	}
	if readErr != nil {
		return view.Generation{}, fmt.Errorf("intents: %s: branch %s: %w", r.opts.URL, r.opts.Branch, readErr)
	}
	return g, nil
}

// damaged reports whether the clone lacks, or cannot read, what it should have.
func damaged(err error) bool {
	return err != nil && !errors.Is(err, ErrEmpty) && !errors.Is(err, errNoFolder) && !errors.Is(err, errContent) && !errors.Is(err, context.Canceled)
}

// anew clones again and reads the commit. Nothing is lost with a clone.
func (r *Remote) anew(ctx, within context.Context) (view.Generation, error) {
	r.log.Warn("the clone is damaged: cloning anew", zap.String("directory", r.opts.Dir))
	if err := os.RemoveAll(r.opts.Dir); err != nil {
		return view.Generation{}, fmt.Errorf("git: clone: %w", err)
	}
	repo, err := r.clone()
	if err == nil {
		err = r.fetch(within, repo)
	}
	if err != nil {
		return view.Generation{}, err
	}
	return r.last(ctx)
}

// last reads the commit that was fetched last. It opens the clone anew: one that is open remembers packs that were removed.
func (r *Remote) last(ctx context.Context) (view.Generation, error) {
	repo, err := git.PlainOpen(r.opts.Dir)
	if err != nil {
		return view.Generation{}, err
	}
	ref, err := repo.Reference(r.ref(), true)
	if err != nil {
		return view.Generation{}, err
	}
	return snapshotOf(ctx, repo, ref.Hash(), r.opts.Folder)
}

// Last reads the commit that was fetched last, without asking the server.
func (r *Remote) Last(ctx context.Context) (view.Generation, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	g, err := r.last(ctx)
	if errors.Is(err, git.ErrRepositoryNotExists) || errors.Is(err, plumbing.ErrReferenceNotFound) {
		err = errors.New("nothing was fetched yet: tenter plan")
	}
	if err != nil {
		return view.Generation{}, fmt.Errorf("intents: %s: %w", r.opts.URL, err)
	}
	return g, nil
}

// Stale says why the last Snapshot may not be what the server has, and since when; empty when it is.
func (r *Remote) Stale() string {
	r.told.Lock()
	defer r.told.Unlock()
	if r.failures == 0 {
		return ""
	}
	return fmt.Sprintf("git: %s cannot be reached since %s: %s", r.opts.URL, r.since.UTC().Format(time.RFC3339), r.why)
}

// note counts failures in a row, and logs the first and every hundredth.
func (r *Remote) note(err error) {
	r.told.Lock()
	defer r.told.Unlock()
	if err == nil {
		if r.failures > 0 {
			r.log.Info("the git server answers again", zap.Int("failures", r.failures), zap.Duration("after", r.opts.now().Sub(r.since).Round(time.Second)))
		}
		r.failures, r.why = 0, ""
		return
	}
	if r.failures == 0 {
		r.since = r.opts.now()
	}
	if r.failures%warnEvery == 0 {
		r.log.Warn("nothing fetched, the last good intents stay in force", zap.String("url", r.opts.URL), zap.Int("failures", r.failures+1), zap.Error(err))
	}
	r.failures++
	r.why = err.Error()
}

// Watch calls changed at every poll interval, give or take a tenth, and whenever Poke was called, until ctx ends; then it
// returns nil. changed is called from one goroutine and must not block.
func (r *Remote) Watch(ctx context.Context, changed func()) error {
	r.due.Store(true)
	changed()
	for {
		// Many processes that started together do not ask together for ever.
		timer := time.NewTimer(r.opts.Poll + time.Duration((rand.Float64()-0.5)*0.2*float64(r.opts.Poll)))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		case <-r.poke:
			timer.Stop()
		}
		r.due.Store(true)
		changed()
	}
}

// Poke makes Watch look now. It never blocks, and many calls are as good as one.
func (r *Remote) Poke() {
	select {
	case r.poke <- struct{}{}:
	default:
	}
}

var errNoBranch = errors.New("it has no such branch")

// final reports whether trying again is of no use before somebody mends something.
func final(err error) bool {
	for _, known := range []error{
		errNoBranch, errTooLarge, transport.ErrAuthenticationRequired, transport.ErrAuthorizationFailed, transport.ErrRepositoryNotFound,
		transport.ErrEmptyRemoteRepository, ssh.ErrHostKey, ssh.ErrLogin,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// ref is where the clone keeps the branch.
func (r *Remote) ref() plumbing.ReferenceName {
	return plumbing.NewRemoteReferenceName("origin", r.opts.Branch)
}

// clone opens the clone, and makes one if there is none or it is one of another repository.
func (r *Remote) clone() (*git.Repository, error) {
	repo, err := git.PlainOpen(r.opts.Dir)
	if err == nil {
		conf, confErr := repo.Config()
		if o := originOf(conf); confErr == nil && o == r.opts.URL {
			return repo, nil
		}
	}
	if err := os.RemoveAll(r.opts.Dir); err != nil {
		return nil, fmt.Errorf("git: clone: %w", err)
	}
	if repo, err = git.PlainInit(r.opts.Dir, true); err != nil {
		return nil, fmt.Errorf("git: clone: %w", err)
	}
	if err := setOrigin(repo, r.opts.URL); err != nil {
		return nil, fmt.Errorf("git: clone: %w", err)
	}
	return repo, nil
}
