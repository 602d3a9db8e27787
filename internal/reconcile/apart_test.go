package reconcile

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/view"
)

// A blindStore is one whose readers, the first time, see what other runs do before anybody else has begun.
type blindStore struct {
	Store
	once   sync.Once
	looked *sync.WaitGroup
}

func (s *blindStore) OpenStands(ctx context.Context) (list []view.RunStand, err error) {
	list, err = s.Store.OpenStands(ctx)
	s.once.Do(func() { s.looked.Done(); s.looked.Wait() })
	return list, err
}

// pair intends something for both members of a multihomed LAG, and fails the test where both are worked on at once.
func pair(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, "leaf1", "leaf2")
	w.intend("g1", map[intent.DeviceName]string{"leaf1": wantEth1, "leaf2": wantEth1}, func(d *fabric.Device) {
		d.Multihomed = []intent.DeviceName{map[intent.DeviceName]intent.DeviceName{"leaf1": "leaf2", "leaf2": "leaf1"}[d.Name]}
	})
	return w
}

// member plans one device and commits the run, without executing it.
func (w *world) member(e *Engine, name intent.DeviceName) (run string) {
	w.t.Helper()
	planned, err := e.Plan(w.t.Context(), Request{Devices: []intent.DeviceName{name}})
	if err != nil {
		w.t.Fatal(err)
	}
	id, err := e.Propose(w.t.Context(), planned.Plan, "ann")
	if err != nil {
		w.t.Fatal(err)
	}
	return w.commit(e, id)
}

// TestBeganInTheSameMoment has two processes begin a run each, on one member of a pair each, when neither has seen the other's.
func TestBeganInTheSameMoment(t *testing.T) {
	w := pair(t)
	var looked, both sync.WaitGroup
	looked.Add(2)
	var mu sync.Mutex
	for _, name := range []intent.DeviceName{"leaf1", "leaf2"} {
		w.devices[name].onSet = func(d *device, e tree.Edit) error {
			stands, err := w.store.OpenStands(t.Context())
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			for _, s := range stands {
				if step := run.Step(s.Step); s.Device != name && step != "" && step != run.Ended {
					t.Errorf("%s is set while %s is in step %q", name, s.Device, step)
				}
			}
			return d.apply(e)
		}
		o := w.options("process of " + string(name))
		o.Store = &blindStore{Store: o.Store, looked: &looked}
		e := New(o)
		id := w.member(e, name)
		both.Go(func() {
			if row, err := e.Execute(t.Context(), id); err != nil || row.Status != view.RunDone {
				t.Errorf("%s: %s: %v", name, row.Status, err)
			}
		})
	}
	both.Wait()
}

// TestPausedInCheck resumes two runs that were paused when each had looked at its member of a pair: one waits for the other, and
// not both for each other.
func TestPausedInCheck(t *testing.T) {
	w := pair(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	work := map[string]*Engine{}
	for _, name := range []intent.DeviceName{"leaf1", "leaf2"} {
		e := New(w.options("process of " + string(name)))
		id := w.member(e, name)
		work[id] = e
		d := &driver{Engine: e, fixed: fixed{id: id}}
		checked := d.limits().Next(run.State{}, run.Began{At: time.Now()})
		w.do(func(tx event.Tx) error { return d.save(tx, name, checked) })
	}
	var both sync.WaitGroup
	for id, e := range work {
		both.Go(func() {
			if row, err := e.Execute(ctx, id); err != nil || row.Status != view.RunDone {
				t.Errorf("%s: %s: %v", id, row.Status, err)
			}
		})
	}
	both.Wait()
}
