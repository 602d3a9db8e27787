package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/view"
)

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
	st, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), Alone: true, Fabric: "dc1", Worker: "w1", Log: zap.NewNop()})
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

// TestNewDriftInAnOldEpisode has an episode stay open, because of what is only observed: what comes to it is told.
func TestNewDriftInAnOldEpisode(t *testing.T) {
	b := newBench(t)
	d := drift("leaf1", shut("a")...)
	b.handle(event.TypeDriftDetected, d)
	b.expect("the drift", b.after(5*time.Second), "[dc1] Drift on leaf1")
	d.Findings = append(d.Findings, event.Finding{Path: "/other", Class: "missing"})
	d.Total, d.News = len(d.Findings), 1
	b.handle(event.TypeDriftUpdated, d)
	b.expect("another one", b.after(5*time.Second), "[dc1] Drift on leaf1")
	d.Findings, d.Total, d.News = shut("a"), len(shut("a")), 0
	b.handle(event.TypeDriftUpdated, d)
	b.expect("which is put back", b.after(time.Minute))
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
