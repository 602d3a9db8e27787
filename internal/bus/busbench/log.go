package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tenter-net/tenter/internal/bus"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/store/pgtest"
)

// answer is a handler whose effect is one child event.
func answer(ctx context.Context, tx event.Tx, e event.Event) error {
	return tx.Append(ctx, event.Draft{Type: event.TypeDeviceSynced, Subject: e.Subject, Data: event.Device{Device: "leaf1", Reason: string(e.Type)}})
}

// withSQLite and withPostgres measure events that are appended, distributed, handled and answered with the log in SQL.
func (b *bench) withSQLite(ctx context.Context) error {
	return b.withLog(ctx, "SQLite (FULL)", store.Options{Dir: b.dir + "/sqlite"})
}

func (b *bench) withPostgres(ctx context.Context) error {
	server, err := pgtest.Start(pgtest.Options{})
	if err != nil {
		return err
	}
	defer server.Remove()
	name, err := server.Create("")
	if err != nil {
		return err
	}
	return b.withLog(ctx, "PostgreSQL (fsync on)", store.Options{DSN: server.URL(name)})
}

// A logged is a bus over a log in SQL, whose handler answers.
type logged struct {
	store   *store.Store
	handled atomic.Int64
	due     chan time.Time // of the one look that is under way
	took    chan time.Duration
}

func (l *logged) handle(ctx context.Context, tx event.Tx, e event.Event) error {
	if e.Subject == "look" {
		l.took <- time.Since(<-l.due)
	}
	l.handled.Add(1)
	return answer(ctx, tx, e)
}

func (b *bench) withLog(ctx context.Context, what string, opts store.Options) (err error) {
	opts.Fabric, opts.Worker = "dc1", "bench"
	s, err := store.Open(ctx, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	server, end, err := b.server(modes[0])
	if err != nil {
		return err
	}
	defer end()
	l := &logged{store: s, due: make(chan time.Time, 1), took: make(chan time.Duration, b.looks)}
	r, err := start(ctx, server, s, 1, l.handle)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.end()) }()
	if err := b.idle(ctx, what, l); err != nil {
		return err
	}
	return b.answered(ctx, what, l)
}

// idle appends one event at a time to a bus that has nothing else to do.
func (b *bench) idle(ctx context.Context, what string, l *logged) (err error) {
	n := min(b.looks, 500)
	for i := 0; i < n && err == nil; i++ {
		l.due <- time.Now()
		if err = appendDrifts(ctx, l.store, "look"); err == nil {
			err = until(ctx, func() bool { return l.handled.Load() == int64(i+1) })
		}
	}
	list := collect(l.took)
	for _, q := range []int{50, 99} {
		x := line{what: fmt.Sprintf("append to handler, log on %s, idle bus, p%d", what, q), file: modes[0].name, consumers: 1, bus: millis(quantile(list, q))}
		if q == 50 {
			x.budget, x.missed = "5 ms", quantile(list, q) > 5*time.Millisecond
		}
		b.row(x)
	}
	return err
}

// answered appends events of many devices as fast as they are taken, and waits until all are handled.
func (b *bench) answered(ctx context.Context, what string, l *logged) (err error) {
	devices := make([]string, 64)
	for i := range devices {
		devices[i] = fmt.Sprintf("leaf%d", i)
	}
	before, begun, cpu := l.handled.Load(), time.Now(), used()
	for sent := 0; sent < b.handled && err == nil; sent += len(devices) {
		err = appendDrifts(ctx, l.store, devices[:min(len(devices), b.handled-sent)]...)
	}
	if err == nil {
		err = until(ctx, func() bool { return l.handled.Load()-before >= int64(b.handled) })
	}
	n, took := int(l.handled.Load()-before), time.Since(begun)
	speed := perSecond(n, took)
	x := line{what: "handled and answered, " + what, file: modes[0].name, consumers: 1, bus: rate(speed), budget: "10,000/s", missed: speed < 10_000}
	if n < b.handled {
		x.bus += fmt.Sprintf(" (%d of %d in %v)", n, b.handled, took.Round(time.Second))
	}
	b.row(x)
	b.row(line{what: "the same, cpu of the process for each", file: modes[0].name, consumers: 1, bus: ((used() - cpu) / time.Duration(max(n, 1))).Round(time.Microsecond).String()})
	return err
}

// used is the processor time that this process has taken, which tells more than the clock on a machine that does other things too.
func used() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func appendDrifts(ctx context.Context, s *store.Store, devices ...string) error {
	drafts := make([]event.Draft, len(devices))
	for i, d := range devices {
		drafts[i] = event.Draft{Type: event.TypeDriftDetected, Subject: d, Data: event.Drift{Episode: "e-" + d, Device: "leaf1"}}
	}
	return s.Do(ctx, func(tx event.Tx) error { return tx.Append(ctx, drafts...) })
}

// childEnv names the store's directory to a process that is started only to be killed in its handler.
const childEnv = "TENTER_BUSBENCH_DIR"

func child(dir, url string) error {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(1)
	}()
	ctx := context.Background()
	s, err := store.Open(ctx, store.Options{Dir: dir, Fabric: "dc1", Worker: "child"})
	if err != nil {
		return err
	}
	b, err := bus.New(bus.Options{URL: url, Fabric: "dc1", Store: s, Worker: "child"})
	if err != nil {
		return err
	}
	b.Replay(benchGroup, []string{event.StreamDrift}, []event.Type{"drift"}, func(context.Context, event.Tx, event.Event) error {
		fmt.Println("inside")
		select {}
	})
	return b.Run(ctx)
}

// killed measures how long after a kill -9 in a handler another process runs it again.
func (b *bench) killed(ctx context.Context) (err error) {
	server, end, err := b.server(modes[0])
	if err != nil {
		return err
	}
	defer end()
	dir := b.dir + "/killed"
	s, err := store.Open(ctx, store.Options{Dir: dir, Fabric: "dc1", Worker: "bench"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, self, server.URL())
	cmd.Env = append(os.Environ(), childEnv+"="+dir)
	if _, err := cmd.StdinPipe(); err != nil { // the child ends when it is closed, so also when this process ends
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	in := bufio.NewReader(out)
	if err := until(ctx, func() bool { g, err := s.Groups(ctx); return err == nil && len(g) == 1 }); err != nil {
		return err
	}
	if err := appendDrifts(ctx, s, "leaf1"); err != nil {
		return err
	}
	if line, err := in.ReadString('\n'); err != nil {
		return fmt.Errorf("child: %q: %w", line, err)
	}
	again := make(chan struct{}, 1)
	r, err := start(ctx, server, s, 1, func(ctx context.Context, tx event.Tx, e event.Event) error {
		again <- struct{}{}
		return answer(ctx, tx, e)
	})
	if err != nil {
		return err
	}
	time.Sleep(time.Second) // the other is at work before
	begun := time.Now()
	if err := cmd.Process.Kill(); err != nil {
		return err
	}
	_ = cmd.Wait()
	l := line{what: "handler killed with -9, run again by another, lease 5 s", file: modes[0].name, consumers: 1, bus: none, budget: "6 s"}
	select {
	case <-again:
		took := time.Since(begun)
		l.bus, l.missed = fmt.Sprintf("%.1f s", took.Seconds()), took > 6*time.Second
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	b.row(l)
	return errors.Join(err, r.end())
}
