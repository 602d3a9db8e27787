package notify

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/view"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)

// sealed makes the nth event of a test, n seconds after the start.
func sealed(t testing.TB, n int, kind event.Type, data any) event.Event {
	t.Helper()
	e, err := event.Draft{
		ID: event.ID(fmt.Sprintf("id-%02d", n)), Type: kind, Time: start.Add(time.Duration(n) * time.Second), Source: "w1",
		Fabric: "dc1", Correlation: "c1", Data: data,
	}.Seal()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func items(t testing.TB, events ...event.Event) []item {
	t.Helper()
	var out []item
	for _, e := range events {
		it, err := read(e)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, it)
	}
	return out
}

const uplink = "/interfaces/interface[name=Ethernet49]/config/"

func shut(before string) []event.Finding {
	return []event.Finding{
		{Path: uplink + "enabled", Class: "changed", Before: "true", After: "false", Source: "fabric.yaml:31"},
		{Path: uplink + "description", Class: "changed", Before: before, After: "do not touch", Source: "fabric.yaml:31"},
	}
}

func drift(device intent.DeviceName, findings ...event.Finding) event.Drift {
	return event.Drift{Episode: "ep-" + string(device), Device: device, Findings: findings, Total: len(findings), Mode: "propose", FirstSeen: start}
}

func ended(device intent.DeviceName, by string, findings ...event.Finding) event.DriftRemediated {
	d := event.DriftRemediated{Episode: "ep-" + string(device), Device: device, By: by, Findings: findings, Duration: 4210 * time.Millisecond}
	if by == "tenter" {
		d.Plan, d.Run = "p1", "r1"
	}
	return d
}

func planned(plan string, approval bool, episode string, devices ...intent.DeviceName) event.PlanGenerated {
	p := event.PlanGenerated{Plan: plan, Cause: "drift", Risk: "low", NeedsApproval: approval, Episode: episode}
	for _, d := range devices {
		p.Devices = append(p.Devices, event.PlanDevice{Device: d, Add: 1, Change: 2})
	}
	if approval {
		p.Reason = "the drift policy proposes"
	}
	return p
}

