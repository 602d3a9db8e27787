package bus_test

import (
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/tenter-net/tenter/internal/bus/redistest"
)

func client(t testing.TB, server *redistest.Server) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: server.Addr})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func flush(t testing.TB, server *redistest.Server) {
	t.Helper()
	if err := client(t, server).FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
}
