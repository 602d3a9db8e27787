// Command busbench compares the bus with raw go-redis, pipelined, on the same redis-server in the same run, and prints one
// table in Markdown. Figures depend on the machine; ratios much less so. It ends within its limit also on a slow machine: then it says
// what is missing.
//
// "Distribution" is all of the bus but SQL: relay and append script, reading, finding the event in the log and comparing it, lanes,
// handler, acknowledging; its log is kept in memory. "Raw" is XADD, XREADGROUP and XACK of the same bytes, in the way that turned out
// to be the fastest, with nothing looked at. With a log, every event is handled and answered by a child event, each in the transaction
// that ends its delivery, flushed to the disk.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/tenter-net/tenter/internal/bus/redistest"
)

// A bench is one run.
type bench struct {
	events  int
	handled int
	rounds  int
	rate    time.Duration // of the open loop: between two events
	looks   int           // events of the open loop
	dir     string
	notes   []string
}

func main() {
	var b bench
	flag.IntVar(&b.events, "events", 50_000, "events of each throughput without SQL")
	flag.IntVar(&b.rounds, "rounds", 3, "rounds of each throughput without SQL")
	flag.IntVar(&b.handled, "handled", 20_000, "events of each throughput with the log in SQL")
	flag.DurationVar(&b.rate, "every", 5*time.Millisecond, "time between two events of the open loop")
	flag.IntVar(&b.looks, "looks", 1000, "events of each open loop")
	within := flag.Duration("within", 210*time.Second, "end about then, with what has been measured")
	only := flag.String("only", "", "distribution, latency, sqlite, postgres or killed: only these rows")
	flag.Parse()
	if dir, rest := os.Getenv(childEnv), flag.Args(); dir != "" && len(rest) == 1 {
		fail(child(dir, rest[0]))
		return
	}
	if b.events < 1 || b.rounds < 1 || b.handled < 1 || b.looks < 1 {
		fail(errors.New("the numbers of events, rounds, handled and looks begin at 1"))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	fail(b.run(ctx, *only, *within))
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "busbench:", err)
		os.Exit(1)
	}
}

// A rung is a part of the run, with a share of its time: shares are relative.
type rung struct {
	kind, name string
	share      float64
	run        func(context.Context) error
}

func (b *bench) rungs() (list []rung) {
	for _, m := range modes {
		for _, consumers := range []int{1, 4} {
			list = append(list, rung{
				"distribution", fmt.Sprintf("distribution (append-only file %s, %d consumers)", m.name, consumers), 0.5 / 6,
				func(ctx context.Context) error { return b.distribution(ctx, m, consumers) },
			})
		}
	}
	return append(list,
		rung{"latency", "the open loop", 0.1, b.latency},
		rung{"sqlite", "the log on SQLite", 0.12, b.withSQLite},
		rung{"postgres", "the log on PostgreSQL", 0.19, b.withPostgres},
		rung{"killed", "the killed handler", 0.09, b.killed},
	)
}

// errSlow is the end of a rung's time.
var errSlow = errors.New("its time is over")

func (b *bench) run(ctx context.Context, only string, within time.Duration) (err error) {
	rungs := slices.DeleteFunc(b.rungs(), func(r rung) bool { return only != "" && only != r.kind })
	if len(rungs) == 0 {
		return fmt.Errorf("there are no rows %q: distribution, latency, sqlite, postgres, killed", only)
	}
	if b.dir, err = os.MkdirTemp("", "busbench"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	begun, load, all := time.Now(), loadNow(), 0.0
	for _, r := range rungs {
		all += r.share
	}
	b.title()
	for _, r := range rungs {
		if err := b.climb(ctx, r, time.Duration(r.share/all*float64(within))); err != nil {
			return err
		}
	}
	b.foot(begun, load)
	return nil
}

// climb runs a part for so long at the most. A part that is slow is no error: it has shown what it measured.
func (b *bench) climb(ctx context.Context, r rung, limit time.Duration) error {
	part, cancel := context.WithTimeoutCause(ctx, limit, errSlow)
	defer cancel()
	err := r.run(part)
	if ctx.Err() != nil {
		return context.Cause(ctx) // the user's Ctrl-C
	}
	if errors.Is(context.Cause(part), errSlow) { // whatever else went wrong then did so for that reason
		b.note("**Not finished**: %s did not end within %v; its rows are of what was measured by then, and what was not is a dash or missing.", r.name, limit.Round(time.Second))
		return nil
	}
	return err
}

// A mode is how a redis-server keeps what it has.
type mode struct {
	name  string
	share float64 // of the run, for each number of consumers
	args  []string
}

var modes = []mode{
	{"none", 0.06, nil},
	{"everysec", 0.08, []string{"--appendonly", "yes", "--appendfsync", "everysec", "--auto-aof-rewrite-percentage", "0"}},
	{"always", 0.14, []string{"--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0"}},
}

// server starts a redis-server of its own, empty. The function ends it and deletes its files.
func (b *bench) server(m mode) (s *redistest.Server, end func(), err error) {
	dir, err := os.MkdirTemp(b.dir, "redis")
	if err != nil {
		return nil, nil, err
	}
	if s, err = redistest.Start(dir, m.args...); err != nil {
		return nil, nil, err
	}
	return s, func() { s.Kill(); _ = os.RemoveAll(dir) }, nil
}
