package bus

import (
	"context"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"
)

// backScript puts the group in ARGV[1] back to the stream's end when it stands beyond, where it would be given nothing until the
// stream has come so far.
var backScript = redis.NewScript(isAfter + `
if redis.call('TYPE', KEYS[1]).ok ~= 'stream' then return 0 end
local last
local info = redis.call('XINFO', 'STREAM', KEYS[1])
for i = 1, #info, 2 do
  if info[i] == 'last-generated-id' then last = info[i + 1] end
end
for _, g in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local name, at
  for i = 1, #g, 2 do
    if g[i] == 'name' then name = g[i + 1] elseif g[i] == 'last-delivered-id' then at = g[i + 1] end
  end
  if name == ARGV[1] and after(at, last) then
    redis.call('XGROUP', 'SETID', KEYS[1], name, last)
    return 1
  end
end
return 0`)

// goBack puts the group back on those of its streams, that of its retries too, which end before where somebody has put it.
func (g *group) goBack(ctx context.Context) error {
	for key := range g.keys() {
		moved, err := backScript.Run(ctx, g.client, []string{key}, g.sub.Name).Int()
		if err != nil {
			return fmt.Errorf("redis: %s: position: %w", key, err)
		}
		if moved > 0 {
			g.log.Warn("a group stood beyond its stream's end, and is put back to it", zap.String("group", g.sub.Name), zap.String("key", key))
		}
	}
	return nil
}

// renewRetries begins the stream of the group's retries anew when it ends with the last id there is, after which Redis takes no
// more. It takes that for an error only then. What is lost with it is due again.
func (g *group) renewRetries(ctx context.Context, err error) error {
	if err == nil || !strings.Contains(err.Error(), "exhausted the last possible ID") {
		return err
	}
	key := g.retryKey(g.sub.Name)
	g.log.Warn("somebody added the last entry that a stream can have; it is begun anew", zap.String("group", g.sub.Name), zap.String("key", key))
	if err2 := g.client.Del(ctx, key).Err(); err2 != nil {
		return err2
	}
	return err
}
