package assign_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/assign"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/view"
)

// alone is one process that serves all devices of a fabric, without working with them.
func alone(t *testing.T, f *fabric, name string) (*assign.Assigner, *gate) {
	g := newGate(f.store)
	a := assign.New(assign.Options{
		Store: g, Worker: name, Operation: view.OperationServe, Roles: []string{assign.RoleWrite, assign.RoleWatch}, Lease: lease, Log: zap.NewNop(),
		Devices: func(context.Context) ([]intent.DeviceName, error) { return f.names, nil },
		Close:   func(intent.DeviceName) {},
	})
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := a.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); g.resume(); wg.Wait() })
	changed := a.Changed()
	for len(a.Watched()) < len(f.names) {
		<-changed
	}
	return a, g
}

// TestStoreAway has the store not answer for longer than a lease: work ends, watching goes on, and when the store is back so does
// work, for nobody took the device meanwhile.
func TestStoreAway(t *testing.T) {
	f := newFabric(t, 1)
	a, g := alone(t, f, "a")
	watching, lost, done, ok := a.Watch("leaf1")
	if !ok {
		t.Fatal("not watched")
	}
	defer done()
	work, hold, err := a.Take(t.Context(), "device/leaf1", true)
	if err != nil {
		t.Fatal(err)
	}
	g.stop()
	<-work.Done()
	if !errors.Is(context.Cause(work), view.ErrLeaseLost) {
		t.Errorf("work ended with %v", context.Cause(work))
	}
	hold.Release()
	g.resume()
	for {
		err := f.store.Do(t.Context(), func(tx event.Tx) error { return f.store.Guard(tx, watching) })
		if err == nil {
			break
		}
		if !errors.Is(err, view.ErrLeaseLost) {
			t.Fatal(err)
		}
	}
	select {
	case <-lost:
		t.Error("the device was given up")
	default:
	}
	_, again, err := a.Take(t.Context(), "device/leaf1", true)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Release()
	if again.Lease().Token != hold.Lease().Token {
		t.Error("the device was somebody else's meanwhile")
	}
}

// TestStoppedBeforeTheSet stops a process for longer than its lease right before a Set, which then is not sent, and nothing can be
// recorded; another process has the device by then, and the first one learns of it.
func TestStoppedBeforeTheSet(t *testing.T) {
	f := newFabric(t, 1)
	a, g := alone(t, f, "a")
	work, hold, err := a.Take(t.Context(), "device/leaf1", true)
	if err != nil {
		t.Fatal(err)
	}
	_, lost, done, ok := a.Watch("leaf1")
	if !ok {
		t.Fatal("not watched")
	}
	g.stop()
	b, _ := alone(t, f, "b") // returns when it has the device
	if !b.Serves("leaf1") {
		t.Fatal("b does not serve the device")
	}
	go g.resume()
	if _, _, err := hold.Secure(context.WithoutCancel(work), time.Second); !errors.Is(err, view.ErrLeaseLost) {
		t.Errorf("a Set may be sent: %v", err)
	}
	if err := f.store.Do(t.Context(), func(tx event.Tx) error { return f.store.Guard(tx, hold.Lease()) }); !errors.Is(err, view.ErrLeaseLost) {
		t.Errorf("a step can be recorded: %v", err)
	}
	<-lost
	<-work.Done()
	done()
	hold.Release()
	if a.Serves("leaf1") {
		t.Error("a still thinks that it serves the device")
	}
	if _, _, err := a.Take(t.Context(), "device/leaf1", true); !errors.As(err, new(*view.HeldError)) {
		t.Errorf("a takes the device from b: %v", err)
	}
	left, err := f.store.Events(t.Context(), event.Query{Types: []event.Type{event.TypeWorkerLeft}})
	if err != nil || len(left) != 1 {
		t.Errorf("%v: %d workers were said to have left, one did", err, len(left))
	}
}
