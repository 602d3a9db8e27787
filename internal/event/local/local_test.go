package local_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/event/local"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func of(seq int, t event.Type) event.Event {
	return event.Event{Seq: event.Seq(seq), ID: event.ID(fmt.Sprint(seq)), Type: t, Data: json.RawMessage(`{}`)}
}

// A sheet notes what a handler was given.
type sheet struct {
	mu   sync.Mutex
	seqs []int
}

func (s *sheet) note(_ context.Context, e event.Event, _ event.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seqs = append(s.seqs, int(e.Seq))
	return nil
}

func (s *sheet) want(t *testing.T, want ...int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Equal(s.seqs, want) {
		t.Errorf("handled %v, want %v", s.seqs, want)
	}
}

func subscribe(t *testing.T, b *local.Bus, of local.Subscription, h func(context.Context, event.Event, event.Event) error) *local.Handle {
	t.Helper()
	handle, err := local.Subscribe(b, of, h)
	if err != nil {
		t.Fatal(err)
	}
	return handle
}

func emit(t *testing.T, b *local.Bus, seqs ...int) {
	t.Helper()
	for _, seq := range seqs {
		if err := b.Emit(t.Context(), of(seq, event.TypeDeviceSynced)); err != nil {
			t.Fatal(err)
		}
	}
}

// bubble runs test with a bus of a clock that no test waits for.
func bubble(t *testing.T, o local.Options, test func(t *testing.T, b *local.Bus)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := local.New(o)
		defer b.Close()
		test(t, b)
	})
}

