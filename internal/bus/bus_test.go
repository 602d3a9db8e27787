package bus_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/tenter-net/tenter/internal/bus"
	"github.com/tenter-net/tenter/internal/bus/bustest"
	"github.com/tenter-net/tenter/internal/bus/redistest"
	"github.com/tenter-net/tenter/internal/store"
)

// urlEnv hands the server's URL to the process that the suite starts only to kill it.
const urlEnv = "TENTER_BUSTEST_REDIS"

func TestMain(m *testing.M) {
	bustest.Main(m, func(s *store.Store, worker string) bustest.Bus {
		b, err := newBus(s, worker, os.Getenv(urlEnv))
		if err != nil {
			panic(err)
		}
		return b
	}, func(m *testing.M) { goleak.VerifyTestMain(m) })
}

func newBus(s *store.Store, worker, url string) (*bus.Bus, error) {
	return bus.New(bus.Options{URL: url, Fabric: "dc1", Store: s, Worker: worker, Lease: bustest.Lease, Retry: bustest.Retry})
}

// maker makes buses over the server.
func maker(t testing.TB, server *redistest.Server) func(s *store.Store, worker string) bustest.Bus {
	return func(s *store.Store, worker string) bustest.Bus {
		b, err := newBus(s, worker, server.URL())
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
}

func TestContract(t *testing.T) {
	server := redistest.New(t)
	t.Setenv(urlEnv, server.URL())
	bustest.Run(t, func(t testing.TB) bustest.Maker {
		flush(t, server) // as the worlds' logs have nothing in common
		return maker(t, server)
	})
}
