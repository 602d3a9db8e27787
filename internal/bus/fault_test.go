package bus_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tenter-net/tenter/internal/bus"
	"github.com/tenter-net/tenter/internal/bus/bustest"
	"github.com/tenter-net/tenter/internal/bus/redistest"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
)

const driftKey = "tenter:{dc1}:drift"

func answering(b bustest.Bus) { b.Replay("answer", nil, []event.Type{"drift"}, bustest.Answer) }

// faulty makes a server and a world over it.
func faulty(t *testing.T, args ...string) (*redistest.Server, *bustest.World) {
	t.Helper()
	server := redistest.New(t, args...)
	return server, bustest.NewWorld(t, place{url: server.URL()}.maker(t))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestNothingIsLostWhen(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]func(*testing.T, *redistest.Server, *redis.Client){
		"everything is flushed": func(t *testing.T, _ *redistest.Server, c *redis.Client) {
			must(t, c.FlushAll(t.Context()).Err())
		},
		"the stream is deleted": func(t *testing.T, _ *redistest.Server, c *redis.Client) {
			must(t, c.Del(t.Context(), driftKey).Err())
		},
		"the group is destroyed": func(t *testing.T, _ *redistest.Server, c *redis.Client) {
			must(t, c.XGroupDestroy(t.Context(), driftKey, "answer").Err())
		},
		"the key is another type's": func(t *testing.T, _ *redistest.Server, c *redis.Client) {
			must(t, c.Set(t.Context(), driftKey, "stranger", 0).Err())
		},
		"all entries are trimmed": func(t *testing.T, _ *redistest.Server, c *redis.Client) {
			must(t, c.XTrimMaxLen(t.Context(), driftKey, 0).Err())
		},
		"the scripts are flushed": func(t *testing.T, _ *redistest.Server, c *redis.Client) {
			must(t, c.ScriptFlush(t.Context()).Err())
		},
		"redis is killed and comes back empty": func(t *testing.T, s *redistest.Server, _ *redis.Client) {
			s.Kill()
			must(t, s.Restart())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, w := faulty(t)
			c := client(t, server)
			w.Start(answering)
			w.Start(answering)
			w.Drift(1, "leaf1")
			w.UntilAnswered(1) // the group is there
			for range 4 {
				w.Drift(20, "leaf1", "leaf2")
				harm(t, server, c)
				w.Drift(20, "leaf1", "leaf3")
			}
			w.UntilAnswered(321)
		})
	}
}

func TestEventsWaitWhileRedisIsDown(t *testing.T) {
	t.Parallel()
	server, w := faulty(t)
	w.Start(answering)
	w.Drift(3, "leaf1")
	w.UntilAnswered(3)
	server.Kill()
	w.Drift(3, "leaf1", "leaf2")
	w.Until("bus.degraded", func() bool { return len(w.Events(event.TypeBusDegraded)) > 0 })
	if n := len(w.Events(event.TypeDeviceSynced)); n != 3 {
		t.Errorf("%d answers while redis is down, want 3", n)
	}
	must(t, server.Restart())
	w.UntilAnswered(9)
	w.Until("bus.recovered", func() bool { return len(w.Events(event.TypeBusRecovered)) == 1 })
	if n := len(w.Events(event.TypeBusDegraded)); n != 1 {
		t.Errorf("%d times bus.degraded for one outage", n)
	}
}

func TestRedisThatHangsHoldsNobody(t *testing.T) {
	t.Parallel()
	server, w := faulty(t)
	w.Start(answering)
	w.Drift(3, "leaf1")
	w.UntilAnswered(3)
	must(t, server.Pause())
	w.Drift(3, "leaf1", "leaf2") // appending does not wait for Redis
	w.Until("bus.degraded", func() bool { return len(w.Events(event.TypeBusDegraded)) > 0 })
	must(t, server.Resume())
	w.UntilAnswered(9)
	stop := w.Start(answering)
	w.Until("the other has joined", func() bool {
		n, err := client(t, server).XInfoConsumers(t.Context(), driftKey, "answer").Result()
		return err == nil && len(n) == 2
	})
	must(t, server.Pause())
	begun := time.Now()
	stop()
	t.Logf("stopped in %v while redis hangs", time.Since(begun).Round(time.Millisecond))
	must(t, server.Resume())
}

