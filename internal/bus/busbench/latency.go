package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tenter-net/tenter/internal/event"
)

// latency is an open loop: events come at a fixed rate whatever became of those before, and each is timed from when it was due.
func (b *bench) latency(ctx context.Context) error {
	events, err := drifts(b.looks)
	if err != nil {
		return err
	}
	server, err := b.server(modes[0])
	if err != nil {
		return err
	}
	defer server.Kill()
	c := server.Client()
	defer c.Close()
	rawTook, err := b.rawLatency(ctx, c, events)
	if err != nil {
		return err
	}
	log, due := newMemory(len(events)), make([]time.Time, len(events)+1)
	took := make(chan time.Duration, len(events))
	r, err := start(ctx, server, log, 1, func(_ context.Context, _ event.Tx, e event.Event) error {
		took <- time.Since(due[e.Seq])
		return nil
	})
	if err != nil {
		return err
	}
	if err := until(ctx, func() bool { return len(c.XInfoGroups(ctx, streamKey).Val()) == 1 }); err != nil {
		return errors.Join(err, r.end())
	}
	b.loop(len(events), func(i int, at time.Time) {
		due[events[i].Seq] = at
		log.add(events[i])
	})
	busTook := collect(took, len(events))
	for _, q := range []int{50, 99} {
		x, y := quantile(rawTook, q), quantile(busTook, q)
		b.row(fmt.Sprintf("distribution, open loop at %.0f/s, p%d", perSecond(1, b.rate), q), modes[0].name, 1, x, y, ratio(y.Seconds(), x.Seconds()))
	}
	return r.end()
}

// loop calls send when each event is due.
func (b *bench) loop(n int, send func(i int, due time.Time)) {
	begun := time.Now()
	for i := range n {
		due := begun.Add(time.Duration(i) * b.rate)
		time.Sleep(time.Until(due))
		send(i, due)
	}
}

// rawLatency is from the XADD's due time to the answer of a waiting XREADGROUP.
func (b *bench) rawLatency(ctx context.Context, c *redis.Client, events []event.Event) ([]time.Duration, error) {
	if err := c.XGroupCreateMkStream(ctx, rawKey, rawGroup, "0").Err(); err != nil {
		return nil, err
	}
	due := make([]time.Time, len(events))
	took := make(chan time.Duration, len(events))
	failed := make(chan error, 1)
	go func() {
		for seen := 0; seen < len(events); {
			result, err := c.XReadGroup(ctx, &redis.XReadGroupArgs{Group: rawGroup, Consumer: "c", Streams: []string{rawKey, ">"}, Count: rawRead, Block: time.Second}).Result()
			if err != nil && !errors.Is(err, redis.Nil) {
				failed <- err
				return
			}
			for _, s := range result {
				for _, m := range s.Messages {
					took <- time.Since(due[seen])
					seen++
					if err := c.XAck(ctx, rawKey, rawGroup, m.ID).Err(); err != nil {
						failed <- err
						return
					}
				}
			}
		}
		failed <- nil
	}()
	var sent error
	b.loop(len(events), func(i int, at time.Time) {
		due[i] = at
		sent = errors.Join(sent, c.XAdd(ctx, &redis.XAddArgs{Stream: rawKey, Values: []any{"data", events[i].Envelope}}).Err())
	})
	if err := errors.Join(sent, <-failed); err != nil {
		return nil, err
	}
	return collect(took, len(events)), nil
}

func collect(took <-chan time.Duration, n int) []time.Duration {
	list := make([]time.Duration, 0, n)
	for range n {
		list = append(list, <-took)
	}
	slices.Sort(list)
	return list
}

// quantile is the one of a sorted list below which so many hundredths are.
func quantile(list []time.Duration, hundredths int) time.Duration {
	return list[len(list)*hundredths/100].Round(time.Microsecond)
}
