package bus

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/bus/delivery"
	"github.com/tenter-net/tenter/internal/event"
)

const (
	seqField   = "seq" // of an entry in a group's retries
	claimEvery = 500 * time.Millisecond
	retryEvery = 250 * time.Millisecond
	retryBatch = 256
	retryLen   = 100_000 // entries that a group's retries keep, about; one that is lost is due again
	ackBatch   = 256
)

// acknowledge tells Redis of the entries that are settled, many at a time. What it cannot tell is claimed later, by
// this process or another, and found settled.
func (g *group) acknowledge(ctx context.Context) {
	for h := range g.acks {
		batch := map[string][]string{h.key: {h.id}}
		for n := 1; n < ackBatch; n++ {
			select {
			case more, ok := <-g.acks:
				if ok {
					batch[more.key] = append(batch[more.key], more.id)
					continue
				}
			default:
			}
			break
		}
		for key, ids := range batch {
			ctx, cancel := context.WithTimeout(ctx, redisTimeout)
			err := g.client.XAck(ctx, key, g.sub.Name, ids...).Err()
			cancel()
			if err != nil {
				g.log.Debug("entries could not be acknowledged", zap.String("group", g.sub.Name), zap.Int("entries", len(ids)), zap.Error(err))
			}
			for _, id := range ids {
				g.drop(held{key, id})
			}
		}
	}
}

// claim keeps what is held from being claimed by others, claims what others held for longer than the lease without a
// sign of life, and turns what was distributed and is nowhere any more into retries.
func (g *group) claim(ctx context.Context, good func()) error {
	var kept, swept time.Time
	for {
		if now := time.Now(); now.Sub(kept) >= g.opts.Lease/3 {
			kept = now
			for key, ids := range g.allHeld() {
				if err := g.setIdle(ctx, key, ids, 0); err != nil {
					return err
				}
			}
		}
		for key := range g.keys() {
			if err := g.claimIdle(ctx, key); err != nil {
				return err
			}
		}
		if now := time.Now(); now.Sub(swept) >= g.opts.Lease {
			swept = now
			if err := g.sweep(ctx); err != nil {
				return err
			}
		}
		good()
		if !delivery.Sleep(ctx, min(claimEvery, g.opts.Lease/3)) {
			return context.Cause(ctx)
		}
	}
}

// setIdle sets for how long the entries seem to have been left alone.
func (g *group) setIdle(ctx context.Context, key string, ids []string, idle time.Duration) error {
	for part := range slices.Chunk(ids, 512) {
		args := []any{"XCLAIM", key, g.sub.Name, g.opts.Worker, 0}
		for _, id := range part {
			args = append(args, id)
		}
		if err := g.client.Do(ctx, append(args, "IDLE", idle.Milliseconds(), "JUSTID")...).Err(); err != nil {
			return fmt.Errorf("redis: set idle: %w", err)
		}
	}
	return nil
}

// claimIdle takes over the entries of consumers that have died. Those of this consumer that were read by a call
// whose answer never came are among them.
func (g *group) claimIdle(ctx context.Context, key string) error {
	for start := "0-0"; ; {
		messages, next, err := g.client.XAutoClaim(ctx, &redis.XAutoClaimArgs{
			Stream: key, Group: g.sub.Name, Consumer: g.opts.Worker, MinIdle: g.opts.Lease, Start: start, Count: readCount,
		}).Result()
		if redis.HasErrorPrefix(err, "NOGROUP") {
			return nil // read makes it again
		}
		if err != nil {
			return fmt.Errorf("redis: claim: %w", err)
		}
		if err := g.take(ctx, key, messages); err != nil {
			return err
		}
		if next == "0-0" {
			return nil
		}
		start = next
	}
}