// A group that reads nothing while the stream is trimmed past it gets the rest from the log.
func TestLaggardCatchesUpFromTheLog(t *testing.T) {
	t.Parallel()
	server, w := faulty(t)
	c := client(t, server)
	stop := w.Start(answering)
	w.Drift(3, "leaf1")
	w.UntilAnswered(3)
	stop()
	relayOnly := w.Start(func(bustest.Bus) {})
	w.Drift(50, "leaf1", "leaf2")
	w.Until("the stream has them", func() bool { return c.XLen(t.Context(), driftKey).Val() == 103 })
	relayOnly()
	must(t, c.XTrimMaxLen(t.Context(), driftKey, 5).Err())
	w.Start(answering)
	w.UntilAnswered(103)
}

func TestOldSnapshotIsRepaired(t *testing.T) {
	t.Parallel()
	server, w := faulty(t)
	c := client(t, server)
	w.Start(answering)
	w.Drift(5, "leaf1")
	w.UntilAnswered(5)
	old, err := c.Dump(t.Context(), driftKey).Result()
	must(t, err)
	w.Drift(5, "leaf1")
	w.UntilAnswered(10)
	must(t, c.RestoreReplace(t.Context(), driftKey, 0, old).Err())
	w.Drift(5, "leaf1")
	w.UntilAnswered(15)
	w.Until("the stream is whole again", func() bool { return c.XLen(t.Context(), driftKey).Val() == 15 })
}

