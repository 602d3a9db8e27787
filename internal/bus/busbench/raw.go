package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tenter-net/tenter/internal/event"
)

const (
	rawKey   = "raw"
	rawGroup = "raw"
)

// A shape is a way to use go-redis. Which is the fastest depends on how Redis keeps its file and on the machine, so all are tried.
type shape struct {
	publishers int  // that append at the same time, in no order
	batch      int  // entries of one pipeline
	multi      bool // a pipeline is a transaction too, which Redis writes and flushes at once
	readers    int  // of each consumer, at the same time
	read       int  // entries of one XREADGROUP; their XACK goes with the next
}

func (s shape) String() string {
	kind := "pipelines"
	if s.multi {
		kind = "transactions"
	}
	return fmt.Sprintf("%d × %s of %d, read by %d × %d", s.publishers, kind, s.batch, s.readers, s.read)
}

// shapes begin with the bus's own numbers.
var shapes = []shape{
	{1, 256, false, 1, 64},
	{1, 1024, false, 1, 256},
	{2, 512, false, 2, 512},
	{1, 256, true, 1, 256},
	{2, 1024, true, 2, 1024},
}

// raw is what go-redis does with the same bytes, when nobody looks at them.
type raw struct {
	shape
	client *redis.Client
	events []event.Event
}

// together runs n of what at the same time.
func together(n int, what func(i int) error) error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = what(i) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// publish appends all events.
func (r raw) publish(ctx context.Context) error {
	var next atomic.Int64
	return together(r.publishers, func(int) error {
		for {
			end := int(next.Add(int64(r.batch)))
			if end-r.batch >= len(r.events) {
				return nil
			}
			p := r.client.Pipeline()
			if r.multi {
				p = r.client.TxPipeline()
			}
			for _, e := range r.events[end-r.batch : min(end, len(r.events))] {
				p.XAdd(ctx, &redis.XAddArgs{Stream: rawKey, Values: []any{"data", e.Envelope}})
			}
			if _, err := p.Exec(ctx); err != nil {
				return err
			}
		}
	})
}

// drain reads and acknowledges all events by so many consumers, and returns when the last was acknowledged: not when the last
// consumer has found out that there is nothing more.
func (r raw) drain(ctx context.Context, consumers int) (time.Time, error) {
	var tally tally
	err := together(consumers*r.readers, func(i int) error { return r.consume(ctx, fmt.Sprint("c", i%consumers), &tally) })
	return tally.ended, err
}

// A tally counts what several consumers have done.
type tally struct {
	seen, acked atomic.Int64
	ended       time.Time // when all were acknowledged
}

func (r raw) group(ctx context.Context) error {
	return r.client.XGroupCreateMkStream(ctx, rawKey, rawGroup, "0").Err()
}

// consume waits in Redis only when the read before brought nothing: an XACK that goes with a read that waits is answered when that is
// over, and Redis ends an empty wait up to 100 ms late.
func (r raw) consume(ctx context.Context, name string, all *tally) error {
	var done []string
	wait := time.Duration(-1)
	for n := int64(len(r.events)); ; {
		p := r.client.Pipeline()
		if len(done) > 0 {
			p.XAck(ctx, rawKey, rawGroup, done...)
		}
		read := &redis.XStreamSliceCmd{}
		over := all.seen.Load() >= n
		if !over {
			read = p.XReadGroup(ctx, &redis.XReadGroupArgs{
				Group: rawGroup, Consumer: name, Streams: []string{rawKey, ">"}, Count: int64(r.read), Block: wait,
			})
		}
		if p.Len() > 0 {
			if _, err := p.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
				return err
			}
		}
		if k := int64(len(done)); k > 0 && all.acked.Add(k) == n {
			all.ended = time.Now()
		}
		if over {
			return nil
		}
		done = done[:0]
		for _, s := range read.Val() {
			for _, m := range s.Messages {
				done = append(done, m.ID)
			}
		}
		if wait = -1; len(done) == 0 {
			wait = 10 * time.Millisecond
		}
		all.seen.Add(int64(len(done)))
	}
}

// through publishes and drains at the same time.
func (r raw) through(ctx context.Context, consumers int) (ended time.Time, err error) {
	var wg sync.WaitGroup
	var published error
	wg.Go(func() { published = r.publish(ctx) })
	ended, err = r.drain(ctx, consumers)
	wg.Wait()
	return ended, errors.Join(err, published)
}
