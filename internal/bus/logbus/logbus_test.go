package logbus_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/tenter-net/tenter/internal/bus/bustest"
	"github.com/tenter-net/tenter/internal/bus/logbus"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/store/pgtest"
)

func newBus(s *store.Store, worker string) bustest.Bus {
	return logbus.New(logbus.Options{Store: s, Worker: worker, Lease: bustest.Lease, Retry: bustest.Retry})
}

func TestMain(m *testing.M) {
	bustest.Main(m, newBus, func(m *testing.M) { goleak.VerifyTestMain(pgtest.Main(m)) })
}

func TestContract(t *testing.T) {
	bustest.Run(t, bustest.Suite{Places: bustest.AllPlaces}, func(testing.TB) (bustest.Maker, []string) { return newBus, nil })
}
