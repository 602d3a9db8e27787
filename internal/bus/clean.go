package bus

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

// leaveScript takes the consumer in ARGV[2] out of the group in ARGV[1] when it has done nothing for ARGV[3] milliseconds and has nothing
// pending. Redis drops what a consumer that is taken out has pending, so looking and taking out must be one step.
var leaveScript = redis.NewScript(`
for _, c in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local of = {}
  for i = 1, #c, 2 do of[c[i]] = c[i + 1] end
  if of['name'] == ARGV[2] and of['pending'] == 0 and of['idle'] >= tonumber(ARGV[3]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
    return 1
  end
end
return 0`)

// clean takes away what others have left for good: groups that the log does not know any more, or not with that stream, and
// consumers of processes that are gone. A consumer that comes back is made again by its first read.
func (r *relay) clean(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, redisTimeout)
	defer cancel()
	there := map[string][]string{} // groups by stream; asked for first, for a group is in the log before it is on Redis
	for _, stream := range event.Streams() {
		list, err := r.groups(ctx, r.key(stream))
		if err != nil {
			return err
		}
		there[stream] = list
	}
	known, err := r.opts.Store.Groups(ctx)
	if err != nil {
		return err
	}
	for stream, groups := range there {
		for _, name := range groups {
			i := slices.IndexFunc(known, func(g view.Group) bool { return g.Name == name })
			if i < 0 || !slices.Contains(known[i].Streams, stream) {
				if err := r.dropGroup(ctx, stream, name, i < 0); err != nil {
					return err
				}
				continue
			}
			if err := r.dropConsumers(ctx, r.key(stream), name); err != nil {
				return err
			}
		}
	}
	for _, g := range known {
		if err := r.dropConsumers(ctx, r.retryKey(g.Name), g.Name); err != nil {
			return err
		}
	}
	return nil
}

// groups returns the names of the groups on a stream, none when there is no stream.
func (r *relay) groups(ctx context.Context, key string) (names []string, err error) {
	list, err := r.client.XInfoGroups(ctx, key).Result()
	if err != nil && !redis.HasErrorPrefix(err, "no such key") {
		return nil, fmt.Errorf("redis: %s: groups: %w", key, err)
	}
	for _, g := range list {
		names = append(names, g.Name)
	}
	return names, nil
}

// dropGroup takes the group off the stream, and its retries away when the log does not know it any more.
func (r *relay) dropGroup(ctx context.Context, stream, name string, forgotten bool) error {
	if err := r.client.XGroupDestroy(ctx, r.key(stream), name).Err(); err != nil {
		return fmt.Errorf("redis: stream %s: group %s: %w", stream, name, err)
	}
	r.log.Info("a group that reads no more is taken off the stream", zap.String("group", name), zap.String("stream", stream))
	if !forgotten {
		return nil
	}
	if err := r.client.Del(ctx, r.retryKey(name)).Err(); err != nil {
		return fmt.Errorf("redis: group %s: retries: %w", name, err)
	}
	return nil
}

// dropConsumers takes those out of the group that are gone and have left nothing.
func (r *relay) dropConsumers(ctx context.Context, key, group string) error {
	list, err := r.client.XInfoConsumers(ctx, key, group).Result()
	if redis.HasErrorPrefix(err, "no such key") || redis.HasErrorPrefix(err, "NOGROUP") {
		return nil
	}
	if err != nil {
		return fmt.Errorf("redis: %s: consumers of %s: %w", key, group, err)
	}
	for _, c := range list {
		if c.Pending > 0 || c.Idle < r.gone || c.Name == r.opts.Worker {
			continue
		}
		n, err := leaveScript.Run(ctx, r.client, []string{key}, group, c.Name, r.gone.Milliseconds()).Int()
		if err != nil {
			return fmt.Errorf("redis: %s: consumer %s of %s: %w", key, c.Name, group, err)
		}
		if n > 0 {
			r.log.Info("a consumer that is gone is taken out", zap.String("group", group), zap.String("consumer", c.Name),
				zap.Duration("idle", c.Idle.Round(time.Second)))
		}
	}
	return nil
}
