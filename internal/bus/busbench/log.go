package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
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

// withLogs measures events that are appended, distributed, handled and answered with the log in SQL.
func (b *bench) withLogs(ctx context.Context, kinds string) error {
	for _, kind := range strings.Split(kinds, ",") {
		var err error
		switch kind {
		case "sqlite":
			err = b.withLog(ctx, "SQLite (synchronous FULL)", store.Options{Dir: b.dir + "/sqlite"})
		case "postgres":
			err = b.withPostgres(ctx)
		default:
			err = fmt.Errorf("there is no log %q: sqlite, postgres", kind)
		}
		if err != nil {
			return err
		}
	}
	return nil
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
	return b.withLog(ctx, "PostgreSQL (fsync on, synchronous_commit on)", store.Options{DSN: server.URL(name)})
}

func (b *bench) withLog(ctx context.Context, what string, opts store.Options) (err error) {
	opts.Fabric, opts.Worker = "dc1", "bench"
	s, err := store.Open(ctx, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	server, err := b.server(modes[0])
	if err != nil {
		return err
	}
	defer server.Kill()
	var handled atomic.Int64
	due := make(chan time.Time, 1)
	took := make(chan time.Duration, b.looks)
	r, err := start(ctx, server, s, 1, func(ctx context.Context, tx event.Tx, e event.Event) error {
		if e.Subject == "look" {
			took <- time.Since(<-due)
		}
		handled.Add(1)
		return answer(ctx, tx, e)
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.end()) }()
	n := min(b.looks, 500)
	for range n { // one at a time: the idle bus
		due <- time.Now()
		if err := appendDrifts(ctx, s, "look"); err != nil {
			return err
		}
		if err := until(ctx, func() bool { return len(due) == 0 && handled.Load() == int64(len(took)) }); err != nil {
			return err
		}
	}
	list := collect(took, n)
	b.row("idle, "+what+", append to handler, p50", modes[0].name, 1, "-", quantile(list, 50), "-")
	b.row("idle, "+what+", append to handler, p99", modes[0].name, 1, "-", quantile(list, 99), "-")
	handled.Store(0)
	devices := make([]string, 64)
	for i := range devices {
		devices[i] = fmt.Sprintf("leaf%d", i)
	}
	begun, cpu := time.Now(), used()
	for sent := 0; sent < b.handled; sent += len(devices) {
		if err := appendDrifts(ctx, s, devices[:min(len(devices), b.handled-sent)]...); err != nil {
			return err
		}
	}
	if err := until(ctx, func() bool { return handled.Load() >= int64(b.handled) }); err != nil {
		return err
	}
	b.row("handled and answered, "+what, modes[0].name, 1, "-", rate(perSecond(b.handled, time.Since(begun))), "-")
	b.row("the same, cpu of this process for each", modes[0].name, 1, "-", (used()-cpu)/time.Duration(b.handled), "-")
	return nil
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
	server, err := b.server(modes[0])
	if err != nil {
		return err
	}
	defer server.Kill()
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
	<-again
	b.row("killed handler run again by another, lease 5s", modes[0].name, 1, "-", time.Since(begun).Round(time.Millisecond), "-")
	return r.end()
}