// sweep finds events that the group is owed although Redis takes them for delivered: acknowledged without being settled, or
// trimmed before they were read.
func (g *group) sweep(ctx context.Context) error {
	for _, stream := range g.sub.Streams {
		before, err := g.delivered(ctx, g.key(stream))
		if err != nil {
			return fmt.Errorf("redis: stream %s: sweep: %w", stream, err)
		}
		if before == 0 {
			continue
		}
		n, err := g.opts.Store.RetryLost(ctx, g.sub.Name, stream, before)
		if err != nil {
			return err
		}
		if n > 0 {
			g.log.Warn("lost entries are delivered from the log", zap.String("group", g.sub.Name), zap.String("stream", stream), zap.Int64("entries", n))
		}
	}
	return nil
}

// delivered returns the place before which no entry of the stream is pending or yet to be read by the group.
func (g *group) delivered(ctx context.Context, key string) (event.Seq, error) {
	groups, err := g.client.XInfoGroups(ctx, key).Result()
	if redis.HasErrorPrefix(err, "no such key") {
		return 0, nil // read makes it
	}
	if err != nil {
		return 0, err
	}
	i := slices.IndexFunc(groups, func(i redis.XInfoGroup) bool { return i.Name == g.sub.Name })
	if i < 0 {
		return 0, nil
	}
	// What is read from here on is later than what is found now, so it cannot be taken for lost.
	next, err := g.client.XRangeN(ctx, key, "("+groups[i].LastDeliveredID, "+", 1).Result()
	if err != nil {
		return 0, err
	}
	var before event.Seq
	if len(next) > 0 {
		before, _ = parseID(next[0].ID)
	} else {
		info, err := g.client.XInfoStream(ctx, key).Result()
		if err != nil {
			return 0, err
		}
		if last, ok := parseID(info.LastGeneratedID); ok {
			before = last + 1
		}
	}
	pending, err := g.client.XPending(ctx, key, g.sub.Name).Result()
	if err != nil {
		return 0, err
	}
	if pending.Count > 0 {
		if lowest, ok := parseID(pending.Lower); ok {
			before = min(before, lowest)
		}
	}
	return before, nil
}

// retries hands the group's due retries to whichever of its consumers reads them first.
func (g *group) retries(ctx context.Context, good func()) error {
	for {
		// Taken retries that Redis does not get wait for their hold to end: ask first.
		if err := g.client.Ping(ctx).Err(); err != nil {
			return fmt.Errorf("redis: %w", err)
		}
		due, err := g.opts.Store.TakeRetries(ctx, g.sub.Name, retryBatch, 2*g.opts.Lease)
		if err != nil {
			return err
		}
		for _, d := range due {
			if err := g.client.XAdd(ctx, &redis.XAddArgs{
				Stream: g.retryKey(g.sub.Name), MaxLen: retryLen, Approx: true,
				Values: []any{seqField, strconv.FormatUint(uint64(d.Seq), 10)},
			}).Err(); err != nil {
				return fmt.Errorf("redis: retry: %w", err)
			}
		}
		good()
		if len(due) == retryBatch {
			continue
		}
		if !delivery.Sleep(ctx, retryEvery) {
			return context.Cause(ctx)
		}
	}
}

// handOver lets others claim at once what this process leaves unsettled: what it held, and what the read
// that was cut off may have brought.
func (g *group) handOver(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTime)
	defer cancel()
	for key := range g.keys() {
		pending, err := g.client.XPendingExt(ctx, &redis.XPendingExtArgs{
			Stream: key, Group: g.sub.Name, Consumer: g.opts.Worker, Start: "-", End: "+", Count: 10_000,
		}).Result()
		ids := make([]string, 0, len(pending))
		for _, p := range pending {
			ids = append(ids, p.ID)
		}
		if err == nil {
			err = g.setIdle(ctx, key, ids, 2*g.opts.Lease)
		}
		if err != nil {
			g.log.Debug("entries could not be handed over; they are claimed after the lease", zap.String("group", g.sub.Name), zap.Error(err))
			return
		}
	}
}
