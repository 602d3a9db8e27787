package faults

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/tenter-net/tenter/internal/bus"
	"github.com/tenter-net/tenter/internal/bus/delivery"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/view"
)

// A job is what one worker process does: it relays and handles, until SIGTERM.
type job struct {
	Worker   string
	Redis    string // URL
	Dir      string // of the store
	DSN      string // of the store, when it is PostgreSQL
	Scratch  string // where events leave marks of having been tried
	Receiver string // URL of the external calls; none when empty
	Groups   []string
	Lease    time.Duration
	Retry    delivery.Policy
	Clock    time.Duration // how far its clock is off
	Relay    bool          // relays whoever has the lease
	Produce  int           // appends so many events by itself, one after the other
}

// childOf is the type of the child event by which a group's effect on an event is counted.
var childOf = map[string]event.Type{"a": event.TypeDeviceSynced, "b": event.TypeDeviceConnected, "intents": event.TypeDeviceCapabilities}

func (j job) run() int {
	if j.Clock != 0 {
		if err := shiftClock(j.Clock); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := j.work(ctx, logTo(os.Stderr).Named(j.Worker)); err != nil {
		fmt.Fprintln(os.Stderr, j.Worker, err)
		return 1
	}
	return 0
}

func logTo(f *os.File) *zap.Logger {
	return zap.New(zapcore.NewCore(zapcore.NewConsoleEncoder(zap.NewDevelopmentEncoderConfig()), zapcore.Lock(f), zap.InfoLevel))
}

func (j job) work(ctx context.Context, log *zap.Logger) (err error) {
	s, err := store.Open(ctx, j.storeOptions(log))
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if j.Produce > 0 {
		go j.produce(ctx, s)
	}
	b, err := bus.New(bus.Options{URL: j.Redis, Fabric: fabric, Store: j.relaying(s), Worker: j.Worker, Lease: j.Lease, Retry: j.Retry, Log: log})
	if err != nil {
		return err
	}
	for _, g := range j.Groups {
		types := []event.Type{"drift"}
		if g == "intents" {
			types = []event.Type{"intent"}
		}
		b.Replay(g, nil, types, j.handler(g, s))
	}
	if err := b.Join(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	j.say("ready")
	return b.Run(ctx)
}

// say tells the test something in a line.
func (j job) say(line string) { _, _ = io.WriteString(os.Stdout, line+"\n") }

// forced is a store that lets its bus relay whoever has the lease.
type forced struct{ *store.Store }

func (f forced) Acquire(ctx context.Context, key, holder string, ttl time.Duration) (view.Lease, bool, error) {
	if key == "bus/relay" {
		return view.Lease{Key: key, Holder: holder, Token: 1, Expires: time.Now().Add(ttl)}, true, nil
	}
	return f.Store.Acquire(ctx, key, holder, ttl)
}

func (f forced) Renew(ctx context.Context, l view.Lease, ttl time.Duration) (view.Lease, error) {
	if l.Key == "bus/relay" {
		return l, nil
	}
	return f.Store.Renew(ctx, l, ttl)
}

func (j job) relaying(s *store.Store) bus.Store {
	if j.Relay {
		return forced{s}
	}
	return s
}

func (j job) produce(ctx context.Context, s *store.Store) {
	for i := range j.Produce {
		d := draft(fmt.Sprintf("leaf%d", i%devices+1), "")
		if err := s.Do(ctx, func(tx event.Tx) error { return tx.Append(ctx, d) }); err != nil {
			fmt.Fprintln(os.Stderr, "produce:", err)
			return
		}
	}
	j.say("produced")
}

// handler calls the receiver, then has one child event as its effect. Its ID is by chance, and not the one that derives from the
// parent: were an event handled twice, both children would be seen.
func (j job) handler(group string, s *store.Store) event.Handler {
	return func(ctx context.Context, tx event.Tx, e event.Event) error {
		d, err := event.Decode[event.Drift](e)
		if err != nil {
			return err
		}
		if err := j.act(group, d.Reason, e); err != nil {
			return err
		}
		if err := j.call(ctx, group, e); err != nil {
			return err
		}
		id, err := uuid.NewV7()
		if err != nil {
			return err
		}
		if err := s.SaveSchedule(tx, view.Schedule{Name: group + "/" + string(e.ID), Due: e.Time}); err != nil {
			return err
		}
		err = tx.Append(ctx, event.Draft{ID: event.ID(id.String()), Type: childOf[group], Subject: e.Subject, Data: event.Device{Device: intent.DeviceName(cmp.Or(e.Subject, "all"))}})
		if err != nil || !strings.HasPrefix(d.Reason, group+" late ") {
			return err
		}
		j.say("inside " + string(e.ID))
		return sleepFor(strings.TrimPrefix(d.Reason, group+" late "))
	}
}

func sleepFor(text string) error {
	wait, err := time.ParseDuration(text)
	if err != nil {
		return err
	}
	time.Sleep(wait)
	return nil
}

// act does what the event's reason says, if it is for the group: "a once block", "a always fail", "a slow 3s" and so on. Once is once for
// all processes.
func (j job) act(group, reason string, e event.Event) error {
	words := strings.Fields(reason)
	if len(words) < 3 || words[0] != group {
		return nil
	}
	if words[1] == "once" {
		f, err := os.OpenFile(filepath.Join(j.Scratch, string(e.ID)), os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, os.ErrExist) {
			return nil
		}
		if err = errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	j.say("inside " + string(e.ID))
	switch words[2] {
	case "block":
		select {}
	case "panic":
		panic("as the event asked for")
	case "fail":
		return errors.New("as the event asked for")
	case "kill":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	default: // "a slow 3s"
		return sleepFor(words[2])
	}
}

var client = &http.Client{Timeout: 10 * time.Second}

// call is the external call: it names the event and the group, which are its idempotency key.
func (j job) call(ctx context.Context, group string, e event.Event) error {
	if j.Receiver == "" {
		return nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, j.Receiver, bytes.NewReader(nil))
	if err != nil {
		return err
	}
	req.Header.Set("Idempotency-Key", group+"/"+string(e.ID))
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	if err := resp.Body.Close(); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("receiver: %s", resp.Status)
	}
	return nil
}
