package netconf_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/device/fault"
	"github.com/tenter-net/tenter/internal/device/netconf"
	"github.com/tenter-net/tenter/internal/device/ssh"
	"github.com/tenter-net/tenter/internal/device/ssh/sshtest"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/schema/compile"
	"github.com/tenter-net/tenter/internal/tree"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	// soon is more than any call here takes, and less than a test that hangs.
	soon = 10 * time.Second
	// brief is what calls of a test may take that are to run out of time.
	brief = 200 * time.Millisecond
)

func loadRoots(t testing.TB) *schema.Roots {
	t.Helper()
	_, data, err := compile.Dir(os.DirFS("testdata"), compile.Options{Name: "example"})
	if err != nil {
		t.Fatal(err)
	}
	s, err := schema.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	return schema.NewRoots(map[string]*schema.Schema{"example": s})
}

func is(text string) func() (string, error) { return func() (string, error) { return text, nil } }

// config is that of a session with a server; change may be nil.
func config(t testing.TB, server *sshtest.Server, change func(*netconf.Config)) netconf.Config {
	t.Helper()
	profiles, err := profile.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	base, err := profiles.Get("openconfig")
	if err != nil {
		t.Fatal(err)
	}
	p := *base
	p.Facts, p.Limits.Timeout, p.Limits.MaxMessage = profile.FactPaths{}, soon, 1<<20
	p.Watch.PollInterval = time.Millisecond
	cfg := netconf.Config{
		Name: "switch", Address: server.Address, Trust: ssh.Trust{Anyone: true}, Username: is(sshtest.User), Password: is(sshtest.Password),
		Profile: &p, Table: tree.NewTable(loadRoots(t)), Log: zap.NewNop(),
	}
	if change != nil {
		change(&cfg)
	}
	return cfg
}

// hurried gives calls little time.
func hurried(cfg *netconf.Config) {
	p := *cfg.Profile
	p.Limits.Timeout = brief
	cfg.Profile = &p
}

func dial(t testing.TB, cfg netconf.Config) *netconf.Session {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	s, err := netconf.Dial(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		within(t, "Close", func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	})
	return s
}

// within fails the test when something hangs.
func within(t testing.TB, what string, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	select {
	case <-done:
	case <-time.After(soon):
		t.Fatalf("%s hangs", what)
	}
}

// readAll reads everything.
func readAll(t testing.TB, s *netconf.Session) (*tree.Tree, []tree.Problem, error) {
	t.Helper()
	var have *tree.Tree
	var problems []tree.Problem
	var err error
	within(t, "Read", func() { have, problems, err = s.Read(context.Background(), nil) })
	return have, problems, err
}

// kind returns the error's kind, -1 for no *Error.
func kind(err error) fault.Kind {
	var e *fault.Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return -1
}

func parsePath(t testing.TB, roots *schema.Roots, text string) path.Path {
	t.Helper()
	p, err := path.Parse("example:" + text)
	if err == nil {
		p, err = roots.Normalize(p)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}
