package store_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/store/storetest"
	"github.com/tenter-net/tenter/internal/view"
)

// at once runs do in each of the stores, several times at once, and returns how often it was true.
func atOnce(t *testing.T, stores []*store.Store, do func(s *store.Store, tx event.Tx) (bool, error)) int64 {
	t.Helper()
	var won atomic.Int64
	var wg sync.WaitGroup
	for i := range 4 * len(stores) {
		s := stores[i%len(stores)]
		wg.Go(func() {
			ok := false
			err := s.Do(context.Background(), func(tx event.Tx) (err error) {
				ok, err = do(s, tx)
				return err
			})
			if err != nil {
				t.Error(err)
			} else if ok {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	return won.Load()
}

// What happens once, happens once, however many processes do it at the same time.
func TestOneOfManyWins(t *testing.T) {
	storetest.Both(t, func(t *testing.T, at storetest.Place) {
		stores := []*store.Store{openAt(t, at), openAt(t, at), openAt(t, at)}
		do(t, stores[0], func(tx event.Tx) error {
			_, err := stores[0].SavePlan(tx, view.Plan{ID: "moved", Content: "m", Status: view.PlanOpen})
			_, opened := stores[0].MoveWindow(tx, view.Window{}, view.Window{Name: "night", Turn: noon})
			return errors.Join(err, opened, stores[0].SaveSchedule(tx, view.Schedule{Name: "nightly", Due: noon}),
				stores[0].SaveFreeze(tx, view.Freeze{Until: noon, Event: "e"}))
		})
		var n atomic.Int64
		for name, do := range map[string]func(s *store.Store, tx event.Tx) (bool, error){
			"open plan of one content": func(s *store.Store, tx event.Tx) (bool, error) {
				return s.SavePlan(tx, view.Plan{ID: "p" + strconv.FormatInt(n.Add(1), 10), Content: "same", Status: view.PlanOpen})
			},
			"plan moved": func(s *store.Store, tx event.Tx) (bool, error) {
				return s.MovePlan(tx, "moved", view.PlanOpen, view.PlanApproved, "")
			},
			"notification": func(s *store.Store, tx event.Tx) (bool, error) {
				return s.AddNotification(tx, view.Notification{Receiver: "r", Key: "k", State: view.NotificationPending})
			},
			"schedule": func(s *store.Store, tx event.Tx) (bool, error) {
				return s.FireSchedule(tx, "nightly", noon, noon.Add(time.Hour), "")
			},
			"window that is new": func(s *store.Store, tx event.Tx) (bool, error) {
				return s.MoveWindow(tx, view.Window{}, view.Window{Name: "noon", Open: true, Since: noon})
			},
			"window that opens": func(s *store.Store, tx event.Tx) (bool, error) {
				return s.MoveWindow(tx, view.Window{Name: "night", Turn: noon}, view.Window{Name: "night", Open: true, Since: noon, Turn: noon.Add(time.Hour)})
			},
			"freeze that ends": func(s *store.Store, tx event.Tx) (bool, error) {
				return s.EndFreeze(tx, view.Freeze{Event: "e"})
			},
			"episode": func(s *store.Store, tx event.Tx) (bool, error) {
				_, err := s.OpenEpisodeIn(tx, "leaf1")
				if !errors.Is(err, view.ErrNotFound) {
					return false, err
				}
				return true, s.SaveEpisode(tx, view.Episode{ID: "e" + strconv.FormatInt(n.Add(1), 10), Device: "leaf1", Opened: noon})
			},
		} {
			t.Run(name, func(t *testing.T) {
				if won := atOnce(t, stores, do); won != 1 {
					t.Errorf("%d won", won)
				}
			})
		}
	})
}

// No change of a device gets lost, whoever else changes it, and makes its row, at the same time; nor that of which generation
// is the current one.
func TestChangesAddUp(t *testing.T) {
	storetest.Both(t, func(t *testing.T, at storetest.Place) {
		stores := []*store.Store{openAt(t, at), openAt(t, at)}
		do(t, stores[0], func(tx event.Tx) error {
			return errors.Join(stores[0].SaveGeneration(tx, view.Generation{ID: "g0"}), stores[0].SaveGeneration(tx, view.Generation{ID: "g1"}))
		})
		var wg sync.WaitGroup
		for i, s := range stores {
			for range 20 {
				wg.Go(func() {
					if err := s.Do(context.Background(), func(tx event.Tx) error {
						// Each in another order, so that they get into each other's way.
						for k := range 2 {
							name := intent.DeviceName("leaf" + strconv.Itoa((i+k)%2))
							if err := s.UpdateDevice(tx, name, func(d *view.Device) { d.Reason += "x" }); err != nil {
								return err
							}
						}
						return s.SetCurrentGeneration(tx, "g"+strconv.Itoa(i))
					}); err != nil {
						t.Error(err)
					}
				})
			}
		}
		wg.Wait()
		for _, name := range []intent.DeviceName{"leaf0", "leaf1"} {
			if d, err := stores[0].Device(t.Context(), name); err != nil || len(d.Reason) != 40 {
				t.Errorf("%s: %d of 40 changes, %v", name, len(d.Reason), err)
			}
		}
		if _, err := stores[1].CurrentGenerationID(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// A group that joins while others append is owed every event of the past and of the future, once; and of what it is owed
// each retry is taken once.
func TestJoiningMissesNothing(t *testing.T) {
	storetest.Both(t, func(t *testing.T, at storetest.Place) {
		a, b := openAt(t, at), openAt(t, at)
		var wg sync.WaitGroup
		begun := make(chan struct{})
		for i, s := range []*store.Store{a, b} {
			wg.Go(func() {
				for k := range 60 {
					if i == 0 && k == 20 {
						close(begun)
					}
					appendAll(t, s, synced("leaf"+strconv.Itoa(k)))
				}
			})
		}
		<-begun
		for _, s := range []*store.Store{a, b, a} {
			wg.Go(func() {
				if err := s.JoinGroup(context.Background(), view.Group{Name: grp, Streams: []string{event.StreamDevice}, Past: true}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if g := counts(t, a); g.Pending != 120 || g.Oldest != 1 {
			t.Errorf("%+v; want all of 120", g)
		}
		if n, err := a.RetryLost(t.Context(), grp, event.StreamDevice, 1000); err != nil || n != 120 {
			t.Fatal(n, err)
		}
		var mu sync.Mutex
		taken := map[event.Seq]int{}
		for _, s := range []*store.Store{a, b, a, b} {
			wg.Go(func() {
				list, err := s.TakeRetries(context.Background(), grp, 50, time.Hour)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				for _, d := range list {
					taken[d.Seq]++
				}
			})
		}
		wg.Wait()
		for seq, n := range taken {
			if n != 1 {
				t.Errorf("%d taken %d times", seq, n)
			}
		}
	})
}

// Two that deliver one event run its handler so that its effects are there once, and in order, also when it fails at first.
func TestOneEventDeliveredByTwo(t *testing.T) {
	storetest.Both(t, func(t *testing.T, at storetest.Place) {
		a, events := owing(t, at, 20)
		b := openAt(t, at)
		broken := errors.New("broken")
		var wg sync.WaitGroup
		for _, e := range events {
			for _, s := range []*store.Store{a, b} {
				wg.Go(func() {
					failed := false
					for earlier, err := event.Seq(1), error(nil); earlier != 0 || err != nil; {
						earlier, err = s.Deliver(context.Background(), grp, e, func(ctx context.Context, tx event.Tx, e event.Event) error {
							if e.Seq%3 == 0 && !failed { // before it has written anything, and after
								failed = true
								return broken
							}
							err := s.UpdateDevice(tx, intent.DeviceName(e.Subject), func(d *view.Device) { d.Reason += fmt.Sprint(e.Seq, " ") })
							if e.Seq%3 == 1 && !failed {
								failed = true
								return broken
							}
							return err
						})
						if err != nil && !errors.Is(err, broken) {
							t.Error(err)
							return
						}
					}
				})
			}
		}
		wg.Wait()
		for i, name := range []intent.DeviceName{"leaf1", "leaf2"} {
			want := ""
			for k := i; k < len(events); k += 2 {
				want += fmt.Sprint(events[k].Seq, " ")
			}
			d, err := a.Device(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, d.Reason); diff != "" {
				t.Errorf("%s: -want +handled:\n%s", name, diff)
			}
		}
	})
}

// Whoever follows the log while several processes append to it sees every event, in the log's order.
func TestFollowersPassOverNothing(t *testing.T) {
	storetest.Both(t, func(t *testing.T, at storetest.Place) {
		const writers, each = 3, 80
		follower := openAt(t, at)
		var wg sync.WaitGroup
		for range writers {
			s := openAt(t, at)
			wg.Go(func() {
				for i := range each {
					appendAll(t, s, synced("leaf1"))
					if i%16 == 0 { // states of all kinds between
						if _, _, err := s.Acquire(context.Background(), "l", "w", time.Minute); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		for last := event.Seq(0); last < writers*each; {
			if err := follower.Wait(t.Context(), last); err != nil {
				t.Fatal(err)
			}
			list, err := follower.Events(t.Context(), event.Query{After: last})
			if err != nil || len(list) == 0 {
				t.Fatalf("%d events after %d, which are there: %v", len(list), last, err)
			}
			for _, e := range list {
				if last++; e.Seq != last {
					t.Fatalf("event %d, and not %d", e.Seq, last)
				}
			}
		}
		wg.Wait()
		if v, err := follower.VerifyLog(t.Context()); err != nil || v.Seq != writers*each {
			t.Errorf("VerifyLog() = %+v, %v", v, err)
		}
	})
}
