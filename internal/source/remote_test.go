package source

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"go.uber.org/zap/zaptest"
	gossh "golang.org/x/crypto/ssh"

	"github.com/tenter-net/tenter/internal/device/ssh"
	"github.com/tenter-net/tenter/internal/device/ssh/sshtest"
	"github.com/tenter-net/tenter/internal/view"
)

// An upstream is a repository with a work tree that stands for the people who push.
type upstream struct {
	t    *testing.T
	top  string
	work *git.Worktree
	repo *git.Repository
}

func newUpstream(t *testing.T) *upstream {
	t.Helper()
	u := &upstream{t: t, top: filepath.Join(t.TempDir(), "dc1's")}
	repo, err := git.PlainInitWithOptions(u.top, &git.PlainInitOptions{InitOptions: git.InitOptions{DefaultBranch: "refs/heads/main"}})
	if err != nil {
		t.Fatal(err)
	}
	u.repo = repo
	if u.work, err = repo.Worktree(); err != nil {
		t.Fatal(err)
	}
	return u
}

// push commits the files and returns the commit.
func (u *upstream) push(files map[string]string) string {
	u.t.Helper()
	write(u.t, u.top, files)
	return commitAll(u.t, u.work, "Change "+strings.Join(slices.Sorted(keysOf(files)), " ")+"\n\nBecause.")
}

func keysOf(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func (u *upstream) options(url string) RemoteOptions {
	return RemoteOptions{
		URL: url, Branch: "main", Folder: "net", Dir: filepath.Join(u.t.TempDir(), "git"), Poll: time.Hour, Timeout: 30 * time.Second,
		Log: zaptest.NewLogger(u.t),
	}
}

const token = "t0ken"

// overHTTPS serves the repository by git's own server side, to whoever has the token.
func (u *upstream) overHTTPS() RemoteOptions {
	u.t.Helper()
	out, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		u.t.Fatal("these tests need git: ", err)
	}
	backend := &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(out)), "git-http-backend"),
		Env:  []string{"GIT_PROJECT_ROOT=" + filepath.Dir(u.top), "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*"},
	}
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != token {
			w.Header().Set("WWW-Authenticate", "Basic")
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		backend.ServeHTTP(w, r)
	}))
	u.t.Cleanup(s.Close)
	ca := filepath.Join(u.t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		u.t.Fatal(err)
	}
	o := u.options(s.URL + "/" + strings.ReplaceAll(filepath.Base(u.top), "'", "%27") + "/.git")
	o.CAFile, o.Username, o.Token = ca, "tenter", say(token)
	return o
}

func say(text string) func() (string, error) { return func() (string, error) { return text, nil } }

// overSSH serves the repository by git's own server side, to whoever has the key. The passphrase may be empty.
func (u *upstream) overSSH(passphrase string) (RemoteOptions, *sshtest.Server) {
	u.t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		u.t.Fatal(err)
	}
	block, err := gossh.MarshalPrivateKey(private, "")
	if passphrase != "" {
		block, err = gossh.MarshalPrivateKeyWithPassphrase(private, "", []byte(passphrase))
	}
	if err != nil {
		u.t.Fatal(err)
	}
	signer, err := gossh.NewSignerFromKey(private)
	if err != nil {
		u.t.Fatal(err)
	}
	s := sshtest.Start(u.t, sshtest.Handlers{User: signer.PublicKey(), Exec: func(command string, ch gossh.Channel) {
		cmd := exec.Command("sh", "-c", command)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = nil, ch, ch.Stderr()
		in, err := cmd.StdinPipe()
		if err != nil || cmd.Start() != nil {
			return
		}
		go func() { // ends with the channel
			buf := make([]byte, 4096)
			for {
				n, err := ch.Read(buf)
				if _, writeErr := in.Write(buf[:n]); err != nil || writeErr != nil {
					_ = in.Close()
					return
				}
			}
		}()
		_ = cmd.Wait()
	}})
	o := u.options("ssh://" + sshtest.User + "@" + s.Address + u.top)
	o.Trust, o.PrivateKey = ssh.Trust{KnownHosts: s.KnownHosts(u.t, s.Key)}, say(string(pem.EncodeToMemory(block)))
	return o, s
}

