package bustest

import (
	"bufio"
	"context"
	"flag"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
)

// The environment of a process that is started only to end badly: where its store is, and how it ends.
const (
	dirEnv  = "TENTER_BUSTEST_DIR"
	dsnEnv  = "TENTER_BUSTEST_DSN"
	modeEnv = "TENTER_BUSTEST_MODE"

	modeHang   = "hang"   // the handler never returns
	modePoison = "poison" // the handler of an event of poisoned ends the process
)

const poisoned = "leaf-poisoned"

// Main runs the tests, or in a process that a test has started, a bus whose handler does not return.
func Main(m *testing.M, make Maker, check func(*testing.M)) {
	mode := os.Getenv(modeEnv)
	if mode == "" {
		// What is tested waits most of the time: for leases, for servers, for the disk.
		flag.Parse()
		if err := flag.Set("test.parallel", "8"); err != nil {
			panic(err)
		}
		check(m)
		return
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(1) // the test is gone
	}()
	s, err := store.Open(context.Background(), store.Options{Dir: os.Getenv(dirEnv), DSN: os.Getenv(dsnEnv), Worker: "child"})
	if err != nil {
		panic(err)
	}
	b := make(s, "child")
	b.Replay("answer", nil, []event.Type{"drift"}, func(ctx context.Context, tx event.Tx, e event.Event) error {
		if err := Answer(ctx, tx, e); err != nil {
			return err
		}
		switch {
		case mode == modeHang:
			_, _ = os.Stdout.WriteString("inside\n")
			select {}
		case e.Subject == poisoned && e.Type == event.TypeDriftHeld:
			self, err := os.FindProcess(os.Getpid())
			if err == nil {
				err = self.Kill() // as the kernel does when memory runs out
			}
			panic(err)
		}
		return nil
	})
	panic(b.Run(context.Background()))
}

// process returns a process of this binary that runs Main's bus over the world's store, and ends when this one does.
func (w *World) process(mode string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	if _, err := cmd.StdinPipe(); err != nil { // the kernel closes it, whatever ends this process; else Wait does
		w.Fatal(err)
	}
	cmd.Env = append(os.Environ(), dirEnv+"="+w.Place.Dir, dsnEnv+"="+w.Place.DSN, modeEnv+"="+mode)
	cmd.Env = append(cmd.Env, w.env...)
	return cmd
}

func killed(w *World) {
	cmd := w.process(modeHang)
	out, err := cmd.StdoutPipe()
	if err != nil {
		w.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		w.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	w.Drift(5, "leaf1", "leaf2")
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		w.Fatalf("child: %q, %v", line, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		w.Fatal(err)
	}
	begun := time.Now()
	w.Start(answering)
	w.UntilAnswered(10)
	took := time.Since(begun)
	w.Logf("taken over after %v with a lease of %v", took.Round(time.Millisecond), Lease)
	if limit := Lease + patience; took > limit { // far off: no timing here, only that it is the lease that counts
		w.Errorf("taken over after %v", took)
	}
}

// poison has an event among others whose handler ends its process: it is started again, as a supervisor would, until the
// event is left, and all others are handled once.
func poison(w *World) {
	const most = 10
	w.Drift(20, "leaf1", poisoned, "leaf2")
	w.Append(event.Draft{Type: event.TypeDriftHeld, Subject: poisoned, Data: event.Drift{Episode: "e", Device: "leaf1"}})
	w.Drift(20, "leaf1", poisoned, "leaf2")
	ended := 0
	for dead := false; !dead; ended++ {
		if ended > most {
			w.Fatalf("the process has ended %d times", ended)
		}
		dead = w.runUntilDead()
	}
	w.Logf("left after %d processes", ended-1)
	w.Start(answering)
	w.UntilAnsweredBut(120, event.TypeDriftHeld)
	rows, err := w.Store.DeadDeliveries(w.Context())
	if err != nil || len(rows) != 1 || rows[0].Subject != poisoned || !strings.Contains(rows[0].Error, "the process ended") {
		w.Errorf("dead deliveries %+v, %v", rows, err)
	}
	if ended-1 < crashes { // more, when a busy machine had one of them lose its lease: that is leaving in good order
		w.Errorf("%d processes ended, want %d", ended-1, crashes)
	}
}

// crashes is how many processes an event ends before it is left: two before it is a suspect, two as one.
const crashes = 4

// runUntilDead runs a process until it ends, or until there is a dead delivery, and reports whether there is.
func (w *World) runUntilDead() bool {
	cmd := w.process(modePoison)
	if err := cmd.Start(); err != nil {
		w.Fatal(err)
	}
	gone := make(chan struct{})
	go func() { defer close(gone); _ = cmd.Wait() }()
	defer func() { _ = cmd.Process.Kill(); <-gone }()
	for limit := time.Now().Add(patience); time.Now().Before(limit); {
		select {
		case <-gone:
			return false
		case <-time.After(20 * time.Millisecond):
		}
		if rows, err := w.Store.DeadDeliveries(w.Context()); err != nil {
			w.Fatal(err)
		} else if len(rows) > 0 {
			return true
		}
	}
	w.Fatal("the process neither ends nor leaves the event")
	return false
}