func TestTypedDataAndPrefixes(t *testing.T) {
	bubble(t, local.Options{}, func(t *testing.T, b *local.Bus) {
		b.Start()
		var got []string
		if _, err := local.Subscribe(b, local.Subscription{Name: "drifts"}, func(_ context.Context, e event.Event, d event.Drift) error {
			got = append(got, string(e.Type)+" "+d.Episode)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		var devices sheet
		subscribe(t, b, local.Subscription{Name: "devices", Types: []event.Type{"device", event.TypeIntentChanged}}, devices.note)
		for i, typ := range []event.Type{event.TypeDriftHeld, event.TypeDeviceSynced, event.TypeIntentChanged, "device.of_tomorrow", event.TypeDriftRemediated} {
			e := of(i+1, typ)
			e.Data = json.RawMessage(`{"episode":"e1"}`)
			if err := b.Emit(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if diff := cmp.Diff([]string{"drift.held e1"}, got); diff != "" {
			t.Error(diff)
		}
		devices.want(t, 2, 3, 4)
	})
}

func TestMistakesOfSubscribing(t *testing.T) {
	b := local.New(local.Options{})
	defer b.Close()
	for name, of := range map[string]local.Subscription{
		`subscriber "x": no event of ["device"] carries event.Drift`: {Name: "x", Types: []event.Type{"device"}},
		`a subscriber needs a name`:                                  {},
	} {
		_, err := local.Subscribe(b, of, func(context.Context, event.Event, event.Drift) error { return nil })
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, want %s", err, name)
		}
	}
}

func TestKeepsUntilStartAndWhilePaused(t *testing.T) {
	bubble(t, local.Options{Hold: 3}, func(t *testing.T, b *local.Bus) {
		emit(t, b, 1)
		var s sheet
		h := subscribe(t, b, local.Subscription{Name: "s", Buffer: 2, Critical: true}, s.note)
		emit(t, b, 2, 3)
		if err := b.Emit(t.Context(), of(4, event.TypeDeviceSynced)); !errors.Is(err, local.ErrNotStarted) {
			t.Errorf("error %v", err)
		}
		if st := b.Stats(); st.Overflow != 1 || st.Held != 3 || st.Emitted != 4 {
			t.Errorf("%+v", st)
		}
		b.Start()
		b.Start()
		synctest.Wait()
		s.want(t, 1, 2, 3)
		h.Pause()
		emit(t, b, 5, 6)
		synctest.Wait()
		s.want(t, 1, 2, 3)
		if p := b.Stats().Subscribers["s"].Pending; p != 2 {
			t.Errorf("%d pending", p)
		}
		h.Resume()
		synctest.Wait()
		s.want(t, 1, 2, 3, 5, 6)
	})
}

func TestLossyDropsAndTells(t *testing.T) {
	for name, c := range map[string]struct {
		full         local.Full
		handled      []int
		droppedFirst event.Seq
	}{
		"oldest": {local.DropOldest, []int{4, 5}, 1},
		"newest": {local.DropNewest, []int{1, 2}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			var drops []local.Drop
			own := 0
			bubble(t, local.Options{Dropped: func(d local.Drop) { drops = append(drops, d) }}, func(t *testing.T, b *local.Bus) {
				b.Start()
				var slow, other sheet
				h := subscribe(t, b, local.Subscription{Name: "slow", Buffer: 2, Full: c.full, Paused: true, Dropped: func(local.Drop) { own++ }}, slow.note)
				subscribe(t, b, local.Subscription{Name: "other"}, other.note)
				emit(t, b, 1, 2, 3, 4, 5)
				synctest.Wait()
				other.want(t, 1, 2, 3, 4, 5)
				h.Resume()
				synctest.Wait()
				slow.want(t, c.handled...)
				want := local.Drop{Subscriber: "slow", Type: event.TypeDeviceSynced, Seq: c.droppedFirst, Buffer: 2}
				if len(drops) != 3 || own != 3 || !cmp.Equal(drops[0], want, cmpopts.IgnoreUnexported(local.Drop{})) {
					t.Errorf("drops %+v", drops)
				}
			})
		})
	}
}

func TestCriticalMakesTheEmitterWaitOnce(t *testing.T) {
	bubble(t, local.Options{Wait: time.Second}, func(t *testing.T, b *local.Bus) {
		b.Start()
		var full, other sheet
		h := subscribe(t, b, local.Subscription{Name: "full", Buffer: 1, Critical: true, Paused: true}, full.note)
		subscribe(t, b, local.Subscription{Name: "other"}, other.note)
		emit(t, b, 1)
		begun := time.Now()
		for seq, wait := range map[int]time.Duration{2: time.Second} {
			err := b.Emit(t.Context(), of(seq, event.TypeDeviceSynced))
			var stuck *local.StuckError
			if !errors.As(err, &stuck) || stuck.Subscriber != "full" || stuck.Buffer != 1 || time.Since(begun) != wait {
				t.Errorf("%v after %v", err, time.Since(begun))
			}
		}
		begun = time.Now()
		if err := b.Emit(t.Context(), of(3, event.TypeDeviceSynced)); err == nil || time.Since(begun) != 0 {
			t.Errorf("a stuck subscriber held up the emitter again: %v after %v", err, time.Since(begun))
		}
		synctest.Wait()
		other.want(t, 1, 2, 3)
		h.Resume()
		synctest.Wait()
		full.want(t, 1)
		if st := b.Stats().Subscribers["full"]; st.Refused != 2 || st.Handled != 1 || st.Offered != 3 {
			t.Errorf("%+v", st)
		}
	})
}

func TestCriticalTakesWaitersInOrder(t *testing.T) {
	bubble(t, local.Options{}, func(t *testing.T, b *local.Bus) {
		b.Start()
		var s sheet
		h := subscribe(t, b, local.Subscription{Name: "s", Buffer: 1, Critical: true, Paused: true}, s.note)
		emit(t, b, 1)
		for seq := 2; seq <= 5; seq++ {
			go func() {
				if err := b.Emit(t.Context(), of(seq, event.TypeDeviceSynced)); err != nil {
					t.Error(err)
				}
			}()
			synctest.Wait()
		}
		h.Resume()
		synctest.Wait()
		s.want(t, 1, 2, 3, 4, 5)
	})
}

func TestLatestTakesThePlaceOfTheFirst(t *testing.T) {
	bubble(t, local.Options{}, func(t *testing.T, b *local.Bus) {
		b.Start()
		var last, every sheet
		h := subscribe(t, b, local.Subscription{Name: "last", Paused: true}, last.note)
		subscribe(t, b, local.Subscription{Name: "every", Every: true}, every.note)
		for i, key := range []string{"a", "", "b", "a", "b", "a"} {
			if err := b.EmitLatest(t.Context(), key, of(i+1, event.TypeDeviceSynced)); err != nil {
				t.Fatal(err)
			}
		}
		h.Resume()
		synctest.Wait()
		last.want(t, 6, 2, 5)
		every.want(t, 1, 2, 3, 4, 5, 6)
		if st := b.Stats().Subscribers["last"]; st.Merged != 3 {
			t.Errorf("%+v", st)
		}
	})
}

func TestLeaderGivesItsSuccessorTheState(t *testing.T) {
	bubble(t, local.Options{}, func(t *testing.T, b *local.Bus) {
		b.Start()
		var s sheet
		stored, failures := []int{1, 2}, 1
		arrives := func() {}
		replay := func(context.Context) iter.Seq2[event.Event, error] {
			return func(yield func(event.Event, error) bool) {
				if failures > 0 {
					failures--
					yield(event.Event{}, errors.New("the store is away"))
					return
				}
				arrives()
				for _, seq := range stored {
					if !yield(of(seq, event.TypeDeviceChanged), nil) {
						return
					}
				}
			}
		}
		subscribe(t, b, local.Subscription{Name: "s", Leader: true, Replay: replay}, s.note)
		emit(t, b, 1, 2) // for the leader elsewhere
		synctest.Wait()
		s.want(t)
		arrives = func() { emit(t, b, 2, 3) } // 2 is in the replay too
		resign := b.Lead()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		s.want(t, 1, 2, 3)
		emit(t, b, 4)
		synctest.Wait()
		resign()
		resign()
		emit(t, b, 5)
		arrives, stored = func() {}, []int{5}
		defer b.Lead()()
		emit(t, b, 6)
		synctest.Wait()
		s.want(t, 1, 2, 3, 4, 5, 6)
		want := local.SubscriberStats{Buffer: 256, Offered: 4, Handled: 3, Left: 1, Replayed: 3, Skipped: 3, Failed: 1}
		if diff := cmp.Diff(want, b.Stats().Subscribers["s"]); diff != "" {
			t.Error(diff)
		}
	})
}

func TestResignWaitsForTheHandler(t *testing.T) {
	bubble(t, local.Options{}, func(t *testing.T, b *local.Bus) {
		b.Start()
		ended := false
		subscribe(t, b, local.Subscription{Name: "s", Leader: true}, func(ctx context.Context, _, _ event.Event) error {
			<-ctx.Done()
			time.Sleep(time.Second)
			ended = true
			return nil
		})
		resign := b.Lead()
		emit(t, b, 1, 2)
		synctest.Wait()
		resign()
		if !ended {
			t.Error("a handler of a leader that is none runs")
		}
		if st := b.Stats().Subscribers["s"]; st.Left != 1 || st.Handled != 1 {
			t.Errorf("%+v", st)
		}
	})
}

func TestMiddlewareInOrder(t *testing.T) {
	var said []string
	say := func(s local.Step) {
		if !s.Done {
			said = append(said, "enter "+s.Subscriber+" "+s.Event.Subject)
			return
		}
		said = append(said, fmt.Sprintf("exit %v %v", s.Took, s.Err))
	}
	clean := local.Redact(func(e event.Event) event.Event { e.Subject = "***"; return e })
	bubble(t, local.Options{Middleware: []local.Middleware{
		local.Log(time.Now, say),
		local.Trace(func(ctx context.Context, d local.Delivery) (context.Context, func(error)) {
			said = append(said, "span "+d.Event.Subject)
			return ctx, func(err error) { said = append(said, fmt.Sprint("end ", err)) }
		}),
		clean,
	}}, func(t *testing.T, b *local.Bus) {
		b.Start()
		subscribe(t, b, local.Subscription{Name: "s", Middleware: []local.Middleware{
			local.Metrics(time.Now, func(d local.Delivery, took time.Duration, _ error) {
				said = append(said, fmt.Sprint("took ", took, " ", d.Event.Subject))
			}),
		}}, func(_ context.Context, e, _ event.Event) error {
			time.Sleep(time.Second)
			said = append(said, "handle "+e.Subject)
			return errors.New("no")
		})
		e := of(1, event.TypeDeviceSynced)
		e.Subject = "leaf1"
		if err := b.Emit(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		want := []string{"enter s leaf1", "span leaf1", "handle ***", "took 1s ***", "end no", "exit 1s no"}
		if diff := cmp.Diff(want, said); diff != "" {
			t.Error(diff)
		}
	})
}

func TestPanicIsAnError(t *testing.T) {
	var seen error
	bubble(t, local.Options{Middleware: []local.Middleware{local.Log(time.Now, func(s local.Step) {
		if s.Done && s.Err != nil {
			seen = s.Err
		}
	})}}, func(t *testing.T, b *local.Bus) {
		b.Start()
		subscribe(t, b, local.Subscription{Name: "s"}, func(_ context.Context, e, _ event.Event) error {
			if e.Seq == 1 {
				panic("no")
			}
			return nil
		})
		emit(t, b, 1, 2)
		synctest.Wait()
		st := b.Stats().Subscribers["s"]
		if st.Handled != 2 || st.Failed != 1 || st.Panics != 1 {
			t.Errorf("%+v", st)
		}
		var p *local.PanicError
		if !errors.As(seen, &p) || !strings.Contains(string(p.Stack), "TestPanicIsAnError") {
			t.Errorf("the log was told %v", seen)
		}
	})
}

func TestUnsubscribeTwiceAndFromItsHandler(t *testing.T) {
	bubble(t, local.Options{}, func(t *testing.T, b *local.Bus) {
		b.Start()
		var h *local.Handle
		var s sheet
		h = subscribe(t, b, local.Subscription{Name: "s", Paused: true}, func(ctx context.Context, e, _ event.Event) error {
			h.Unsubscribe()
			if ctx.Err() == nil {
				t.Error("the context goes on")
			}
			return s.note(ctx, e, e)
		})
		emit(t, b, 1, 2, 3)
		h.Resume()
		synctest.Wait()
		h.Unsubscribe()
		emit(t, b, 4)
		s.want(t, 1)
		if st := b.Stats().Subscribers["s"]; st.Handled != 1 || st.Left != 2 || st.Offered != 3 || st.Pending != 0 {
			t.Errorf("%+v", st)
		}
	})
}

func TestClosed(t *testing.T) {
	b := local.New(local.Options{})
	b.Close()
	b.Close()
	if err := b.Emit(t.Context(), of(1, event.TypeDeviceSynced)); !errors.Is(err, local.ErrClosed) {
		t.Errorf("emit: %v", err)
	}
	if _, err := local.Subscribe(b, local.Subscription{Name: "s"}, (&sheet{}).note); !errors.Is(err, local.ErrClosed) {
		t.Errorf("subscribe: %v", err)
	}
	if _, err := local.Request[int, int](t.Context(), b, 1, local.Ask{}); !errors.Is(err, local.ErrClosed) {
		t.Errorf("request: %v", err)
	}
}