func (r *Remote) get(t *testing.T) view.Generation {
	t.Helper()
	g, err := r.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestRemoteFollowsItsBranch(t *testing.T) {
	ways := map[string]func(*upstream) RemoteOptions{
		"file":  func(u *upstream) RemoteOptions { return u.options("file://" + u.top) },
		"https": (*upstream).overHTTPS,
		"ssh":   func(u *upstream) RemoteOptions { o, _ := u.overSSH(""); return o },
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			u := newUpstream(t)
			first := u.push(map[string]string{"net/a.yaml": "a", "net/pods/b.yml": "b", "net/.hidden.yaml": "", "README.md": "x", "other.yaml": "o"})
			o := way(u)
			r := NewRemote(o)
			g := r.get(t)
			if g.Commit != first || g.Author != "Ada <ada@example.net>" || !strings.HasPrefix(g.Subject, "Change README.md") || strings.Contains(g.Subject, "\n") {
				t.Errorf("commit %q by %q: %q", g.Commit, g.Author, g.Subject)
			}
			if got := fmt.Sprintf("%s", g.Files); got != "map[a.yaml:a pods/b.yml:b]" {
				t.Errorf("files %s", got)
			}
			if dir := filepath.Join(u.top, "net"); snapshot(t, dir).ID != g.ID {
				t.Error("the same files as a directory are another generation")
			}
			second := u.push(map[string]string{"net/a.yaml": "A"})
			if g = r.get(t); g.Commit != second || string(g.Files["a.yaml"]) != "A" {
				t.Errorf("after a push: %q %s", g.Commit, g.Files)
			}
			// A push by force, to a history that has nothing to do with this one.
			if err := u.repo.Storer.RemoveReference("refs/heads/main"); err != nil {
				t.Fatal(err)
			}
			forced := u.push(map[string]string{"net/a.yaml": "forced"})
			if g = r.get(t); g.Commit != forced || string(g.Files["a.yaml"]) != "forced" {
				t.Errorf("after a push by force: %q %s", g.Commit, g.Files)
			}
			if n := len(packs(o.Dir)); n > 3 {
				t.Errorf("the clone has grown to %d files", n)
			}
			// Another process, with the same state directory and another URL.
			o.URL += "/"
			if g = NewRemote(o).get(t); g.Commit != forced {
				t.Errorf("cloned anew: %q", g.Commit)
			}
		})
	}
}

func TestRemoteWithoutItsServer(t *testing.T) {
	u := newUpstream(t)
	first := u.push(map[string]string{"net/a.yaml": "a"})
	o, s := u.overSSH("")
	r := NewRemote(o)
	r.get(t)
	for _, tt := range []struct {
		name, err string
		change    func()
	}{
		{"another host key", "host key not trusted", func() { s.Rekey(t) }},
		{"another key", "login failed", func() {
			r.opts.PrivateKey = otherKey(t)
			r.opts.Trust = ssh.Trust{Pin: s.Key.Fingerprint()}
		}},
	} {
		tt.change()
		if _, err := r.Snapshot(t.Context()); err == nil || !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %v; want %q", tt.name, err, tt.err)
		}
	}
	// Nobody there: no news.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.opts.URL = "ssh://tenter@" + l.Addr().String() + u.top
	setURL(t, r, r.opts.URL)
	_ = l.Close()
	if g := r.get(t); g.Commit != first || !strings.Contains(r.Stale(), "cannot be reached since") {
		t.Errorf("server away: %q, %q", g.Commit, r.Stale())
	}
	// One that takes connections and says nothing.
	mute := sshtest.Raw(t, "127.0.0.1:0", func(c net.Conn) { _, _ = c.Read(make([]byte, 1<<10)); _, _ = c.Read(make([]byte, 1)) })
	r.opts.URL, r.opts.Timeout = "ssh://tenter@"+mute.Address+u.top, 200*time.Millisecond
	setURL(t, r, r.opts.URL)
	if g := r.get(t); g.Commit != first || !strings.Contains(r.Stale(), "no answer within 200ms") {
		t.Errorf("mute server: %q, %q", g.Commit, r.Stale())
	}
	mute.Hangup()
	if g, err := r.Last(t.Context()); err != nil || g.Commit != first {
		t.Errorf("%q, %v", g.Commit, err)
	}
	// It is back, with what was pushed meanwhile.
	second := u.push(map[string]string{"net/a.yaml": "A"})
	back, _ := u.overSSH("")
	back.Dir = r.opts.Dir
	r.opts = back
	r.opts.now = time.Now
	setURL(t, r, back.URL)
	if g := r.get(t); g.Commit != second || r.Stale() != "" {
		t.Errorf("server back: %q, %q", g.Commit, r.Stale())
	}
	if _, err := NewRemote(u.options("ssh://tenter@127.0.0.1:1/x")).Last(t.Context()); err == nil || !strings.Contains(err.Error(), "nothing was fetched yet") {
		t.Errorf("nothing was fetched: %v", err)
	}
	if _, err := NewRemote(u.options("ssh://tenter@127.0.0.1:1/x")).Snapshot(t.Context()); err == nil {
		t.Error("nothing was ever fetched, and that is no error")
	}
}

