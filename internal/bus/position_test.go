package bus_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/tenter-net/tenter/internal/bus/bustest"
	"github.com/tenter-net/tenter/internal/event"
)

const retryKey = "tenter:{dc1}:answer:retry"

// What a group is owed comes to it wherever somebody has put the group, and whatever id its retries end with; and the group is where
// its streams are again.
func TestAGroupIsPutBackToWhereItsStreamsAre(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]func(*testing.T, *redis.Client){
		"the group was put beyond its streams": func(t *testing.T, c *redis.Client) {
			for _, key := range []string{driftKey, retryKey} {
				must(t, c.XGroupSetID(t.Context(), key, "answer", "99999999999999-0").Err())
			}
		},
		"the retries have their last entry": func(t *testing.T, c *redis.Client) {
			const last = "18446744073709551615-18446744073709551615"
			must(t, c.XAdd(t.Context(), &redis.XAddArgs{Stream: retryKey, ID: last, Values: []any{"seq", "1"}}).Err())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, w := faulty(t)
			c := client(t, server)
			var tries atomic.Int64
			w.Start(func(b bustest.Bus) {
				b.Replay("answer", nil, []event.Type{"drift"}, func(ctx context.Context, tx event.Tx, e event.Event) error {
					if strings.HasPrefix(e.Subject, "fails") && tries.Add(1) == 1 {
						return errors.New("the first time")
					}
					return bustest.Answer(ctx, tx, e)
				})
			})
			w.Drift(3, "leaf1")
			w.UntilAnswered(3) // the group is there
			harm(t, c)
			w.Drift(3, "leaf1", "fails1")
			w.UntilAnswered(9)
			for _, key := range []string{driftKey, retryKey} {
				w.Until("the group is not beyond "+key, func() bool {
					groups, err := c.XInfoGroups(t.Context(), key).Result()
					return err == nil && len(groups) == 1 && !strings.HasPrefix(groups[0].LastDeliveredID, "99999999999999")
				})
			}
		})
	}
}
