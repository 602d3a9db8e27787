package gnmi_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/tenter-net/tenter/internal/device/fault"
	"github.com/tenter-net/tenter/internal/device/gnmi"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/sim"
	"github.com/tenter-net/tenter/internal/sim/hand"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/lab"
	"github.com/tenter-net/tenter/schemas"
)

// ytypes, which the simulator uses, logs through glog, whose flusher never ends.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/golang/glog.(*fileSink).flushDaemon"))
}

const (
	password = "correct horse"
	desc     = "/interfaces/interface[name=Ethernet49]/config/description"
	mtu      = "/interfaces/interface[name=Ethernet49]/config/mtu"
)

var roots = schema.NewRoots(map[string]*schema.Schema{path.OpenConfig: schemas.OpenConfig()})

// A lab is a running simulated fabric.
type simulated struct {
	*sim.Fabric
	t  *testing.T
	ca []byte
}

func simulate(t *testing.T, faults ...string) *simulated {
	t.Helper()
	topology, err := sim.Load(lab.EVPN)
	if err != nil {
		t.Fatal(err)
	}
	f, err := sim.New(topology, sim.Options{Dir: t.TempDir(), Username: "admin", Password: password, Faults: faults})
	if err != nil {
		t.Fatal(err)
	}
	ca, err := os.ReadFile(f.CA())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("simulator: %v", err)
		}
	})
	return &simulated{Fabric: f, t: t, ca: ca}
}

func (f *simulated) address(name string) string {
	for _, n := range f.Nodes() {
		if n.Name == name {
			return n.Address
		}
	}
	f.t.Fatalf("no node %q", name)
	return ""
}

func (f *simulated) control(line string) {
	f.t.Helper()
	if _, err := f.Control(f.t.Context(), line); err != nil {
		f.t.Fatal(err)
	}
}

func simProfile(t *testing.T) *profile.Profile {
	t.Helper()
	set, err := profile.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := set.Get("openconfig-sim")
	if err != nil {
		t.Fatal(err)
	}
	own := *p
	return &own
}

func text(s string) func() (string, error) { return func() (string, error) { return s, nil } }

func (f *simulated) config(name string) gnmi.Config {
	return gnmi.Config{
		Name: "leaf1", Address: f.address(name), TLS: gnmi.TLS{CA: f.ca, ServerName: name},
		Username: text("admin"), Password: text(password),
		Profile: simProfile(f.t), Table: tree.NewTable(roots), Log: zap.NewNop(),
	}
}

func dial(t *testing.T, cfg gnmi.Config) *gnmi.Session {
	t.Helper()
	s, err := gnmi.Dial(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (f *simulated) hand(name string) *hand.Client {
	f.t.Helper()
	c, err := hand.Dial(hand.Options{Address: f.address(name), ServerName: name, CA: f.ca, Username: "admin", Password: password})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = c.Close() })
	return c
}