func TestMessages(t *testing.T) {
	every := []event.Finding{
		{Path: "/a", Class: "missing", Before: "1", Source: "a.yaml:1"},
		{Path: "/b", Class: "unexpected", After: "2"},
		{Path: "/c", Class: "conflict", Before: "1", After: "2"},
		{Path: "/d", Class: "unreadable", After: "no such enum"},
		{Path: "/e", Class: "changed", Before: "", After: "line one\nline two"},
		{Path: "/f", Class: "changed", Before: strings.Repeat("é", 300), After: "x"},
	}
	var many []event.Finding
	for i := range 12 {
		many = append(many, event.Finding{Path: fmt.Sprintf("/x%02d", i), Class: "missing", Before: "1"})
	}
	manyDrift := drift("leaf1", many...)
	manyDrift.Total = 500
	observed := drift("leaf1", every...)
	observed.Mode = "observe"
	held := drift("leaf1", shut("up")...)
	held.Mode, held.Reason = "enforce", "the same path was reverted twice within an hour"
	diagnostics := []string{"vlans.yaml:3:7: error[T0142]: VLAN 40 is used twice"}
	partial := []event.RunDevice{{Device: "leaf1", Outcome: "done", Changes: 3}, {Device: "leaf2", Outcome: "unreachable", Detail: "deadline exceeded"}}
	tests := []struct {
		name   string
		events []event.Event
	}{
		{"one drift with its plan", []event.Event{
			sealed(t, 1, event.TypeDriftDetected, drift("leaf1", shut("to spine1")...)),
			sealed(t, 2, event.TypePlanGenerated, planned("p1", true, "ep-leaf1", "leaf1")),
		}},
		{"same drift on many", []event.Event{
			sealed(t, 1, event.TypeDriftDetected, drift("leaf1", shut("to spine1")...)),
			sealed(t, 2, event.TypeDriftDetected, drift("leaf3", shut("to spine1 from leaf3")...)),
			sealed(t, 3, event.TypeDriftDetected, drift("leaf2", shut("to spine1 from leaf2")...)),
		}},
		{"drift and end", []event.Event{
			sealed(t, 1, event.TypeDriftDetected, drift("leaf1", shut("up")...)),
			sealed(t, 2, event.TypePlanGenerated, planned("p1", false, "ep-leaf1", "leaf1")),
			sealed(t, 3, event.TypeApplyCompleted, event.ApplyCompleted{
				Run: "r1", Plan: "p1", Episode: "ep-leaf1", Outcome: "done",
				Devices: []event.RunDevice{{Device: "leaf1", Outcome: "done", Changes: 2}}, Duration: 800 * time.Millisecond,
			}),
			sealed(t, 4, event.TypeDriftRemediated, ended("leaf1", "tenter", shut("up")...)),
		}},
		{"half of it ended", []event.Event{
			sealed(t, 1, event.TypeDriftDetected, drift("leaf1", shut("up")...)),
			sealed(t, 2, event.TypeDriftDetected, drift("leaf2", shut("up")...)),
			sealed(t, 3, event.TypeDriftRemediated, ended("leaf2", "stranger", shut("up")...)),
		}},
		{"follow-up", []event.Event{
			sealed(t, 1, event.TypeDriftRemediated, ended("leaf2", "device", shut("up")...)),
			sealed(t, 2, event.TypeDriftRemediated, ended("leaf1", "tenter", shut("up")...)),
		}},
		{"held", []event.Event{sealed(t, 1, event.TypeDriftHeld, held)}},
		{"every class", []event.Event{sealed(t, 1, event.TypeDriftDetected, observed)}},
		{"many findings", []event.Event{sealed(t, 1, event.TypeDriftDetected, manyDrift)}},
		{"plan of intent", []event.Event{sealed(t, 1, event.TypePlanGenerated, planned("p7", true, "", "leaf1", "leaf2", "leaf3", "leaf4", "spine1", "spine2", "x1", "x2", "x3", "x4", "x5"))}},
		{"applied", []event.Event{sealed(t, 1, event.TypeApplyCompleted, event.ApplyCompleted{
			Run: "r1", Plan: "p1", Cause: "intent", Outcome: "done", Devices: partial[:1], Duration: 90*time.Second + 400*time.Millisecond,
		})}},
		{"partial", []event.Event{sealed(t, 1, event.TypeApplyCompleted, event.ApplyCompleted{
			Run: "r1", Plan: "p1", Cause: "intent", Outcome: "partial", Devices: partial, Duration: 5 * time.Second,
		})}},
		{"failed", []event.Event{sealed(t, 1, event.TypeApplyFailed, event.ApplyFailed{
			Run: "r1", Plan: "p1", Cause: "intent", Outcome: "failed", Error: "leaf2: answered OK but applied nothing",
			Devices: []event.RunDevice{{Device: "leaf1", Outcome: "done", Changes: 3}, {Device: "leaf2", Outcome: "failed", Detail: "3 leaves differ"}}, Duration: 5 * time.Second,
		})}},
		{"rejected", []event.Event{
			sealed(t, 1, event.TypeIntentRejected, event.IntentRejected{Diagnostics: []string{"an earlier try"}}),
			sealed(t, 2, event.TypeIntentRejected, event.IntentRejected{Commit: "3f2a9c1", Diagnostics: diagnostics}),
		}},
		{"dead", []event.Event{
			sealed(t, 1, event.TypeDeadLettered, event.DeadLettered{Group: "reconcile", Stream: "drift", Seq: 12, Type: event.TypeDriftDetected, Attempts: 8, Reason: "no such device"}),
			sealed(t, 2, event.TypeDeadLettered, event.DeadLettered{Group: "reconcile", Stream: "drift", Entry: "99-0", Attempts: 1, Reason: "not in the log"}),
		}},
		{"digest", []event.Event{
			sealed(t, 1, event.TypeIntentRejected, event.IntentRejected{Diagnostics: diagnostics}),
			sealed(t, 2, event.TypeDriftDetected, observed),
			sealed(t, 3, event.TypeDriftDetected, drift("leaf2", shut("up")...)),
			sealed(t, 4, event.TypePlanGenerated, planned("p7", true, "", "leaf4")),
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := render("k1", items(t, tt.events...))
			if len(m.Events) != len(tt.events) || m.Key != "k1" || m.Fabric != "dc1" {
				t.Errorf("%+v", m)
			}
			got := fmt.Sprintf("severity %s, resolved %v\n%s\n", m.Severity, m.Resolved, m.Text())
			file := filepath.Join("testdata", strings.ReplaceAll(tt.name, " ", "_")+".txt")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWants(t *testing.T) {
	detected := sealed(t, 1, event.TypeDriftDetected, drift("leaf1"))
	end := sealed(t, 2, event.TypeDriftRemediated, ended("leaf1", "tenter"))
	proposal := sealed(t, 3, event.TypePlanGenerated, planned("p1", true, "ep-leaf1", "leaf1"))
	quietPlan := sealed(t, 4, event.TypePlanGenerated, planned("p1", false, "ep-leaf1", "leaf1"))
	intentPlan := sealed(t, 5, event.TypePlanGenerated, planned("p1", false, "", "leaf1"))
	repaired := sealed(t, 6, event.TypeApplyCompleted, event.ApplyCompleted{Outcome: "done", Episode: "ep-leaf1"})
	applied := sealed(t, 7, event.TypeApplyCompleted, event.ApplyCompleted{Outcome: "done"})
	failed := sealed(t, 8, event.TypeApplyFailed, event.ApplyFailed{})
	events := []event.Event{detected, end, proposal, quietPlan, intentPlan, repaired, applied, failed}
	tests := []struct {
		name string
		r    Receiver
		want []wish
	}{
		{"everything", Receiver{}, []wish{itself, itself, itself, aside, no, aside, itself, itself}},
		{"warnings", Receiver{Severity: "warning"}, []wish{itself, itself, itself, aside, no, aside, no, itself}},
		{"errors", Receiver{Severity: "error"}, []wish{no, no, no, no, no, no, no, itself}},
		{"drift only", Receiver{Events: []string{"drift.*"}}, []wish{itself, itself, aside, aside, no, aside, no, no}},
		{"detected only", Receiver{Events: []string{"drift.detected"}}, []wish{itself, aside, aside, aside, no, aside, no, no}},
		{"failures only", Receiver{Events: []string{"reconciler.apply_failed"}}, []wish{no, no, no, no, no, no, no, itself}},
	}
	for _, tt := range tests {
		var got []wish
		for _, it := range items(t, events...) {
			got = append(got, tt.r.wants(it))
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

// A bench is a notifier with a real store, a clock and a sender of the test's own.
type bench struct {
	t      *testing.T
	store  *store.Store
	n      *Notifier
	r      Receiver
	now    time.Time
	answer error
	sent   []Message
	nth    int
}

func (b *bench) Send(_ context.Context, m Message) error {
	b.sent = append(b.sent, m)
	return b.answer
}

type failure struct {
	permanent bool
	after     time.Duration
}

func (f failure) Error() string        { return "refused" }
func (f failure) Permanent() bool      { return f.permanent }
func (f failure) After() time.Duration { return f.after }

func newBench(t *testing.T) *bench {
	t.Helper()
	st, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), Fabric: "dc1", Worker: "w1", Log: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	b := &bench{t: t, store: st, now: time.Now()}
	b.r = Receiver{Name: "noc", Sender: b}
	b.restart()
	return b
}

// restart makes a new notifier over the same store, as after a kill.
func (b *bench) restart() {
	b.n = New(Options{Store: b.store, Leases: b.store, Receivers: []Receiver{b.r}, GroupWait: 5 * time.Second, Worker: "w1", Log: zap.NewNop()})
	b.n.now = func() time.Time { return b.now }
}

func (b *bench) handle(kind event.Type, data any) {
	b.t.Helper()
	b.nth++
	e := sealed(b.t, b.nth, kind, data)
	err := b.store.Do(b.t.Context(), func(tx event.Tx) error { return b.n.Handle(b.t.Context(), tx, e) })
	if err != nil {
		b.t.Fatal(err)
	}
}

// after lets time pass and takes one turn; it returns the titles of what was sent in it.
func (b *bench) after(d time.Duration) []string {
	b.t.Helper()
	b.now = b.now.Add(d)
	before := len(b.sent)
	if _, err := b.n.turn(b.t.Context(), b.r); err != nil {
		b.t.Fatal(err)
	}
	var titles []string
	for _, m := range b.sent[before:] {
		titles = append(titles, m.Title)
	}
	return titles
}

func (b *bench) expect(what string, got []string, want ...string) {
	b.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		b.t.Errorf("%s: %s", what, diff)
	}
}

// outcomes are the notification events in the log.
func (b *bench) outcomes() []string {
	b.t.Helper()
	events, err := b.store.Events(b.t.Context(), event.Query{Types: []event.Type{"notification."}})
	if err != nil {
		b.t.Fatal(err)
	}
	var out []string
	for _, e := range events {
		n, err := event.Decode[event.Notification](e)
		if err != nil {
			b.t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%s %s %d %s", e.Type, n.Receiver, n.Count, n.Error))
		if e.Correlation != "c1" {
			b.t.Errorf("correlation %q", e.Correlation)
		}
	}
	return out
}

func TestOneMessageForOneCause(t *testing.T) {
	b := newBench(t)
	b.handle(event.TypeDriftDetected, drift("leaf1", shut("a")...))
	b.expect("within the group wait", b.after(time.Second))
	b.handle(event.TypeDriftDetected, drift("leaf2", shut("b")...))
	b.handle(event.TypePlanGenerated, planned("p1", false, "ep-leaf2", "leaf2"))
	b.handle(event.TypeDriftDetected, drift("leaf3", event.Finding{Path: "/other", Class: "missing"}))
	b.expect("after it", b.after(4*time.Second), "[dc1] Drift on leaf1 and leaf2")
	b.expect("the other cause", b.after(time.Second), "[dc1] Drift on leaf3")
	b.expect("no more", b.after(time.Minute))
	b.handle(event.TypeDriftRemediated, ended("leaf1", "tenter", shut("a")...))
	b.handle(event.TypeDriftRemediated, ended("leaf2", "tenter", shut("b")...))
	b.expect("its end follows", b.after(5*time.Second), "[dc1] Drift is over on leaf1 and leaf2")
	want := []string{"notification.sent noc 3 ", "notification.sent noc 1 ", "notification.sent noc 2 "}
	if diff := cmp.Diff(want, b.outcomes()); diff != "" {
		t.Error(diff)
	}
}

func TestQuietEventsAloneAreNoMessage(t *testing.T) {
	b := newBench(t)
	b.handle(event.TypePlanGenerated, planned("p1", false, "ep-leaf1", "leaf1"))
	b.expect("a plan that runs by itself", b.after(time.Minute))
	if rows, err := b.store.PendingNotifications(t.Context()); err != nil || len(rows) != 0 {
		t.Errorf("%d rows are left, %v", len(rows), err)
	}
	if got := b.outcomes(); got != nil {
		t.Errorf("recorded: %q", got)
	}
}

func TestStormIsOneDigest(t *testing.T) {
	b := newBench(t)
	for i := range 20 {
		b.handle(event.TypeDriftDetected, drift(intent.DeviceName(fmt.Sprintf("leaf%02d", i)), event.Finding{Path: fmt.Sprintf("/x%d", i), Class: "missing"}))
	}
	b.expect("all of it", b.after(time.Minute), "[dc1] 20 different things happened")
	b.expect("no more", b.after(time.Minute))
}

func TestHandledTwiceIsOwedOnce(t *testing.T) {
	b := newBench(t)
	b.handle(event.TypeDriftDetected, drift("leaf1", shut("a")...))
	b.nth--
	b.handle(event.TypeDriftDetected, drift("leaf1", shut("a")...))
	b.after(time.Minute)
	if got := b.outcomes(); len(got) != 1 || got[0] != "notification.sent noc 1 " {
		t.Errorf("%q", got)
	}
}

func TestTriedAgain(t *testing.T) {
	b := newBench(t)
	b.answer = failure{after: time.Minute}
	b.handle(event.TypeDriftDetected, drift("leaf1", shut("a")...))
	b.expect("first", b.after(time.Minute), "[dc1] Drift on leaf1")
	b.handle(event.TypeDriftRemediated, ended("leaf1", "device", shut("a")...))
	b.expect("as long as the receiver asks", b.after(59*time.Second))
	b.answer = errors.New("broken")
	b.expect("again", b.after(time.Second), "[dc1] Drift on leaf1")
	b.answer = nil
	b.expect("and again, in order", b.after(time.Minute), "[dc1] Drift on leaf1")
	b.expect("then the end", b.after(time.Second), "[dc1] Drift is over on leaf1")
	for _, m := range b.sent[1:3] {
		if diff := cmp.Diff(b.sent[0], m); diff != "" {
			t.Errorf("a repeat differs: %s", diff)
		}
	}
	want := []string{"notification.sent noc 1 ", "notification.sent noc 1 "}
	if diff := cmp.Diff(want, b.outcomes()); diff != "" {
		t.Error(diff)
	}
}

func TestGivenUp(t *testing.T) {
	b := newBench(t)
	b.answer = failure{permanent: true}
	b.handle(event.TypeDriftDetected, drift("leaf1", shut("a")...))
	b.after(time.Minute)
	b.expect("a refusal is final", b.after(time.Hour))
	b.answer = failure{}
	b.handle(event.TypeDriftDetected, drift("leaf2", shut("a")...))
	tries := 0
	for range 24*12 + 12 { // five minutes each
		tries += len(b.after(lastBackoff))
	}
	if tries < 100 {
		t.Errorf("%d attempts in a day", tries)
	}
	want := []string{"notification.failed noc 1 refused", "notification.failed noc 1 refused"}
	if diff := cmp.Diff(want, b.outcomes()); diff != "" {
		t.Error(diff)
	}
}

func TestKilledBetweenSendAndRecord(t *testing.T) {
	b := newBench(t)
	b.handle(event.TypeDriftDetected, drift("leaf1", shut("a")...))
	b.now = b.now.Add(time.Minute)
	ctx, kill := context.WithCancel(t.Context())
	b.r.Sender = senderFunc(func(ctx context.Context, m Message) error {
		b.sent = append(b.sent, m)
		kill()
		return ctx.Err() // nobody will know that it arrived
	})
	if _, err := b.n.turn(ctx, b.r); err != nil {
		t.Fatal(err)
	}
	b.r.Sender = b
	b.restart()
	b.handle(event.TypeDriftDetected, drift("leaf2", shut("a")...))
	b.expect("while the claim lasts", b.after(claimTTL-time.Second))
	b.expect("then the same again", b.after(time.Second), "[dc1] Drift on leaf1")
	if diff := cmp.Diff(b.sent[0], b.sent[1]); diff != "" {
		t.Errorf("a repeat differs: %s", diff)
	}
	b.expect("and what came meanwhile", b.after(time.Second), "[dc1] Drift on leaf2")
}

type senderFunc func(ctx context.Context, m Message) error

func (f senderFunc) Send(ctx context.Context, m Message) error { return f(ctx, m) }

func TestOnlyOneProcessSends(t *testing.T) {
	b := newBench(t)
	b.handle(event.TypeDriftDetected, drift("leaf1", shut("a")...))
	lease, ok, err := b.store.Acquire(t.Context(), "notify/noc", "w2", time.Hour)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	b.expect("another has the lease", b.after(time.Minute))
	if err := b.store.Release(t.Context(), lease); err != nil {
		t.Fatal(err)
	}
	b.expect("free", b.after(time.Second), "[dc1] Drift on leaf1")
}

func TestFormerReceiversAreGivenUp(t *testing.T) {
	b := newBench(t)
	b.handle(event.TypeDriftDetected, drift("leaf1", shut("a")...))
	b.n.opts.Receivers = nil
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- b.n.Run(ctx) }()
	deadline := time.Now().Add(10 * time.Second)
	for len(b.outcomes()) == 0 && time.Now().Before(deadline) {
		if err := b.store.Wait(ctx, 0); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"notification.failed noc 1 the receiver is not in the settings any more"}, b.outcomes()); diff != "" {
		t.Error(diff)
	}
}

func TestUnreadableRowsHoldUpNothing(t *testing.T) {
	b := newBench(t)
	err := b.store.Do(t.Context(), func(tx event.Tx) error {
		_, err := b.store.AddNotification(tx, view.Notification{Receiver: "noc", Key: "bad", State: view.NotificationPending, Body: json.RawMessage("{")})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	b.handle(event.TypeDriftDetected, drift("leaf1", shut("a")...))
	b.after(time.Minute)
	b.expect("the readable one", b.after(time.Second), "[dc1] Drift on leaf1")
}