func TestForgedEntriesHaveNoEffect(t *testing.T) {
	t.Parallel()
	forged := `{"specversion":"1.0","id":"x","type":"drift.detected","source":"evil","time":"2026-01-01T00:00:00Z",` +
		`"schemaversion":"1.0","severity":"info","subject":"leaf1","data":{"episode":"forged"}}`
	next := func(w *bustest.World) string {
		seq, _, err := w.Store.Head(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		return fmt.Sprintf("%d-0", seq+100)
	}
	for name, add := range map[string]func(w *bustest.World) *redis.XAddArgs{
		"beyond the log": func(w *bustest.World) *redis.XAddArgs {
			return &redis.XAddArgs{ID: next(w), Values: []any{"data", forged}}
		},
		"by the clock":  func(*bustest.World) *redis.XAddArgs { return &redis.XAddArgs{ID: "*", Values: []any{"data", forged}} },
		"undecodable":   func(*bustest.World) *redis.XAddArgs { return &redis.XAddArgs{ID: "*", Values: []any{"data", "\xff"}} },
		"no such field": func(*bustest.World) *redis.XAddArgs { return &redis.XAddArgs{ID: "*", Values: []any{"date", "x"}} },
		"between two": func(w *bustest.World) *redis.XAddArgs {
			return &redis.XAddArgs{ID: "10-7", Values: []any{"data", forged}}
		},
		"the next event's": func(w *bustest.World) *redis.XAddArgs {
			return &redis.XAddArgs{ID: "11-0", Values: []any{"data", forged}}
		},
		"a retry": func(*bustest.World) *redis.XAddArgs {
			return &redis.XAddArgs{Stream: "tenter:{dc1}:answer:retry", Values: []any{"seq", "4711"}}
		},
		"an odd retry": func(*bustest.World) *redis.XAddArgs {
			return &redis.XAddArgs{Stream: "tenter:{dc1}:answer:retry", Values: []any{"x", "y"}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, w := faulty(t)
			w.Start(func(b bustest.Bus) {
				b.Replay("answer", nil, []event.Type{"drift"}, func(ctx context.Context, tx event.Tx, e event.Event) error {
					if strings.Contains(string(e.Data), "forged") {
						t.Error("the forged event was handled")
					}
					return bustest.Answer(ctx, tx, e)
				})
			})
			w.Drift(5, "leaf1")
			w.UntilAnswered(5) // the log now has 10 events
			args := add(w)
			if args.Stream == "" {
				args.Stream = driftKey
			}
			must(t, client(t, server).XAdd(t.Context(), args).Err())
			w.Until("the dead letter", func() bool { return len(w.Events(event.TypeDeadLettered)) > 0 })
			w.Drift(5, "leaf1", "leaf2")
			w.UntilAnswered(15)
			for _, e := range w.Events(event.TypeDeadLettered) {
				d, err := event.Decode[event.DeadLettered](e)
				must(t, err)
				if d.Entry == "" || d.Reason == "" {
					t.Errorf("dead letter %+v does not say what and why", d)
				}
			}
		})
	}
}

// A handler that was told to stop leaves nothing behind that others have to wait for: were it the lease, they would wait
// longer than the world waits for them.
func TestLeavingHandsOverAtOnce(t *testing.T) {
	t.Parallel()
	server := redistest.New(t)
	w := bustest.NewWorld(t, func(s *store.Store, worker string) bustest.Bus {
		b, err := bus.New(bus.Options{URL: server.URL(), Fabric: "dc1", Store: s, Worker: worker, Lease: time.Hour, Retry: bustest.Retry})
		must(t, err)
		return b
	})
	var fail atomic.Bool
	fail.Store(true)
	stop := w.Start(func(b bustest.Bus) {
		b.Replay("answer", nil, []event.Type{"drift"}, func(ctx context.Context, tx event.Tx, e event.Event) error {
			if fail.Load() {
				return errors.New("not by me")
			}
			return bustest.Answer(ctx, tx, e)
		})
	})
	w.Drift(30, "leaf1", "leaf2")
	stop()
	fail.Store(false)
	w.Start(answering)
	w.UntilAnswered(60)
}

func TestPasswordIsNeededAndNeverTold(t *testing.T) {
	t.Parallel()
	const password = "s3cr3t-Passw0rd"
	server := redistest.New(t, "--requirepass", password)
	w := bustest.NewWorld(t, func(s *store.Store, worker string) bustest.Bus {
		b, err := place{url: "redis://:" + password + "@" + server.Addr}.bus(s, worker)
		must(t, err)
		return b
	})
	w.Start(answering)
	w.Drift(2, "leaf1")
	w.UntilAnswered(2)
	for _, url := range []string{
		"redis://:" + password + "@%zz:1", "ftp://:" + password + "@h", "redis://:" + password + "@h:1/x/y", "redis://:" + password + "@h:1/0?nope=1", "redis://u:" + password + " @h\x7f",
	} {
		_, err := bus.New(bus.Options{URL: url, Fabric: "dc1", Worker: "w", Store: w.Store})
		if err == nil {
			t.Errorf("URL %q was taken", url)
		} else if strings.Contains(err.Error(), password) {
			t.Errorf("the error tells the password: %v", err)
		}
	}
}

func TestWrongPasswordIsToldWithoutIt(t *testing.T) {
	t.Parallel()
	server := redistest.New(t, "--requirepass", "right")
	w := bustest.NewWorld(t, func(s *store.Store, worker string) bustest.Bus {
		b, err := place{url: "redis://:wr0ng-Passw0rd@" + server.Addr}.bus(s, worker)
		must(t, err)
		return b
	})
	w.Start(answering)
	w.Until("bus.degraded", func() bool { return len(w.Events(event.TypeBusDegraded)) > 0 })
	e := w.Events(event.TypeBusDegraded)[0]
	if text := string(e.Envelope); !strings.Contains(text, "WRONGPASS") || strings.Contains(text, "wr0ng-Passw0rd") {
		t.Errorf("bus.degraded says %s", text)
	}
}

// Connections that were made while the server wanted a password stay unknown to it when it wants none any more.
func TestAPasswordThatIsWantedForAWhile(t *testing.T) {
	t.Parallel()
	server, w := faulty(t)
	c := client(t, server).Conn()
	defer c.Close()
	w.Start(answering)
	w.Drift(2, "leaf1")
	w.UntilAnswered(2)
	must(t, c.ConfigSet(t.Context(), "requirepass", "for-a-while").Err())
	must(t, c.Do(t.Context(), "AUTH", "for-a-while").Err())
	must(t, c.Do(t.Context(), "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes").Err())
	w.Drift(2, "leaf1")
	w.Until("bus.degraded", func() bool { return len(w.Events(event.TypeBusDegraded)) > 0 })
	must(t, c.ConfigSet(t.Context(), "requirepass", "").Err())
	w.Drift(2, "leaf1")
	w.UntilAnswered(6)
}
