package monitor_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/device/gnmi"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/monitor"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/sim"
	"github.com/tenter-net/tenter/internal/sim/hand"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/lab"
)

const (
	port49 = "/interfaces/interface[name=Ethernet49]/config/description"
	banner = "/system/config/login-banner"
)

// A scene is a monitor, the store and one simulated device, over real sockets and in real time.
type scene struct {
	t     testing.TB
	sim   *sim.Fabric
	store *store.Store
	by    *hand.Client
	seen  event.Seq

	config gnmi.Config
	target *monitor.Target

	mu      sync.Mutex
	session *gnmi.Session
}

func (s *scene) Devices(context.Context) ([]intent.DeviceName, error) {
	return []intent.DeviceName{leaf1}, nil
}

func (s *scene) Target(context.Context, intent.DeviceName) (*monitor.Target, error) {
	return s.target, nil
}

func (s *scene) Forget(intent.DeviceName) {}

func (s *scene) Session(ctx context.Context, _ intent.DeviceName) (monitor.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session == nil {
		session, err := gnmi.Dial(ctx, s.config)
		if err != nil {
			return nil, err
		}
		s.session = session
	}
	return s.session, nil
}

func (s *scene) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) address(name string) string {
	for _, n := range s.sim.Nodes() {
		if n.Name == name {
			return n.Address
		}
	}
	s.t.Fatalf("no node %q", name)
	return ""
}

