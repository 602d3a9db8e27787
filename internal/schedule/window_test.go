package schedule

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/view"
)

func (d *documents) opens(context.Context) ([]fabric.Window, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.windows, d.err
}

func (d *documents) setWindows(list ...fabric.Window) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.windows = list
}

func (m *memory) Windows(context.Context) ([]view.Window, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Values(m.windows)), nil
}

func (m *memory) MoveWindow(_ event.Tx, before, after view.Window) (bool, error) {
	name := max(before.Name, after.Name)
	if m.windows[name] != before {
		return false, nil
	}
	if m.windows == nil {
		m.windows = map[string]view.Window{}
	}
	if m.windows[name] = after; after.Name == "" {
		delete(m.windows, name)
	}
	return true, nil
}

func (m *memory) Freeze(context.Context) (view.Freeze, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.freeze, nil
}

func (m *memory) EndFreeze(_ event.Tx, f view.Freeze) (bool, error) {
	if m.freeze != f {
		return false, nil
	}
	m.freeze = view.Freeze{}
	return true, nil
}

// told are the windows and freezes in the log.
func (m *memory) told() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for _, d := range m.log {
		switch data := d.Data.(type) {
		case event.Window:
			out = append(out, fmt.Sprintf("%s %s %s at %s, turns %s, %s", d.Type, data.Mode, data.Window, clock(data.At), clock(data.Turns), data.Reason))
		case event.Freeze:
			out = append(out, fmt.Sprintf("%s %s %s", d.Type, clock(data.Until), data.Reason))
		}
	}
	return out
}

func clock(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format("02 15:04")
}

func night(cron string, d time.Duration) fabric.Window {
	return fabric.Window{Name: "night", Allow: true, Cron: cron, Zone: "UTC", Duration: d, Devices: []intent.DeviceName{"leaf1"}}
}

// pair runs two schedulers over one store for a while.
func pair(t *testing.T, st *memory, docs *documents, d time.Duration) {
	other := New(Options{Store: st, Declared: docs.get, Windows: docs.opens, Log: zap.NewNop()})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- other.Run(ctx) }()
	run(t, New(other.opts), d)
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestWindowsAreToldOnce has two schedulers over one store, then none for two days and a half, then one.
func TestWindowsAreToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st, docs := &memory{rows: map[string]view.Schedule{}}, &documents{}
		docs.setWindows(night("0 1 * * *", 4*time.Hour))
		pair(t, st, docs, 26*time.Hour)
		want := []string{
			"window.opened allow night at 01 01:00, turns 01 05:00, ",
			"window.closed allow night at 01 05:00, turns 02 01:00, ",
			"window.opened allow night at 02 01:00, turns 02 05:00, ",
		}
		if diff := cmp.Diff(want, st.told()); diff != "" {
			t.Error(diff)
		}
		time.Sleep(48 * time.Hour) // from one opening into another
		run(t, New(Options{Store: st, Declared: docs.get, Windows: docs.opens, Log: zap.NewNop()}), time.Minute)
		want = append(want, "window.closed allow night at 02 05:00, turns 04 01:00, ", "window.opened allow night at 04 01:00, turns 04 05:00, ")
		if diff := cmp.Diff(want, st.told()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWindowDocumentsChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st, docs := &memory{rows: map[string]view.Schedule{}}, &documents{}
		s := New(Options{Store: st, Declared: docs.get, Windows: docs.opens, Log: zap.NewNop()})
		for _, list := range [][]fabric.Window{{night("0 0 * * *", time.Hour)}, {night("0 3 * * *", time.Hour)}, {night("* * * * *", time.Minute)}, nil} {
			docs.setWindows(list...)
			run(t, s, time.Minute+time.Second)
		}
		want := []string{
			"window.opened allow night at 01 00:00, turns 01 01:00, the intents have it now",
			"window.closed allow night at 01 00:01, turns 01 03:00, the intents changed it",
			"window.opened allow night at 01 00:02, turns never, the intents changed it",
			"window.closed  night at 01 00:03, turns never, the intents do not have it any more",
		}
		if diff := cmp.Diff(want, st.told()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestFreezeEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st, docs := &memory{rows: map[string]view.Schedule{}}, &documents{}
		st.freeze = view.Freeze{Until: time.Now().Add(time.Hour), Reason: "audit", By: "ada", Event: "e1"}
		pair(t, st, docs, time.Hour-time.Second)
		if got := st.told(); got != nil {
			t.Errorf("too early: %q", got)
		}
		pair(t, st, docs, time.Hour)
		if diff := cmp.Diff([]string{"window.unfrozen 01 01:00 its time is over"}, st.told()); diff != "" {
			t.Error(diff)
		}
	})
}
