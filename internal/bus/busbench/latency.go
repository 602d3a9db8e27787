package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tenter-net/tenter/internal/bus/redistest"
	"github.com/tenter-net/tenter/internal/event"
)

// latency is an open loop: events come at a fixed rate whatever became of those before, and each is timed from when it was due.
func (b *bench) latency(ctx context.Context) error {
	events, err := drifts(b.looks)
	if err != nil {
		return err
	}
	server, end, err := b.server(modes[0])
	if err != nil {
		return err
	}
	defer end()
	c := server.Client()
	defer c.Close()
	rawTook, err := b.rawLatency(ctx, c, events)
	var busTook []time.Duration
	if err == nil {
		busTook, err = b.busLatency(ctx, server, c, events)
	}
	for _, q := range []int{50, 99} {
		x, y := quantile(rawTook, q), quantile(busTook, q)
		l := line{
			what: fmt.Sprintf("open loop at %.0f/s, p%d", perSecond(1, b.rate), q), file: modes[0].name, consumers: 1,
			raw: millis(x), bus: millis(y), ratio: over(y.Seconds(), x.Seconds()),
		}
		if q == 50 {
			l.budget, l.missed = "2", l.ratio > 2
		}
		b.row(l)
	}
	return err
}

func (b *bench) busLatency(ctx context.Context, server *redistest.Server, c *redis.Client, events []event.Event) (list []time.Duration, err error) {
	log, due := newMemory(len(events)), make([]time.Time, len(events)+1)
	took := make(chan time.Duration, len(events))
	r, err := start(ctx, server, log, 1, func(_ context.Context, _ event.Tx, e event.Event) error {
		took <- time.Since(due[e.Seq])
		return nil
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.end()) }()
	if err := until(ctx, func() bool { return len(c.XInfoGroups(ctx, streamKey).Val()) == 1 }); err != nil {
		return nil, err
	}
	err = b.loop(ctx, len(events), func(i int, at time.Time) error {
		due[events[i].Seq] = at
		log.add(events[i])
		return nil
	})
	if err == nil {
		err = until(ctx, func() bool { return len(took) == len(events) })
	}
	return collect(took), err
}

// loop calls send when each event is due.
func (b *bench) loop(ctx context.Context, n int, send func(i int, due time.Time) error) error {
	begun := time.Now()
	for i := range n {
		due := begun.Add(time.Duration(i) * b.rate)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(time.Until(due)):
		}
		if err := send(i, due); err != nil {
			return err
		}
	}
	return nil
}

// rawLatency is from the XADD's due time to the answer of a waiting XREADGROUP.
func (b *bench) rawLatency(ctx context.Context, c *redis.Client, events []event.Event) ([]time.Duration, error) {
	if err := c.XGroupCreateMkStream(ctx, rawKey, rawGroup, "0").Err(); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	due := make([]time.Time, len(events))
	took := make(chan time.Duration, len(events))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := rawConsume(ctx, c, due, took); err != nil {
			stop(err)
		}
	}()
	err := b.loop(ctx, len(events), func(i int, at time.Time) error {
		due[i] = at
		return c.XAdd(ctx, &redis.XAddArgs{Stream: rawKey, Values: []any{"data", events[i].Envelope}}).Err()
	})
	if err != nil {
		stop(err)
	}
	<-ended
	return collect(took), context.Cause(ctx)
}

func rawConsume(ctx context.Context, c *redis.Client, due []time.Time, took chan<- time.Duration) error {
	for seen := 0; seen < len(due); {
		result, err := c.XReadGroup(ctx, &redis.XReadGroupArgs{Group: rawGroup, Consumer: "c", Streams: []string{rawKey, ">"}, Count: 64, Block: time.Second}).Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
		for _, s := range result {
			for _, m := range s.Messages {
				took <- time.Since(due[seen])
				seen++
				if err := c.XAck(ctx, rawKey, rawGroup, m.ID).Err(); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// collect sorts what has come so far.
func collect(took <-chan time.Duration) []time.Duration {
	list := make([]time.Duration, 0, len(took))
	for len(took) > 0 {
		list = append(list, <-took)
	}
	slices.Sort(list)
	return list
}