func at(t *testing.T, s string) path.Path {
	t.Helper()
	p, err := path.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func leaf(t *testing.T, p string, v any) tree.Leaf {
	t.Helper()
	c, err := roots.Canonical(at(t, p), v)
	if err != nil {
		t.Fatal(err)
	}
	return tree.Leaf{Path: at(t, p), Value: c}
}

func update(leaves ...tree.Leaf) tree.Edit { return tree.Edit{Updates: leaves} }

// value reads one leaf, empty if it is not there.
func value(t *testing.T, s *gnmi.Session, p string) string {
	t.Helper()
	have, problems, err := s.Read(t.Context(), []path.Path{at(t, p)})
	if err != nil {
		t.Fatal(err)
	}
	if len(problems) > 0 {
		t.Fatalf("problems: %v", problems)
	}
	l, _ := have.Get(at(t, p))
	return l.Value.Text()
}

func TestProbe(t *testing.T) {
	f := simulate(t)
	cfg := f.config("leaf1")
	cfg.Profile.Facts.Serial = profile.Path{Path: at(t, "/components/component[name=Chassis]/state/serial-no")}
	facts, err := dial(t, cfg).Probe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if facts.GNMIVersion == "" || len(facts.Encodings) == 0 || len(facts.Models) == 0 || facts.SoftwareVersion == "" ||
		facts.Serial == "" || facts.BootTime.IsZero() || len(facts.CertificateSHA256) != 64 {
		t.Errorf("facts: %+v", facts)
	}
	// Where it answers no Get in time it is still told from others.
	f.control("leaf1 hang-get")
	cfg.Profile.Limits.Timeout = 200 * time.Millisecond
	if less, err := dial(t, cfg).Probe(t.Context()); err != nil || less.CertificateSHA256 != facts.CertificateSHA256 || less.Serial != "" {
		t.Errorf("facts: %+v, %v", less, err)
	}
	f.control("leaf1 clear")
	// The same certificate pinned needs no CA, and another one is refused.
	cfg.TLS = gnmi.TLS{Pin: strings.ToUpper(facts.CertificateSHA256)}
	dial(t, cfg)
	cfg.Address = f.address("leaf2")
	if _, err := gnmi.Dial(t.Context(), cfg); kind(err) != fault.Untrusted {
		t.Errorf("another device's certificate: %v", err)
	}
}

func kind(err error) fault.Kind {
	var e *fault.Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return -1
}

func TestSetAndReadByEveryWay(t *testing.T) {
	for name, tt := range map[string]struct {
		faults []string
		change func(*profile.Profile)
	}{
		"as the profile says":          {},
		"no Get":                       {faults: []string{"leaf1 no-get"}},
		"no ONCE":                      {faults: []string{"leaf1 no-once"}, change: func(p *profile.Profile) { p.Read = profile.ReadOnce }},
		"no Capabilities":              {faults: []string{"leaf1 no-capabilities"}},
		"neither Get nor Capabilities": {faults: []string{"leaf1 no-get", "leaf1 no-capabilities"}},
		"stripped identities":          {faults: []string{"leaf1 strip-prefixes"}},
		"scalars":                      {change: func(p *profile.Profile) { p.Granularity = profile.GranularityScalar }},
		"one document":                 {change: func(p *profile.Profile) { p.Granularity = profile.GranularityRoot }},
		"subtrees":                     {change: func(p *profile.Profile) { p.Granularity = profile.GranularitySubtree }},
		"JSON": {change: func(p *profile.Profile) {
			p.Encodings = profile.Encodings{Get: profile.JSON, Set: profile.JSON, Subscribe: profile.JSON}
		}},
		"PROTO":     {change: func(p *profile.Profile) { p.Encodings.Get = profile.Proto }},
		"no origin": {change: func(p *profile.Profile) { p.Origins = []profile.Origin{{Schema: "openconfig"}} }},
	} {
		t.Run(name, func(t *testing.T) {
			f := simulate(t, tt.faults...)
			cfg := f.config("leaf1")
			if tt.change != nil {
				tt.change(cfg.Profile)
			}
			s := dial(t, cfg)
			edit := update(leaf(t, desc, "to spine1"), leaf(t, mtu, "9000"))
			if err := s.Set(t.Context(), edit, profile.SetOptions{}); err != nil {
				t.Fatal(err)
			}
			if got := value(t, s, desc); got != "to spine1" {
				t.Errorf("description %q", got)
			}
			have, problems, err := s.Read(t.Context(), []path.Path{at(t, "/interfaces"), at(t, "/system/config/login-banner")})
			if err != nil || len(problems) > 0 {
				t.Fatalf("%v, problems %v", err, problems)
			}
			if l, _ := have.Get(at(t, mtu)); l.Value.Text() != "9000" || have.Has(at(t, "/network-instances")) {
				t.Errorf("mtu %q in %d leaves", l.Value.Text(), have.Len())
			}
			if err := s.Set(t.Context(), tree.Edit{Deletes: []path.Path{at(t, desc)}}, profile.SetOptions{}); err != nil {
				t.Fatal(err)
			}
			if got := value(t, s, desc); got != "" {
				t.Errorf("after the delete: %q", got)
			}
		})
	}
}

// TestReadsAgree reads everything in each way: the trees must be the same, and hold configuration only.
func TestReadsAgree(t *testing.T) {
	f := simulate(t)
	cfg := f.config("leaf1")
	first, problems, err := dial(t, cfg).Read(t.Context(), nil)
	if err != nil || len(problems) > 0 || first.Len() == 0 {
		t.Fatalf("%d leaves, %v, problems %v", first.Len(), err, problems)
	}
	for _, method := range []profile.ReadMethod{profile.ReadGet, profile.ReadOnce} {
		for _, enc := range []profile.Encoding{profile.JSONIETF, profile.JSON, profile.Proto} {
			cfg := f.config("leaf1")
			cfg.Profile.Read, cfg.Profile.Encodings = method, profile.Encodings{Get: enc, Set: enc, Subscribe: enc}
			have, problems, err := dial(t, cfg).Read(t.Context(), nil)
			if err != nil || len(problems) > 0 {
				t.Errorf("%s in %s: %v, problems %v", method, enc, err, problems)
			}
			for c := range tree.Diff(first, have) {
				t.Errorf("%s in %s: %s: %s, not %s", method, enc, c.Path, c.After.Text(), c.Before.Text())
			}
		}
	}
}

func TestSetErrors(t *testing.T) {
	for name, tt := range map[string]struct {
		fault string
		is    func(*fault.Error) bool
		kept  bool
	}{
		"refused":                {"refuse-set", (*fault.Error).Refused, false},
		"error, yet applied":     {"fail-after-set", (*fault.Error).Refused, true},
		"no answer":              {"hang-set", (*fault.Error).Lost, false},
		"no answer, and applied": {"hang-after-set", (*fault.Error).Lost, true},
	} {
		t.Run(name, func(t *testing.T) {
			f := simulate(t, "leaf1 "+tt.fault+" once")
			cfg := f.config("leaf1")
			cfg.Profile.Limits.Timeout = time.Second
			s := dial(t, cfg)
			err := s.Set(t.Context(), update(leaf(t, desc, "x")), profile.SetOptions{})
			var e *fault.Error
			if !errors.As(err, &e) || !tt.is(e) {
				t.Fatalf("got %v", err)
			}
			for _, part := range []string{`"leaf1"`, cfg.Address, "set", "; "} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not name %q", err, part)
				}
			}
			if strings.Contains(err.Error(), password) {
				t.Errorf("the password is in %q", err)
			}
			if got := value(t, s, desc) == "x"; got != tt.kept {
				t.Errorf("applied %t, want %t", got, tt.kept)
			}
		})
	}
}

