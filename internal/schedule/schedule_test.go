package schedule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/view"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// documents are the schedules of the current generation.
type documents struct {
	mu      sync.Mutex
	list    []fabric.Schedule
	windows []fabric.Window
	err     error
}

func (d *documents) set(list ...fabric.Schedule) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.list = list
}

func (d *documents) get(context.Context) ([]fabric.Schedule, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.list, d.err
}

func nightly(cron string) fabric.Schedule {
	return fabric.Schedule{Name: "nightly", Cron: cron, Zone: "UTC", Action: fabric.SchedulePlan, Devices: []intent.DeviceName{"leaf1", "leaf2"}}
}

// memory is a store on synctest's clock: days pass in it without a real database looking at its clock all the while.
// TestListAndRunNow and TestFireOnce use the real one.
type memory struct {
	mu      sync.Mutex
	rows    map[string]view.Schedule
	windows map[string]view.Window
	freeze  view.Freeze
	log     []event.Draft
}

type memoryTx struct{ drafts []event.Draft }

func (t *memoryTx) Append(_ context.Context, drafts ...event.Draft) error {
	for _, d := range drafts {
		if err := d.Check(); err != nil {
			return err
		}
		t.drafts = append(t.drafts, d)
	}
	return nil
}

func (m *memory) Do(_ context.Context, fn func(tx event.Tx) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	tx, before := &memoryTx{}, maps.Clone(m.rows)
	if err := fn(tx); err != nil {
		m.rows = before
		return err
	}
	m.log = append(m.log, tx.drafts...)
	return nil
}

func (m *memory) Schedules(context.Context) ([]view.Schedule, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Values(m.rows)), nil
}

func (m *memory) SaveSchedule(_ event.Tx, s view.Schedule) error {
	m.rows[s.Name] = s
	return nil
}

func (m *memory) FireSchedule(_ event.Tx, name string, due, next time.Time, note string) (bool, error) {
	row, ok := m.rows[name]
	if !ok || !row.Due.Equal(due) {
		return false, nil
	}
	row.Due, row.LastRun, row.LastNote = next, time.Now(), note
	m.rows[name] = row
	return true, nil
}

func (m *memory) DeleteSchedule(_ event.Tx, name string) error {
	delete(m.rows, name)
	return nil
}

func text(c event.Command) string { return fmt.Sprint(c.Verb, " ", c.Devices, " ", c.Reason) }

// commands are the commands in the log: verb, devices and reason.
func (m *memory) commands() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for _, d := range m.log {
		out = append(out, text(d.Data.(event.Command)))
	}
	return out
}

func open(t testing.TB) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), store.Options{Dir: t.TempDir(), Alone: true, Fabric: "dc1", Worker: "w1", Log: zap.NewNop()})
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

func commands(t testing.TB, s *store.Store) []string {
	t.Helper()
	events, err := s.Events(context.Background(), event.Query{Types: []event.Type{event.TypeCommand}})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range events {
		c, err := event.Decode[event.Command](e)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, text(c))
	}
	return out
}

// run runs a scheduler for a while, from midnight of 2000-01-01 on, as synctest has it.
func run(t *testing.T, s *Scheduler, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- s.Run(ctx) }()
	time.Sleep(d)
	synctest.Wait()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestRunStartsOnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &memory{rows: map[string]view.Schedule{}}
		docs := &documents{}
		docs.set(nightly("0 3 * * *"))
		s := New(Options{Store: st, Declared: docs.get, Windows: docs.opens, Log: zap.NewNop()})
		run(t, s, 3*time.Hour-time.Second)
		if got := st.commands(); got != nil {
			t.Fatalf("too early: %q", got)
		}
		run(t, s, 24*time.Hour+2*time.Second)
		want := []string{
			"plan [leaf1 leaf2] schedule nightly: due 2000-01-01T03:00:00Z",
			"plan [leaf1 leaf2] schedule nightly: due 2000-01-02T03:00:00Z",
		}
		if diff := cmp.Diff(want, st.commands()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestMissedRunsAreOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		docs := &documents{}
		docs.set(nightly("0 3 * * *"))
		st := &memory{rows: map[string]view.Schedule{}}
		run(t, New(Options{Store: st, Declared: docs.get, Windows: docs.opens, Log: zap.NewNop()}), time.Minute)
		time.Sleep(5*24*time.Hour + 4*time.Hour)
		run(t, New(Options{Store: st, Declared: docs.get, Windows: docs.opens, Log: zap.NewNop()}), time.Hour)
		want := []string{"plan [leaf1 leaf2] schedule nightly: due 2000-01-01T03:00:00Z, started 121h1m0s late in place of 5 that were missed"}
		if diff := cmp.Diff(want, st.commands()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTwoSchedulersStartOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &memory{rows: map[string]view.Schedule{}}
		docs := &documents{}
		docs.set(nightly("*/10 * * * *"))
		other := New(Options{Store: st, Declared: docs.get, Windows: docs.opens, Log: zap.NewNop()})
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error)
		go func() { done <- other.Run(ctx) }()
		run(t, New(other.opts), time.Hour+time.Second)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if got := len(st.commands()); got != 6 {
			t.Errorf("%d commands in an hour, want 6", got)
		}
	})
}

func TestDocumentsChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &memory{rows: map[string]view.Schedule{}}
		docs := &documents{}
		docs.set(nightly("0 3 * * *"))
		s := New(Options{Store: st, Declared: docs.get, Windows: docs.opens, Log: zap.NewNop()})
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error)
		go func() { done <- s.Run(ctx) }()
		due := func() string {
			synctest.Wait()
			if err := s.Handle(ctx, nil, event.Event{}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			rows, err := st.Schedules(ctx)
			if err != nil {
				t.Fatal(err)
			}
			text := ""
			for _, r := range rows {
				text += r.Name + " " + r.Due.UTC().Format(time.RFC3339)
			}
			return text
		}
		if got, want := due(), "nightly 2000-01-01T03:00:00Z"; got != want {
			t.Errorf("first: %s, want %s", got, want)
		}
		docs.set(nightly("0 5 * * *"))
		if got, want := due(), "nightly 2000-01-01T05:00:00Z"; got != want {
			t.Errorf("other timetable: %s, want %s", got, want)
		}
		docs.set()
		if got := due(); got != "" {
			t.Errorf("gone: %s", got)
		}
		docs.mu.Lock()
		docs.err = errors.New("no generation")
		docs.mu.Unlock()
		time.Sleep(time.Minute)
		docs.mu.Lock()
		docs.err = nil
		docs.mu.Unlock()
		docs.set(nightly("* * * * *"))
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if got := len(st.commands()); got == 0 {
			t.Error("nothing was started after an error had passed")
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestListAndRunNow(t *testing.T) {
	st := open(t)
	docs := &documents{}
	d := nightly("0 3 * * *")
	d.Zone = "Europe/Berlin"
	docs.set(d)
	s := New(Options{Store: st, Declared: docs.get, Windows: docs.opens, Log: zap.NewNop()})
	s.now = func() time.Time { return time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC) }
	for _, step := range []string{"before any scheduler ran", "after"} {
		list, err := s.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(list[0].Due)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := string(text), `"2026-03-29T03:00:00+02:00"`; got != want || len(list) != 1 {
			t.Errorf("%s: due %s, want %s", step, got, want)
		}
		if _, err := s.turn(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	id, err := s.RunNow(t.Context(), "nightly", "ada")
	if err != nil {
		t.Fatal(err)
	}
	events, err := st.Events(t.Context(), event.Query{Correlation: string(id)})
	if err != nil || len(events) != 1 || events[0].Actor != "ada" || events[0].ActorType != event.ActorUser {
		t.Errorf("%+v, %v", events, err)
	}
	if diff := cmp.Diff([]string{"plan [leaf1 leaf2] schedule nightly: run by hand"}, commands(t, st)); diff != "" {
		t.Error(diff)
	}
	list, err := s.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if e := list[0]; e.LastRun.IsZero() || e.Note != "run by hand" || !e.Due.Equal(time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", e)
	}
	if _, err := s.RunNow(t.Context(), "weekly", "ada"); !errors.Is(err, ErrUnknown) {
		t.Errorf("unknown schedule: %v", err)
	}
}

func TestFireOnce(t *testing.T) {
	st := open(t)
	docs := &documents{}
	docs.set(nightly("0 3 * * *"))
	at := time.Date(2026, 3, 28, 2, 59, 0, 0, time.UTC)
	var both [2]*Scheduler
	for i := range both {
		both[i] = New(Options{Store: st, Declared: docs.get, Windows: docs.opens, Log: zap.NewNop()})
		both[i].now = func() time.Time { return at }
	}
	for range 3 {
		var wg sync.WaitGroup
		for _, s := range both {
			wg.Go(func() {
				if _, err := s.turn(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		at = at.Add(time.Minute)
	}
	if diff := cmp.Diff([]string{"plan [leaf1 leaf2] schedule nightly: due 2026-03-28T03:00:00Z"}, commands(t, st)); diff != "" {
		t.Error(diff)
	}
}

func ExampleScheduler_List() {
	dir, err := os.MkdirTemp("", "schedule")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	st, err := store.Open(context.Background(), store.Options{Dir: dir, Alone: true, Log: zap.NewNop()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = st.Close() }()
	s := New(Options{Store: st, Declared: (&documents{list: []fabric.Schedule{nightly("0 3 * * mon")}}).get, Windows: (&documents{}).opens, Log: zap.NewNop()})
	s.now = func() time.Time { return time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC) }
	list, err := s.List(context.Background())
	fmt.Println(list[0].Name, list[0].Due, err)
	// Output: nightly 2026-11-23 03:00:00 +0000 UTC <nil>
}
