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
	rawBatch = 256 // as the relay's
	rawRead  = 64  // as a group's
)

// raw is what go-redis does with the same bytes, pipelined, when nobody looks at them.
type raw struct {
	client *redis.Client
	events []event.Event
}

// publish appends all events.
func (r raw) publish(ctx context.Context) error {
	for at := 0; at < len(r.events); at += rawBatch {
		p := r.client.Pipeline()
		for _, e := range r.events[at:min(at+rawBatch, len(r.events))] {
			p.XAdd(ctx, &redis.XAddArgs{Stream: rawKey, Values: []any{"data", e.Envelope}})
		}
		if _, err := p.Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// drain reads and acknowledges all events by so many consumers. The acknowledgements of one read go with the next.
func (r raw) drain(ctx context.Context, consumers int) error {
	err := r.client.XGroupCreateMkStream(ctx, rawKey, rawGroup, "0").Err()
	if err != nil && !redis.HasErrorPrefix(err, "BUSYGROUP") {
		return err
	}
	var seen atomic.Int64
	errs := make([]error, consumers)
	var wg sync.WaitGroup
	for i := range consumers {
		wg.Go(func() { errs[i] = r.consume(ctx, fmt.Sprint("c", i), &seen) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (r raw) consume(ctx context.Context, name string, seen *atomic.Int64) error {
	var done []string
	for {
		p := r.client.Pipeline()
		if len(done) > 0 {
			p.XAck(ctx, rawKey, rawGroup, done...)
		}
		read := p.XReadGroup(ctx, &redis.XReadGroupArgs{
			Group: rawGroup, Consumer: name, Streams: []string{rawKey, ">"}, Count: rawRead, Block: 10 * time.Millisecond,
		})
		if _, err := p.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
		done = done[:0]
		for _, s := range read.Val() {
			for _, m := range s.Messages {
				done = append(done, m.ID)
			}
		}
		if seen.Add(int64(len(done))) >= int64(len(r.events)) && len(done) == 0 {
			return nil
		}
	}
}

// through publishes and drains at the same time.
func (r raw) through(ctx context.Context, consumers int) error {
	if err := r.client.XGroupCreateMkStream(ctx, rawKey, rawGroup, "0").Err(); err != nil {
		return err
	}
	var wg sync.WaitGroup
	var published error
	wg.Go(func() { published = r.publish(ctx) })
	err := r.drain(ctx, consumers)
	wg.Wait()
	return errors.Join(err, published)
}