func TestLoginAndTrust(t *testing.T) {
	f := simulate(t)
	for name, tt := range map[string]struct {
		change func(*gnmi.Config)
		want   fault.Kind
	}{
		"wrong password": {func(c *gnmi.Config) { c.Password = text("wrong") }, fault.Unauthenticated},
		"no password":    {func(c *gnmi.Config) { c.Password = nil }, fault.Unauthenticated},
		"wrong name":     {func(c *gnmi.Config) { c.TLS.ServerName = "leaf2" }, fault.Untrusted},
		"no CA":          {func(c *gnmi.Config) { c.TLS.CA = nil }, fault.Untrusted},
		"nobody there":   {func(c *gnmi.Config) { c.Address = "127.0.0.1:1" }, fault.Unreachable},
		"no TLS":         {func(c *gnmi.Config) { c.TLS = gnmi.TLS{Plaintext: true} }, fault.Unreachable},
	} {
		cfg := f.config("leaf1")
		tt.change(&cfg)
		s, err := gnmi.Dial(t.Context(), cfg)
		if err == nil {
			_, err = s.Probe(t.Context())
			_ = s.Close()
		}
		if kind(err) != tt.want {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if name == "no TLS" && !strings.Contains(err.Error(), "speaks TLS only") {
			t.Errorf("%q does not say what it takes", err)
		}
		if tt.want == fault.Unauthenticated && !strings.Contains(err.Error(), "password") {
			t.Errorf("%s: %q says no next step", name, err)
		}
	}
	core, logs := observer.New(zap.WarnLevel)
	cfg := f.config("leaf1")
	cfg.TLS, cfg.Log = gnmi.TLS{SkipVerify: true}, zap.New(core)
	if _, err := dial(t, cfg).Probe(t.Context()); err != nil {
		t.Error(err)
	}
	if logs.FilterMessageSnippet("NOT CHECKED").Len() != 1 {
		t.Errorf("skipping the check is not said: %v", logs.All())
	}
	for _, e := range logs.All() {
		if strings.Contains(e.Message, password) {
			t.Error("the password is logged")
		}
	}
}

func TestSave(t *testing.T) {
	f := simulate(t, "leaf2 refuse-save")
	for name, fails := range map[string]bool{"leaf1": false, "leaf2": true} {
		s := dial(t, f.config(name))
		if err := s.Set(t.Context(), update(leaf(t, desc, "kept")), profile.SetOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := s.Save(t.Context()); (err != nil) != fails {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := dial(t, f.config("leaf1"))
	done := whenSynced(t, s)
	f.control("leaf1 reboot")
	<-done
	whenSynced(t, s)
	if got := value(t, s, desc); got != "kept" {
		t.Errorf("after the reboot: %q", got)
	}
}

func TestCommitConfirmed(t *testing.T) {
	f := simulate(t)
	s := dial(t, f.config("leaf1"))
	open := profile.SetOptions{Commit: profile.CommitOpen, CommitID: "run-1", Rollback: time.Minute}
	if err := s.Set(t.Context(), update(leaf(t, desc, "x")), open); err != nil {
		t.Fatal(err)
	}
	if err := s.Set(t.Context(), tree.Edit{}, profile.SetOptions{Commit: profile.CommitCancel, CommitID: "run-1"}); err != nil {
		t.Fatal(err)
	}
	if got := value(t, s, desc); got != "" {
		t.Errorf("after the cancel: %q", got)
	}
	if err := s.Set(t.Context(), update(leaf(t, desc, "y")), profile.SetOptions{Commit: profile.CommitOpen, CommitID: "run-2", Rollback: time.Minute}); err != nil {
		t.Fatal(err)
	}
	confirm := profile.SetOptions{Commit: profile.CommitConfirm, CommitID: "run-2"}
	if err := s.Set(t.Context(), update(leaf(t, desc, "z")), confirm); err == nil {
		t.Error("a confirm with an edit was sent")
	}
	if err := s.Set(t.Context(), tree.Edit{}, confirm); err != nil {
		t.Fatal(err)
	}
	if got := value(t, s, desc); got != "y" {
		t.Errorf("after the confirm: %q", got)
	}
}

func TestTooLarge(t *testing.T) {
	f := simulate(t)
	cfg := f.config("leaf1")
	cfg.Profile.Limits.MaxMessage = 64 << 10
	s := dial(t, cfg)
	var edit tree.Edit
	for i := range 1000 {
		edit.Updates = append(edit.Updates, leaf(t, "/interfaces/interface[name=Loopback"+strings.Repeat("1", i%9+1)+"]/config/description", strings.Repeat("x", 200)))
	}
	if err := s.Set(t.Context(), edit, profile.SetOptions{}); kind(err) != fault.TooLarge {
		t.Errorf("a large Set: %v", err)
	}
}