// play starts a scene. Everything that the device is made with was applied by Tenter.
func play(t testing.TB, settle time.Duration, faults ...string) *scene {
	t.Helper()
	s := &scene{t: t}
	topology, err := sim.Load(lab.EVPN)
	s.must(err)
	s.sim, err = sim.New(topology, sim.Options{Dir: t.TempDir()})
	s.must(err)
	ca, err := os.ReadFile(s.sim.CA())
	s.must(err)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	t.Cleanup(func() {
		cancel()
		running.Wait()
		if s.session != nil {
			s.must(s.session.Close())
		}
		s.must(s.store.Close())
	})
	running.Go(func() {
		if err := s.sim.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	s.by, err = hand.Dial(hand.Options{Address: s.address("leaf1"), ServerName: "leaf1", CA: ca})
	s.must(err)
	t.Cleanup(func() { _ = s.by.Close() })
	s.change(hand.Edit{Path: port49, Value: "to spine1"}, hand.Edit{Path: banner, Value: "hello"})
	for _, f := range faults {
		s.control(f)
	}

	set, err := profile.Load(nil)
	s.must(err)
	shipped, err := set.Get("openconfig-sim")
	s.must(err)
	p := *shipped
	p.Watch.SyncTimeout, p.Watch.SampleInterval, p.Watch.PollInterval = time.Second, 100*time.Millisecond, 100*time.Millisecond
	p.Watch.AuditInterval, p.Limits.Timeout = time.Second, time.Second
	p.Defaults.Echoed = slices.Contains(faults, "leaf1 "+string(sim.EchoDefaults))
	table := tree.NewTable(roots)
	b := tree.NewBuilder(table)
	desired := []tree.Leaf{leaf(t, port49, "to spine1"), leaf(t, banner, "hello")}
	for _, l := range desired {
		s.must(b.Set(l))
	}
	s.config = gnmi.Config{
		Name: leaf1, Address: s.address("leaf1"), TLS: gnmi.TLS{CA: ca, ServerName: "leaf1"}, Profile: &p, Table: table, Log: zap.NewNop(),
	}
	s.target = &monitor.Target{
		Model: &fabric.Device{
			Name: leaf1, Scope: []fabric.ScopeRule{{Pattern: "/network-instances/network-instance[name=default]/vlans/**", Action: fabric.Own}},
			Drift: []fabric.DriftRule{{Pattern: "/**", Mode: fabric.DriftEnforce}},
		},
		Profile: &p, Table: table, Desired: b.Build(), Sources: &tree.Sources{}, Secrets: plan.NewSecrets([]byte("key"), nil),
	}
	s.store, err = store.Open(ctx, store.Options{Dir: t.TempDir(), Alone: true, Log: zap.NewNop()})
	s.must(err)
	s.must(s.store.Do(ctx, func(tx event.Tx) error { return s.store.MarkApplied(tx, leaf1, desired) }))
	a, leave := assigned(t, s.store, s.Devices)
	m := monitor.New(monitor.Options{Assigned: a, Settle: settle, Intents: s, Sessions: s, Store: s.store, Log: zap.NewNop()})
	running.Go(func() {
		defer leave()
		if err := m.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *scene) control(line string) {
	s.t.Helper()
	if _, err := s.sim.Control(context.Background(), line); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) change(edits ...hand.Edit) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s.must(s.by.Set(ctx, edits...))
}

// until waits for an event whose line begins so, and refuses any other one of drift.
func (s *scene) until(want string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	for {
		s.must(s.store.Wait(ctx, s.seen))
		list, err := s.store.Events(ctx, event.Query{After: s.seen, Limit: 1})
		s.must(err)
		for _, e := range list {
			s.seen = e.Seq
			line := describe(s.t, e)
			if strings.HasPrefix(line, want) {
				return
			}
			if strings.HasPrefix(line, "drift.") {
				s.t.Fatalf("got %q, want %q", line, want)
			}
		}
	}
}

func TestOverRealSessions(t *testing.T) {
	const vlan = "/network-instances/network-instance[name=default]/vlans/vlan[vlan-id=99]"
	for name, faults := range map[string][]string{
		"as it should be":     nil,
		"whole seconds":       {"leaf1 second-timestamps"},
		"out of order":        {"leaf1 disorder"},
		"atomic":              {"leaf1 atomic"},
		"stripped identities": {"leaf1 strip-prefixes"},
		"echoed defaults":     {"leaf1 echo-defaults"},
		"no Get":              {"leaf1 no-get"},
		"no ON_CHANGE":        {"leaf1 refuse-on-change"},
		"SAMPLE only":         {"leaf1 refuse-on-change", "leaf1 refuse-target"},
		"no streams":          {"leaf1 refuse-stream"},
		"silent":              {"leaf1 silent"},
		"Get hangs":           {"leaf1 hang-get"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := play(t, 50*time.Millisecond, faults...)
			s.until("device.synced")
			s.change(hand.Edit{Path: port49, Value: "by hand"})
			s.until("drift.detected enforce | changed " + port49 + " to spine1 -> by hand")
			s.change(hand.Edit{Path: port49, Value: "to spine1"})
			s.until("drift.remediated by ") // whether the stream or an audit sees it first
			s.change(hand.Edit{Path: vlan + "/config/vlan-id", Value: 99})
			s.until("drift.detected enforce | unexpected " + vlan + "/config/vlan-id")
			s.change(hand.Edit{Path: vlan, Delete: true})
			s.until("drift.remediated by ")
			s.change(hand.Edit{Path: port49, Delete: true})
			s.until("drift.detected enforce | missing " + port49 + " to spine1 ->")
			s.change(hand.Edit{Path: port49, Value: "to spine1"})
			s.until("drift.remediated by ")
		})
	}
}

func TestRebootOverARealSession(t *testing.T) {
	s := play(t, 50*time.Millisecond)
	s.until("device.synced")
	s.control("leaf1 reboot") // what was configured was never saved
	s.until("device.disconnected")
	s.until("device.synced")
	s.until("drift.detected enforce | missing " + port49 + " to spine1 -> | missing " + banner + " hello ->")
}

// BenchmarkDriftLatency is the time from a stranger's Set being sent to drift.detected in the log, without settle time.
func BenchmarkDriftLatency(b *testing.B) {
	s := play(b, 0)
	s.until("device.synced")
	times := make([]time.Duration, 0, b.N)
	b.ResetTimer()
	for range b.N {
		began := time.Now()
		s.change(hand.Edit{Path: port49, Value: "by hand"})
		s.until("drift.detected")
		times = append(times, time.Since(began))
		b.StopTimer()
		s.change(hand.Edit{Path: port49, Value: "to spine1"})
		s.until("drift.remediated")
		b.StartTimer()
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, "ms-p50")
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds())/1000, "ms-p99")
}
