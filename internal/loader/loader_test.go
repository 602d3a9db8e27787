package loader

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/view"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// memory is a store: what a failed Do did is undone.
type memory struct {
	mu          sync.Mutex
	generations map[string]view.Generation
	current     string
	events      []event.Draft
	fail        error
}

type memoryTx struct{ events []event.Draft }

func (t *memoryTx) Append(_ context.Context, drafts ...event.Draft) error {
	for _, d := range drafts {
		if err := d.Check(); err != nil {
			return err
		}
		t.events = append(t.events, d)
	}
	return nil
}

func (m *memory) Do(_ context.Context, fn func(tx event.Tx) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	tx, before := &memoryTx{}, m.current
	err := fn(tx)
	if err == nil {
		err = m.fail
	}
	if err != nil {
		m.current = before
		return err
	}
	m.events = append(m.events, tx.events...)
	return nil
}

func (m *memory) CurrentGeneration(context.Context) (view.Generation, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if g, ok := m.generations[m.current]; ok {
		return g, nil
	}
	return view.Generation{}, fmt.Errorf("generation: %w", view.ErrNotFound)
}

func (m *memory) SaveGeneration(_ event.Tx, g view.Generation) error {
	m.generations[g.ID] = g
	return nil
}

func (m *memory) SetCurrentGeneration(_ event.Tx, id string) error {
	m.current = id
	return nil
}

func (m *memory) inForce() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.current
}

// told is what the events since the last call say, one line each.
func (m *memory) told() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for _, d := range m.events {
		line := string(d.Type)
		switch data := d.Data.(type) {
		case event.IntentChanged:
			line += fmt.Sprintf(" %s %s %d", data.Generation, data.Commit, data.Files)
		case event.IntentValidated:
			line += fmt.Sprintf(" %s after %q %v", data.Generation, data.Previous, data.Devices)
		case event.IntentRejected:
			line += " " + strings.Join(data.Diagnostics, "; ")
		}
		out = append(out, line)
	}
	m.events = nil
	return out
}

// scripted is a source that is what the test says.
type scripted struct {
	mu      sync.Mutex
	now     view.Generation
	err     error
	reads   int
	changed func()
	ended   chan error
}

func (s *scripted) Snapshot(context.Context) (view.Generation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	return s.now, s.err
}

func (s *scripted) Watch(ctx context.Context, changed func()) error {
	s.mu.Lock()
	s.changed = changed
	s.mu.Unlock()
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.ended:
		return err
	}
}

// is sets the source's state: an ID that starts with "bad" is not valid.
func (s *scripted) is(id, commit string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = nil
	s.now = view.Generation{ID: id, Commit: commit, Files: map[string][]byte{"a.yaml": []byte(id)}}
	if commit != "" {
		s.now.Author = "Ada"
	}
}

func (s *scripted) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reads
}

func judge(_ context.Context, next, previous view.Generation) (Verdict, error) {
	if strings.HasPrefix(next.ID, "odd") {
		return Verdict{}, errors.New("cannot say")
	}
	if strings.HasPrefix(next.ID, "bad") {
		return Verdict{Diagnostics: []string{next.ID + " is wrong"}}, nil
	}
	return Verdict{OK: true, Devices: []intent.DeviceName{"leaf1"}, Diagnostics: []string{"warning"}}, nil
}

func setup() (*Loader, *scripted, *memory) {
	src := &scripted{ended: make(chan error, 1)}
	m := &memory{generations: map[string]view.Generation{}}
	l := New(Options{Source: src, Store: m, Validate: judge, Fabric: "dc1", Log: zap.NewNop()})
	return l, src, m
}

