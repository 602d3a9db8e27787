package sim

import (
	"context"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tenter-net/tenter/internal/sim/hand"
	"github.com/tenter-net/tenter/lab"
)

// ytypes logs through glog, whose flusher never ends.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/golang/glog.(*fileSink).flushDaemon"))
}

// A testFabric is a running fabric.
type testFabric struct {
	*Fabric
	t    testing.TB
	ca   []byte
	stop func()
}

func start(t testing.TB, opts Options) *testFabric {
	t.Helper()
	return startTopology(t, lab.EVPN, opts)
}

func startTopology(t testing.TB, file []byte, opts Options) *testFabric {
	t.Helper()
	topology, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	if opts.Dir == "" {
		opts.Dir = t.TempDir()
	}
	if opts.Username == "" {
		opts.Username, opts.Password = "admin", "secret"
	}
	f, err := New(topology, opts)
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
	stop := func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		done <- nil
	}
	t.Cleanup(stop)
	return &testFabric{Fabric: f, t: t, ca: ca, stop: stop}
}

func (f *testFabric) address(name string) string {
	for _, n := range f.Nodes() {
		if n.Name == name {
			return n.Address
		}
	}
	f.t.Fatalf("no node %q", name)
	return ""
}

func (f *testFabric) hand(name string) *hand.Client {
	f.t.Helper()
	c, err := hand.Dial(hand.Options{Address: f.address(name), ServerName: name, CA: f.ca, Username: "admin", Password: "secret"})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { c.Close() })
	return c
}

func timeout(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestSetAndGet(t *testing.T) {
	f := start(t, Options{})
	c := f.hand("leaf1")
	ctx := timeout(t)
	if err := c.Set(ctx, hand.Edit{Path: "/interfaces/interface[name=Ethernet49]/config/description", Value: "to spine1"}); err != nil {
		t.Fatal(err)
	}
	for _, leaf := range []string{"config", "state"} {
		got, err := c.Get(ctx, "/interfaces/interface[name=Ethernet49]/"+leaf+"/description")
		if err != nil || got != `"to spine1"` {
			t.Errorf("%s: got %q, %v", leaf, got, err)
		}
	}
}
