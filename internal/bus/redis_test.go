package bus_test

import (
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
