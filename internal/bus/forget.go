package bus

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// Forget removes all of a fabric's keys from the Redis at the URL; conf is as in Options. A bus that runs brings back what is
// still owed.
func Forget(ctx context.Context, at string, conf *tls.Config, fabric string) (err error) {
	e, err := parseEndpoint(at, conf)
	if err != nil {
		return fmt.Errorf("bus: redis URL: %w", err)
	}
	client := e.client(0)
	defer func() { err = errors.Join(err, client.Close()) }()
	pattern := key(fabric, "*")
	node := redis.Cmdable(client)
	if c, ok := client.(*redis.ClusterClient); ok {
		// A scan goes to any node: it must be the one that has the fabric's slot.
		if node, err = c.MasterForKey(ctx, pattern); err != nil {
			return fmt.Errorf("redis: %w", explained(err, fabric))
		}
	}
	keys := node.Scan(ctx, 0, pattern, 1000).Iterator()
	for keys.Next(ctx) {
		if err := client.Unlink(ctx, keys.Val()).Err(); err != nil {
			return fmt.Errorf("redis: %s: %w", keys.Val(), explained(err, fabric))
		}
	}
	if err := keys.Err(); err != nil {
		return fmt.Errorf("redis: %w", explained(err, fabric))
	}
	return nil
}
