package store_test

import (
	"testing"

	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/store/storetest"
)

// both runs the test with a new store of each kind.
func both(t *testing.T, test func(t *testing.T, s *store.Store)) {
	t.Helper()
	storetest.Both(t, func(t *testing.T, at storetest.Place) { test(t, openAt(t, at)) })
}

func openAt(t testing.TB, at storetest.Place) *store.Store {
	t.Helper()
	return at.Open(t, store.Options{Fabric: "dc1", Worker: "w1"})
}
