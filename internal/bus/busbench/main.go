// Command busbench compares the bus with raw go-redis, pipelined, on the same redis-server in the same run, and prints one
// table. Figures depend on the machine; ratios much less so.
//
// "Distribution" is all of the bus but SQL: relay and append script, reading, finding the event in the log and comparing it, lanes,
// handler, acknowledging; its log is kept in memory. "Raw" is XADD, XREADGROUP and XACK of the same bytes in pipelines of
// the same size, with nothing looked at. With a log, every event is handled and answered by a child event, each in the transaction that ends
// its delivery, flushed to the disk.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"text/tabwriter"
	"time"

	"github.com/tenter-net/tenter/internal/bus/redistest"
)

// A bench is one run.
type bench struct {
	events  int
	handled int
	rate    time.Duration // of the open loop: between two events
	looks   int           // events of the open loop
	dir     string
	out     *tabwriter.Writer
}

func main() {
	b := bench{out: tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)}
	flag.IntVar(&b.events, "events", 50_000, "events of each throughput without SQL")
	flag.IntVar(&b.handled, "handled", 20_000, "events of each throughput with the log in SQL")
	flag.DurationVar(&b.rate, "every", 5*time.Millisecond, "time between two events of the open loop")
	flag.IntVar(&b.looks, "looks", 1000, "events of each open loop")
	logs := flag.String("logs", "sqlite,postgres", "kinds of log in SQL, with commas between them")
	only := flag.String("only", "", "distribution, latency, log or killed: only these rows")
	flag.Parse()
	if dir, rest := os.Getenv(childEnv), flag.Args(); dir != "" && len(rest) == 1 {
		fail(child(dir, rest[0]))
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	fail(b.run(ctx, *only, *logs))
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "busbench:", err)
		os.Exit(1)
	}
}

func (b *bench) run(ctx context.Context, only, logs string) (err error) {
	if b.dir, err = os.MkdirTemp("", "busbench"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	b.row("what", "append-only file", "consumers", "raw", "bus", "ratio")
	all := only == ""
	if all || only == "distribution" {
		for _, mode := range modes {
			if err := b.distribution(ctx, mode); err != nil {
				return err
			}
		}
	}
	if all || only == "latency" {
		if err := b.latency(ctx); err != nil {
			return err
		}
	}
	if all || only == "log" {
		if err := b.withLogs(ctx, logs); err != nil {
			return err
		}
	}
	if all || only == "killed" {
		if err := b.killed(ctx); err != nil {
			return err
		}
	}
	return b.out.Flush()
}

// row prints one row, at once.
func (b *bench) row(cells ...any) {
	for _, c := range cells {
		fmt.Fprintf(b.out, "%v\t", c)
	}
	fmt.Fprintln(b.out)
	_ = b.out.Flush()
}

// A mode is how a redis-server keeps what it has.
type mode struct {
	name string
	args []string
}

var modes = []mode{
	{"none", nil},
	{"everysec", []string{"--appendonly", "yes", "--appendfsync", "everysec"}},
	{"always", []string{"--appendonly", "yes", "--appendfsync", "always"}},
}

// server starts a redis-server of its own, empty.
func (b *bench) server(m mode) (*redistest.Server, error) {
	dir, err := os.MkdirTemp(b.dir, "redis")
	if err != nil {
		return nil, err
	}
	return redistest.Start(dir, m.args...)
}

// perSecond is a throughput.
func perSecond(n int, took time.Duration) float64 { return float64(n) / took.Seconds() }

func rate(f float64) string { return fmt.Sprintf("%.0f/s", f) }

func ratio(bus, raw float64) string { return fmt.Sprintf("%.2f", bus/raw) }