func TestLoad(t *testing.T) {
	l, src, m := setup()
	steps := []struct {
		name, id, commit string
		err              error
		want             []string
		current          string
	}{
		{"bad from the start", "bad0", "", nil, []string{"intent.changed bad0  1", "intent.rejected bad0 is wrong"}, ""},
		{"first good", "g1", "", nil, []string{"intent.changed g1  1", `intent.validated g1 after "" [leaf1]`}, "g1"},
		{"the same", "g1", "", nil, nil, "g1"},
		{"committed", "g1", "c1", nil, []string{"intent.changed g1 c1 1", `intent.validated g1 after "g1" []`}, "g1"},
		{"the same commit", "g1", "c1", nil, nil, "g1"},
		{"bad", "bad1", "", nil, []string{"intent.changed bad1  1", "intent.rejected bad1 is wrong"}, "g1"},
		{"bad is told once", "bad1", "", nil, nil, "g1"},
		{"bad in another way", "bad2", "", nil, []string{"intent.changed bad2  1", "intent.rejected bad2 is wrong"}, "g1"},
		{"back to good", "g1", "c1", nil, []string{"intent.changed g1 c1 1", `intent.validated g1 after "g1" []`}, "g1"},
		{"unreadable", "", "", errors.New("no documents"), []string{"intent.rejected no documents"}, "g1"},
		{"unreadable is told once", "", "", errors.New("no documents"), nil, "g1"},
		{"next good", "g2", "", nil, []string{"intent.changed g2  1", `intent.validated g2 after "g1" [leaf1]`}, "g2"},
	}
	for _, s := range steps {
		src.is(s.id, s.commit)
		src.err = s.err
		r, err := l.Load(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		if diff := cmp.Diff(s.want, m.told()); diff != "" {
			t.Errorf("%s: %s", s.name, diff)
		}
		if m.inForce() != s.current || r.Generation.ID != s.current {
			t.Errorf("%s: current %q, result %q, want %q", s.name, m.inForce(), r.Generation.ID, s.current)
		}
		bad := s.err != nil || strings.HasPrefix(s.id, "bad")
		if (len(r.Rejected) > 0) != bad {
			t.Errorf("%s: rejected %q", s.name, r.Rejected)
		}
	}
}

func TestEventsHangTogether(t *testing.T) {
	l, src, m := setup()
	src.is("g1", "c1")
	if _, err := l.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	changed, validated := m.events[0], m.events[1]
	if changed.ID == "" || validated.Causation != changed.ID || validated.Correlation != changed.Correlation {
		t.Errorf("%+v\n%+v", changed, validated)
	}
	if validated.Actor != "Ada" || validated.ActorType != event.ActorUser || validated.Fabric != "dc1" {
		t.Errorf("%+v", validated)
	}
	if g := m.generations["g1"]; g.Fabric != "dc1" || g.Created.IsZero() {
		t.Errorf("%+v", g)
	}
}

func TestRestartKnowsTheCurrentGeneration(t *testing.T) {
	l, src, m := setup()
	src.is("g1", "")
	if _, err := l.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.told()
	again := New(l.opts)
	if r, err := again.Load(t.Context()); err != nil || r.Changed || r.Generation.ID != "g1" {
		t.Errorf("%+v, %v", r, err)
	}
	if told := m.told(); told != nil {
		t.Errorf("told again: %q", told)
	}
}

func TestManyDiagnosticsAreCounted(t *testing.T) {
	l, src, m := setup()
	l.opts.Validate = func(context.Context, view.Generation, view.Generation) (Verdict, error) {
		return Verdict{Diagnostics: slices.Repeat([]string{"x"}, maxDiagnostics+7)}, nil
	}
	src.is("bad", "")
	r, err := l.Load(t.Context())
	if err != nil || len(r.Rejected) != maxDiagnostics+7 {
		t.Fatalf("%d, %v", len(r.Rejected), err)
	}
	told := m.events[1].Data.(event.IntentRejected).Diagnostics
	if len(told) != maxDiagnostics+1 || told[maxDiagnostics] != "and 7 more" {
		t.Errorf("%d told, the last %q", len(told), told[len(told)-1])
	}
}

func TestRunWaitsUntilTheSourceRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, src, m := setup()
		src.is("g1", "")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- l.Run(ctx) }()
		synctest.Wait()
		if n := src.count(); n != 1 {
			t.Fatalf("read %d times at the start", n)
		}
		src.is("g2", "")
		for range 5 {
			src.changed()
			time.Sleep(defaultQuiet / 2)
		}
		if n := src.count(); n != 1 {
			t.Errorf("read %d times while it changed", n)
		}
		time.Sleep(defaultQuiet)
		synctest.Wait()
		if n := src.count(); n != 2 || m.inForce() != "g2" {
			t.Errorf("read %d times, current %s", n, m.inForce())
		}
		// A source that never rests is read all the same.
		for range 4 * maxUnrest {
			src.changed()
			time.Sleep(defaultQuiet / 2)
		}
		if n := src.count(); n < 3 {
			t.Errorf("read %d times while it never rested", n)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestRunTriesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, src, m := setup()
		m.fail = errors.New("disk full")
		src.is("g1", "")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- l.Run(ctx) }()
		time.Sleep(retryAfter / 2)
		if m.inForce() != "" || m.told() != nil {
			t.Error("a failed transaction left something")
		}
		m.mu.Lock()
		m.fail = nil
		m.mu.Unlock()
		time.Sleep(retryAfter)
		synctest.Wait()
		if m.inForce() != "g1" {
			t.Errorf("current %q", m.inForce())
		}
		src.is("odd", "")
		src.changed()
		time.Sleep(3 * retryAfter)
		if n := src.count(); n < 4 {
			t.Errorf("read %d times: a validation that fails is tried again", n)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestRunEndsWithTheWatch(t *testing.T) {
	for _, cause := range []error{errors.New("gone"), nil} {
		l, src, _ := setup()
		src.is("g1", "")
		src.ended <- cause
		if err := l.Run(t.Context()); err == nil || cause != nil && !errors.Is(err, cause) {
			t.Errorf("watch ended with %v, Run with %v", cause, err)
		}
	}
}

func Example() {
	l, src, m := setup()
	src.is("3f2a", "9c1")
	r, err := l.Load(context.Background())
	fmt.Println(r.Generation.ID, r.Changed, err)
	for _, line := range m.told() {
		fmt.Println(line)
	}
	// Output:
	// 3f2a true <nil>
	// intent.changed 3f2a 9c1 1
	// intent.validated 3f2a after "" [leaf1]
}
