package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 123456789, time.UTC)

func do(t *testing.T, s *store.Store, fn func(tx event.Tx) error) {
	t.Helper()
	if err := s.Do(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func parse(t *testing.T, text string) path.Path {
	t.Helper()
	p, err := path.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// same returns a check that what was read is what was wanted.
func same[T any](t *testing.T, what string, want T) func(got T, err error) {
	return func(got T, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", what, err)
			return
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s, -want +got:\n%s", what, diff)
		}
	}
}

func TestGenerations(t *testing.T) { both(t, testGenerations) }

func testGenerations(t *testing.T, s *store.Store) {
	if _, err := s.CurrentGeneration(t.Context()); !errors.Is(err, view.ErrNotFound) {
		t.Errorf("CurrentGeneration() of an empty store = %v", err)
	}
	a := view.Generation{
		ID: "a", Fabric: "dc1", Commit: "c0ffee", Author: "alice", Subject: "first", Created: noon,
		Files: map[string][]byte{"fabric.yaml": []byte("kind: Fabric"), "empty.yaml": {}},
	}
	b := a
	b.ID, b.Files = "b", map[string][]byte{"fabric.yaml": []byte("kind: Fabric"), "vlan.yaml": []byte("kind: Vlan")}
	do(t, s, func(tx event.Tx) error {
		return errors.Join(s.SaveGeneration(tx, a), s.SaveGeneration(tx, b), s.SaveGeneration(tx, a), s.SetCurrentGeneration(tx, "a"))
	})
	do(t, s, func(tx event.Tx) error { return s.SetCurrentGeneration(tx, "b") })
	same(t, "Generation(a)", a)(s.Generation(t.Context(), "a"))
	same(t, "CurrentGeneration()", b)(s.CurrentGeneration(t.Context()))
	same(t, "CurrentGenerationID()", "b")(s.CurrentGenerationID(t.Context()))
	err := s.Do(t.Context(), func(tx event.Tx) error { return s.SetCurrentGeneration(tx, "c") })
	if !errors.Is(err, view.ErrNotFound) {
		t.Errorf("SetCurrentGeneration(c) = %v", err)
	}
	same(t, "CurrentGenerationID() after the failure", "b")(s.CurrentGenerationID(t.Context()))
}

func TestDevicesAndTheirLeaves(t *testing.T) { both(t, testDevicesAndTheirLeaves) }

func testDevicesAndTheirLeaves(t *testing.T, s *store.Store) {
	const name = intent.DeviceName("leaf1")
	same(t, "Device() never saved", view.Device{Name: name})(s.Device(t.Context(), name))
	mtu, key := parse(t, "/interfaces/interface[name=Ethernet1]/config/mtu"), parse(t, "/system/config/x[a=b\\]c]")
	want := view.Device{
		Name: name, Generation: "a", Run: "r1", Sync: view.Pending, Health: view.Healthy, Stage: "ON_CHANGE", Identity: view.Identity{CertificateSHA256: "sha256:1", Software: "1"},
		Enrolled: noon, EnrolledBy: "ann", Mismatch: "it is another device", HeldUntil: noon.Add(time.Hour), HeldReason: "maintenance",
		WriteSet: []view.Write{{Path: mtu, Before: "i9000", After: "i1500"}, {Path: key, After: "y\x00\xff"}},
	}
	do(t, s, func(tx event.Tx) error {
		return s.UpdateDevice(tx, name, func(d *view.Device) { *d = want; d.Applied = 99 })
	})
	do(t, s, func(tx event.Tx) error {
		return errors.Join(
			s.UpdateDevice(tx, name, func(d *view.Device) { d.Reason = "two changed parts" }),
			s.MarkOwned(tx, name, []path.Path{mtu, key}),
			s.MarkApplied(tx, name, []tree.Leaf{{Path: mtu, Value: "i1500"}}),
			s.MarkOwned(tx, name, []path.Path{mtu}), // owning anew what is applied changes nothing
		)
	})
	want.Reason, want.Applied = "two changed parts", 3
	got, err := s.Device(t.Context(), name)
	if err != nil || got.Updated.IsZero() {
		t.Fatalf("Device() = %+v, %v", got, err)
	}
	got.Updated = time.Time{}
	same(t, "Device()", want)(got, nil)
	same(t, "Owned()", []view.OwnedLeaf{{Path: mtu, Value: schema.Value("i1500"), Applied: true}, {Path: key}})(timeless(s.Owned(t.Context(), name)))
	since := writtenAt(t, s, name, mtu)
	do(t, s, func(tx event.Tx) error { return s.MarkApplied(tx, name, []tree.Leaf{{Path: mtu, Value: "i1500"}}) })
	if again := writtenAt(t, s, name, mtu); since.IsZero() || !again.Equal(since) {
		t.Errorf("a leaf has its value since %s, and since %s once the same was put back", since, again)
	}
	want.Applied++
	do(t, s, func(tx event.Tx) error { return s.DropOwned(tx, name, []path.Path{mtu, parse(t, "/never/owned")}) })
	same(t, "Owned() after the drop", []view.OwnedLeaf{{Path: key}})(s.Owned(t.Context(), name))
	same(t, "Owned() of another", []view.OwnedLeaf(nil))(s.Owned(t.Context(), "leaf2"))
	if list, err := s.Devices(t.Context()); err != nil || len(list) != 1 || list[0].Applied != 5 {
		t.Errorf("Devices() = %+v, %v", list, err)
	}

	shown := view.OwnedLeaf{Path: mtu, Value: "i1500", Applied: true, Shown: "s\x00form"}
	do(t, s, func(tx event.Tx) error {
		return errors.Join(
			s.MarkApplied(tx, name, []tree.Leaf{{Path: mtu, Value: "i1500"}}),
			s.MarkShown(tx, name, []tree.Leaf{{Path: mtu, Value: shown.Shown}, {Path: key, Value: "snot applied"}}),
		)
	})
	same(t, "Owned() as shown", []view.OwnedLeaf{shown, {Path: key}})(timeless(s.Owned(t.Context(), name)))
	since = writtenAt(t, s, name, mtu)
	do(t, s, func(tx event.Tx) error { return s.MarkApplied(tx, name, []tree.Leaf{{Path: mtu, Value: "i1501"}}) })
	same(t, "Owned() once applied anew", []view.OwnedLeaf{{Path: mtu, Value: "i1501", Applied: true}, {Path: key}})(timeless(s.Owned(t.Context(), name)))
	if now := writtenAt(t, s, name, mtu); !now.After(since) {
		t.Errorf("a leaf has its first value since %s, and its second since %s", since, now)
	}
}

// timeless drops when leaves got their values.
func timeless(list []view.OwnedLeaf, err error) ([]view.OwnedLeaf, error) {
	for i := range list {
		list[i].Since = time.Time{}
	}
	return list, err
}

// writtenAt is when a leaf got its value.
func writtenAt(t *testing.T, s *store.Store, name intent.DeviceName, at path.Path) time.Time {
	t.Helper()
	list, err := s.Owned(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range list {
		if path.Equal(l.Path, at) {
			return l.Since
		}
	}
	t.Fatalf("%s is not owned", at)
	return time.Time{}
}

func TestPlansMoveOnce(t *testing.T) { both(t, testPlansMoveOnce) }

func testPlansMoveOnce(t *testing.T, s *store.Store) {
	p := view.Plan{
		ID: "p1", Content: "c", Status: view.PlanOpen, Cause: "drift", Episode: "e1", Generation: "a", Correlation: "e1",
		Created: noon, Expires: noon.Add(time.Hour), Devices: []intent.DeviceName{"leaf1", "leaf2"}, Body: json.RawMessage(`{"x":1}`),
	}
	twin, other := p, p
	twin.ID, other.ID, other.Content, other.Devices = "p2", "p3", "d", []intent.DeviceName{"leaf11"}
	save := func(p view.Plan) (saved bool) {
		do(t, s, func(tx event.Tx) (err error) { saved, err = s.SavePlan(tx, p); return err })
		return saved
	}
	move := func(from, to view.PlanStatus) (moved bool) {
		do(t, s, func(tx event.Tx) (err error) { moved, err = s.MovePlan(tx, "p1", from, to, "because"); return err })
		return moved
	}
	if !save(p) || save(p) || save(twin) || !save(other) {
		t.Error("one open plan per content and id is not kept")
	}
	if !move(view.PlanOpen, view.PlanApproved) || move(view.PlanOpen, view.PlanRejected) {
		t.Error("a plan moved twice from one status")
	}
	if !save(twin) {
		t.Error("a content is not free again when its plan is not open any more")
	}
	want := p
	want.Status, want.Reason = view.PlanApproved, "because"
	same(t, "Plan()", want)(s.Plan(t.Context(), "p1"))
	if _, err := s.Plan(t.Context(), "p9"); !errors.Is(err, view.ErrNotFound) {
		t.Errorf("Plan(p9) = %v", err)
	}
	for name, c := range map[string]struct {
		q    view.PlanQuery
		want []string
	}{
		"all":     {view.PlanQuery{}, []string{"p1", "p2", "p3"}},
		"status":  {view.PlanQuery{Status: []view.PlanStatus{view.PlanOpen, view.PlanDone}}, []string{"p2", "p3"}},
		"device":  {view.PlanQuery{Device: "leaf1"}, []string{"p1", "p2"}},
		"episode": {view.PlanQuery{Episode: "e2"}, nil},
		"limit":   {view.PlanQuery{Limit: 1}, []string{"p1"}},
		"bodies":  {view.PlanQuery{Bodies: true}, []string{"p1", "p2", "p3"}},
	} {
		plans, err := s.Plans(t.Context(), c.q)
		var got []string
		for _, p := range plans {
			got = append(got, p.ID)
			if (len(p.Body) > 0) != c.q.Bodies {
				t.Errorf("Plans() by %s: body %q", name, p.Body)
			}
		}
		same(t, "Plans() by "+name, c.want)(got, err)
	}
}

func TestRuns(t *testing.T) { both(t, testRuns) }

func testRuns(t *testing.T, s *store.Store) {
	r := view.Run{ID: "r1", Plan: "p1", Status: view.RunRunning, Cause: "intent", Correlation: "x", Created: noon, Body: json.RawMessage("{}")}
	step := view.RunDevice{Run: "r1", Device: "leaf1", Step: "set", State: json.RawMessage(`{"n":1}`)}
	do(t, s, func(tx event.Tx) error { return errors.Join(s.SaveRun(tx, r), s.SaveRunDevice(tx, step)) })
	stands := []view.RunStand{{Run: "r1", Status: view.RunRunning, Device: "leaf1", Step: "set"}}
	same(t, "OpenStands()", stands)(s.OpenStands(t.Context()))
	do(t, s, func(tx event.Tx) error {
		list, err := s.OpenStandsIn(tx, []intent.DeviceName{"leaf2", "leaf1"})
		same(t, "OpenStandsIn()", stands)(list, err)
		return err
	})
	r.Status, r.Ended, step.Step, step.Outcome = view.RunDone, noon.Add(time.Second), "done", "done"
	do(t, s, func(tx event.Tx) error { return errors.Join(s.SaveRun(tx, r), s.SaveRunDevice(tx, step)) })
	same(t, "Run()", r)(s.Run(t.Context(), "r1"))
	same(t, "Runs() running", []view.Run(nil))(s.Runs(t.Context(), view.RunQuery{Status: []view.RunStatus{view.RunRunning}}))
	same(t, "OpenStands() of none", []view.RunStand(nil))(s.OpenStands(t.Context()))
	same(t, "Runs() of the plan", []view.Run{r})(s.Runs(t.Context(), view.RunQuery{Plan: "p1"}))
	list, err := s.RunDevices(t.Context(), "r1")
	for i := range list {
		list[i].Updated = time.Time{}
	}
	same(t, "RunDevices()", []view.RunDevice{step})(list, err)
}

func TestEpisodes(t *testing.T) { both(t, testEpisodes) }

func testEpisodes(t *testing.T, s *store.Store) {
	e := view.Episode{
		ID: "e1", Device: "leaf1", Opened: noon, Mode: "propose", Total: 1, Correlation: "e1",
		Findings: []event.Finding{{Path: "/a", Class: "changed", Before: "1", After: "2"}},
	}
	do(t, s, func(tx event.Tx) error { return s.SaveEpisode(tx, e) })
	same(t, "OpenEpisode()", e)(s.OpenEpisode(t.Context(), "leaf1"))
	second := e
	second.ID, second.Opened = "e2", noon.Add(time.Hour)
	if err := s.Do(t.Context(), func(tx event.Tx) error { return s.SaveEpisode(tx, second) }); err == nil {
		t.Error("a device has two open episodes")
	}
	e.Closed, e.By = noon.Add(time.Minute), "tenter"
	do(t, s, func(tx event.Tx) error { return errors.Join(s.SaveEpisode(tx, e), s.SaveEpisode(tx, second)) })
	same(t, "Episode()", e)(s.Episode(t.Context(), "e1"))
	same(t, "Episodes()", []view.Episode{second, e})(s.Episodes(t.Context(), view.EpisodeQuery{Device: "leaf1"}))
	same(t, "Episodes() open", []view.Episode{second})(s.Episodes(t.Context(), view.EpisodeQuery{Open: true}))
	same(t, "Episodes() since", []view.Episode{second})(s.Episodes(t.Context(), view.EpisodeQuery{Since: noon.Add(time.Second)}))
	do(t, s, func(tx event.Tx) error {
		if _, err := s.OpenEpisodeIn(tx, "leaf2"); !errors.Is(err, view.ErrNotFound) {
			t.Errorf("OpenEpisodeIn(leaf2) = %v", err)
		}
		return nil
	})
}

func TestSchedulesFireOnce(t *testing.T) { both(t, testSchedulesFireOnce) }

func testSchedulesFireOnce(t *testing.T, s *store.Store) {
	row := view.Schedule{Name: "nightly", Spec: "h", Due: noon}
	do(t, s, func(tx event.Tx) error { return s.SaveSchedule(tx, row) })
	fire := func() (ok bool) {
		do(t, s, func(tx event.Tx) (err error) {
			ok, err = s.FireSchedule(tx, "nightly", noon, noon.Add(24*time.Hour), "asked for a plan")
			return err
		})
		return ok
	}
	if !fire() || fire() {
		t.Error("the same due time fired twice, or never")
	}
	list, err := s.Schedules(t.Context())
	if err != nil || len(list) != 1 || !list[0].Due.Equal(noon.Add(24*time.Hour)) || list[0].LastRun.IsZero() || list[0].LastNote == "" {
		t.Errorf("Schedules() = %+v, %v", list, err)
	}
	do(t, s, func(tx event.Tx) error {
		return errors.Join(s.DeleteSchedule(tx, "nightly"), s.DeleteSchedule(tx, "nightly"))
	})
	same(t, "Schedules() after the delete", []view.Schedule(nil))(s.Schedules(t.Context()))
}

func TestNotificationsAreKeptOnce(t *testing.T) { both(t, testNotificationsAreKeptOnce) }

func testNotificationsAreKeptOnce(t *testing.T, s *store.Store) {
	n := view.Notification{Receiver: "slack", Key: "k", State: view.NotificationPending, NotBefore: noon, Body: json.RawMessage(`{"text":"x"}`), Created: noon}
	add := func() (added bool) {
		do(t, s, func(tx event.Tx) (err error) { added, err = s.AddNotification(tx, n); return err })
		return added
	}
	if !add() || add() {
		t.Error("the same key was added twice, or never")
	}
	pending, err := s.PendingNotifications(t.Context())
	if err != nil || len(pending) != 1 || pending[0].Updated.IsZero() {
		t.Fatalf("PendingNotifications() = %+v, %v", pending, err)
	}
	pending[0].Updated = time.Time{}
	same(t, "PendingNotifications()", []view.Notification{n})(pending, nil)
	n.State = view.NotificationSent
	do(t, s, func(tx event.Tx) error { return s.SaveNotification(tx, n) })
	same(t, "PendingNotifications() after sending", []view.Notification(nil))(s.PendingNotifications(t.Context()))
}

func TestLeases(t *testing.T) { both(t, testLeases) }

func testLeases(t *testing.T, s *store.Store) {
	ctx := context.Background()
	acquire := func(holder string, ttl time.Duration) (view.Lease, bool) {
		l, ok, err := s.Acquire(ctx, "device/leaf1", holder, ttl)
		if err != nil {
			t.Fatal(err)
		}
		return l, ok
	}
	guard := func(l view.Lease) error {
		return s.Do(ctx, func(tx event.Tx) error { return s.Guard(tx, l) })
	}
	a, ok := acquire("a", time.Hour)
	if !ok || guard(a) != nil {
		t.Fatal("a free lease was not given")
	}
	if l, ok := acquire("b", time.Hour); ok || l.Holder != "a" {
		t.Errorf("b got %+v, %v although a has it", l, ok)
	}
	again, ok := acquire("a", time.Hour)
	if !ok || again.Token <= a.Token || !errors.Is(guard(a), view.ErrLeaseLost) {
		t.Errorf("a's former self is not fenced off: %+v, %+v", a, again)
	}
	if _, err := s.Renew(ctx, a, time.Hour); !errors.Is(err, view.ErrLeaseLost) {
		t.Errorf("Renew() of the former self = %v", err)
	}
	if err := s.Release(ctx, a); err != nil || guard(again) != nil {
		t.Errorf("releasing what is not held: %v", err)
	}
	renewed, err := s.Renew(ctx, again, 2*time.Hour)
	if err != nil || !renewed.Expires.After(again.Expires) {
		t.Errorf("Renew() = %+v, %v", renewed, err)
	}
	if err := s.Release(ctx, renewed); err != nil || !errors.Is(guard(renewed), view.ErrLeaseLost) {
		t.Errorf("Release() = %v", err)
	}
	b, ok := acquire("b", time.Nanosecond) // expires at once
	if !ok || b.Token <= again.Token {
		t.Errorf("a released lease was not given: %+v, %v", b, ok)
	}
	for !errors.Is(guard(b), view.ErrLeaseLost) {
	}
	if c, ok := acquire("c", time.Hour); !ok || c.Token <= b.Token {
		t.Errorf("an expired lease was not given: %+v, %v", c, ok)
	}
}