func otherKey(t *testing.T) func() (string, error) {
	_, text := sshtest.NewKey(t)
	return say(text)
}

// setURL makes the clone one of another URL, as if the server had moved.
func setURL(t *testing.T, r *Remote, url string) {
	t.Helper()
	repo, err := git.PlainOpen(r.opts.Dir)
	if err != nil {
		t.Fatal(err)
	}
	conf, err := repo.Config()
	if err != nil {
		t.Fatal(err)
	}
	conf.Remotes["origin"].URLs = []string{url}
	if err := repo.SetConfig(conf); err != nil {
		t.Fatal(err)
	}
}

func TestRemoteRefuses(t *testing.T) {
	u := newUpstream(t)
	u.push(map[string]string{"net/a.yaml": "a", "net/target.txt": "t"})
	remote := func(change func(*RemoteOptions)) *Remote {
		o := u.overHTTPS()
		change(&o)
		return NewRemote(o)
	}
	tests := []struct {
		name, want string
		is         error
		remote     *Remote
	}{
		{"a branch that is not there", "it has no such branch: dev", errNoBranch, remote(func(o *RemoteOptions) { o.Branch = "dev" })},
		{"a wrong token", "authentication required", transport.ErrAuthenticationRequired, remote(func(o *RemoteOptions) { o.Token = say("wrong") })},
		{"a repository that is not there", "repository not found", transport.ErrRepositoryNotFound, remote(func(o *RemoteOptions) { o.URL = strings.Replace(o.URL, "dc1", "dc2", 1) })},
		{"no folder", "there is no folder nets", nil, remote(func(o *RemoteOptions) { o.Folder = "nets" })},
		{"an unknown authority", "certificate", nil, remote(func(o *RemoteOptions) { o.CAFile = "" })},
	}
	for _, tt := range tests {
		_, err := tt.remote.Snapshot(t.Context())
		if err == nil || !strings.Contains(err.Error(), tt.want) || tt.is != nil && !errors.Is(err, tt.is) {
			t.Errorf("%s: %v; want %q", tt.name, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), token) {
			t.Errorf("%s: the token is in the error: %v", tt.name, err)
		}
	}
	// The branch is deleted while somebody follows it.
	r := remote(func(*RemoteOptions) {})
	r.get(t)
	if err := u.repo.Storer.SetReference(plumbing.NewHashReference("refs/heads/other", plumbing.NewHash(r.get(t).Commit))); err != nil {
		t.Fatal(err)
	}
	if err := u.repo.Storer.RemoveReference("refs/heads/main"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Snapshot(t.Context()); !errors.Is(err, errNoBranch) {
		t.Errorf("a deleted branch: %v", err)
	}
}

func TestCommittedFiles(t *testing.T) {
	tests := []struct {
		name, want string
		make       func(dir string)
	}{
		{"a link inside", "map[a.yaml:a l.yaml:t]", func(dir string) { link(t, "target.txt", filepath.Join(dir, "l.yaml")) }},
		{"a link that leads out", "leads out", func(dir string) { link(t, "../other.yaml", filepath.Join(dir, "l.yaml")) }},
		{"an absolute link", "leads out", func(dir string) { link(t, "/etc/hosts", filepath.Join(dir, "l.yaml")) }},
		{"a link to itself", "leads out", func(dir string) { link(t, "l.yaml", filepath.Join(dir, "l.yaml")) }},
		{"a link to nothing", "not there", func(dir string) { link(t, "absent", filepath.Join(dir, "l.yaml")) }},
		{"a link to a folder", "no regular file", func(dir string) {
			write(t, dir, map[string]string{"sub/x.txt": ""})
			link(t, "sub", filepath.Join(dir, "l.yaml"))
		}},
		{"too large", "larger than", func(dir string) { write(t, dir, map[string]string{"l.yaml": strings.Repeat("x", maxFileSize+1)}) }},
		{"a name that is not UTF-8", `"\xff.yaml" is no name`, func(dir string) { write(t, dir, map[string]string{"\xff.yaml": "x"}) }},
		{"a pointer of Git LFS", "l.yaml is a pointer of Git LFS", func(dir string) { write(t, dir, map[string]string{"l.yaml": pointer + "v1\n"}) }},
		{"no document", ErrEmpty.Error(), func(dir string) {
			if err := os.Remove(filepath.Join(dir, "a.yaml")); err != nil {
				t.Fatal(err)
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u := newUpstream(t)
			write(t, u.top, map[string]string{"net/a.yaml": "a", "net/target.txt": "t", "other.yaml": "o"})
			tt.make(filepath.Join(u.top, "net"))
			commitAll(t, u.work, "x")
			g, err := NewRemote(u.options("file://" + u.top)).Snapshot(t.Context())
			got := fmt.Sprintf("%s", g.Files)
			if err != nil {
				got = err.Error()
			}
			if !strings.Contains(got, tt.want) {
				t.Errorf("%s; want %q", got, tt.want)
			}
		})
	}
}

// TestPassphrase opens a key once: that is slow on purpose.
func TestPassphrase(t *testing.T) {
	u := newUpstream(t)
	id := u.push(map[string]string{"net/a.yaml": "a"})
	o, s := u.overSSH("open sesame")
	o.Passphrase, o.Trust = say("open sesame"), ssh.Trust{Pin: s.Key.Fingerprint()}
	if g := NewRemote(o).get(t); g.Commit != id {
		t.Errorf("commit %q", g.Commit)
	}
	o.Dir, o.Passphrase = filepath.Join(t.TempDir(), "git"), nil
	if _, err := NewRemote(o).Snapshot(t.Context()); err == nil || !strings.Contains(err.Error(), "it has a passphrase") {
		t.Errorf("without its passphrase: %v", err)
	}
}

// TestRemoteMendsItsClone reads on after a crash, or a disk, has left the clone without what it should have.
func TestRemoteMendsItsClone(t *testing.T) {
	harm := map[string]func(name string) error{
		"cut off": func(name string) error { return os.Truncate(name, 40) },
		"gone":    os.Remove,
		"not a pack": func(name string) error {
			return errors.Join(os.Chmod(name, 0o600), os.WriteFile(name, []byte("nonsense"), 0o600))
		},
	}
	for what, do := range harm {
		for _, ending := range []string{".pack", ".idx"} {
			t.Run(what+" "+ending, func(t *testing.T) {
				u := newUpstream(t)
				id := u.push(map[string]string{"net/a.yaml": strings.Repeat("a: b\n", 1000), "net/b.yaml": "b"})
				o := u.overHTTPS()
				NewRemote(o).get(t)
				for _, name := range packs(o.Dir) {
					if strings.HasSuffix(name, ending) {
						if err := errors.Join(os.Chmod(name, 0o600), do(name)); err != nil {
							t.Fatal(err)
						}
					}
				}
				if g := NewRemote(o).get(t); g.Commit != id || len(g.Files) != 2 {
					t.Errorf("%d files of %q", len(g.Files), g.Commit)
				}
			})
		}
	}
}

func TestRemoteWatch(t *testing.T) {
	o := RemoteOptions{Poll: time.Hour, Log: zaptest.NewLogger(t)}
	r := NewRemote(o)
	told := make(chan struct{}, 10)
	done := make(chan error)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { done <- r.Watch(ctx, func() { told <- struct{}{} }) }()
	wait(t, told) // at once
	r.Poke()
	wait(t, told)
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
