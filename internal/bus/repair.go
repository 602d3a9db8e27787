package bus

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/bus/delivery"
	"github.com/tenter-net/tenter/internal/event"
)

// isAfter compares two ids, whose numbers are larger than Lua's.
const isAfter = `
local function after(a, b)
  local a1, a2 = string.match(a, '(%d+)-(%d+)')
  local b1, b2 = string.match(b, '(%d+)-(%d+)')
  if a1 ~= b1 then return #a1 > #b1 or (#a1 == #b1 and a1 > b1) end
  return #a2 > #b2 or (#a2 == #b2 and a2 > b2)
end`

// repairScript makes the stream, if it still ends with the id in ARGV[2], end with that in ARGV[1]: later entries are taken away and groups that have seen them are
// put back, for XADD accepts no id before the last one, and a group reads none before its position.
var repairScript = redis.NewScript(isAfter + `
local info = redis.call('XINFO', 'STREAM', KEYS[1])
for i = 1, #info, 2 do
  if info[i] == 'last-generated-id' and info[i + 1] ~= ARGV[2] then return redis.status_reply('MOVED ON') end
end
for _, e in ipairs(redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+')) do
  redis.call('XDEL', KEYS[1], e[1])
end
redis.call('XSETID', KEYS[1], ARGV[1])
for _, g in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local name, at
  for i = 1, #g, 2 do
    if g[i] == 'name' then name = g[i + 1] elseif g[i] == 'last-delivered-id' then at = g[i + 1] end
  end
  if after(at, ARGV[1]) then redis.call('XGROUP', 'SETID', KEYS[1], name, ARGV[1]) end
end
return redis.status_reply('OK')`)

// syncAll finds out where every stream ends, repairs those that end with what the log does not have, and goes back as far
// as the one furthest behind.
func (r *relay) syncAll(ctx context.Context) error {
	ends := map[string]*end{}
	at, _, err := r.opts.Store.Head(ctx)
	if err != nil {
		return err
	}
	for _, stream := range event.Streams() {
		e, err := r.sync(ctx, stream)
		if err != nil {
			return fmt.Errorf("redis: stream %s: %w", stream, err)
		}
		ends[stream] = &e
		last, err := r.opts.Store.Last(ctx, stream)
		if err != nil {
			return err
		}
		if e.from < last { // a quiet stream that is complete sends nobody back through the log
			at = min(at, e.from)
		}
	}
	r.ends, r.at = ends, at
	return nil
}

// sync returns where the stream ends. An empty stream begins with the first event that somebody is still owed.
func (r *relay) sync(ctx context.Context, stream string) (end, error) {
	ctx, cancel := context.WithTimeout(ctx, redisTimeout)
	defer cancel()
	last, err := appendScript.Run(ctx, r.client, []string{r.key(stream)}, "").Text() // compares, appends nothing
	if err != nil {
		return end{}, err
	}
	if last != noEntry {
		genuine, err := r.genuine(ctx, stream, last)
		if err != nil || genuine.id == last {
			return genuine, err
		}
		r.log.Warn("stream is put back to what the log has", zap.String("stream", stream), zap.String("ends", last), zap.String("should", genuine.id))
		done, err := repairScript.Run(ctx, r.client, []string{r.key(stream)}, genuine.id, last).Text()
		if err != nil {
			return end{}, err
		}
		if done != "OK" || genuine.id != noEntry {
			return genuine, nil // when it has moved on, the next append finds out
		}
	}
	from, err := delivery.Start(ctx, r.opts.Store, "", stream)
	return end{id: noEntry, from: from}, err
}

// genuine returns the last entry that the log stands behind, 0-0 when there is none, and tells of those after it.
func (r *relay) genuine(ctx context.Context, stream, last string) (end, error) {
	if seq, ok := parseID(last); ok {
		// The last entry may have been trimmed: then its id alone must do.
		at, err := r.client.XRangeN(ctx, r.key(stream), last, last, 1).Result()
		if err != nil {
			return end{}, err
		}
		if len(at) == 0 {
			at = []redis.XMessage{{ID: last}}
		}
		entries, err := r.load(ctx, stream, at)
		if err != nil {
			return end{}, err
		}
		if entries[0].forged == "" {
			return end{id: last, from: seq}, nil
		}
	}
	for before := "+"; ; {
		page, err := r.client.XRevRangeN(ctx, r.key(stream), before, "-", 64).Result()
		if err != nil {
			return end{}, err
		}
		if len(page) == 0 {
			return end{id: noEntry}, nil
		}
		entries, err := r.load(ctx, stream, page)
		if err != nil {
			return end{}, err
		}
		for _, e := range entries {
			if e.forged == "" {
				return end{id: e.id, from: e.event.Seq}, nil
			}
			if err := r.deadEntry(ctx, event.DeadLettered{Group: "relay", Stream: stream, Entry: e.id, Reason: e.forged}); err != nil {
				return end{}, err
			}
			before = "(" + e.id
		}
	}
}
