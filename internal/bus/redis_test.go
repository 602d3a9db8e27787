package bus_test

import (
	"context"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/tenter-net/tenter/internal/bus/redistest"
)

func client(t testing.TB, server *redistest.Server) *redis.Client {
	t.Helper()
	c := server.Client()
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func flush(t testing.TB, c redis.UniversalClient) {
	t.Helper()
	err := c.FlushAll(t.Context()).Err()
	if all, ok := c.(*redis.ClusterClient); ok {
		err = all.ForEachMaster(t.Context(), func(ctx context.Context, c *redis.Client) error { return c.FlushAll(ctx).Err() })
	}
	if err != nil {
		t.Fatal(err)
	}
}
