package pgtest

import (
	"errors"
	"sync"
	"testing"
)

// shared is the server of all tests of the binary, started by the first that wants it.
var shared struct {
	mu     sync.Mutex
	main   bool // somebody will end it
	server *Server
	err    error
}

// A Runner runs the tests of a package and ends what they have shared. goleak.VerifyTestMain takes it as well.
type Runner struct{ m *testing.M }

// Main lets the tests that m runs share a server.
func Main(m *testing.M) Runner {
	shared.mu.Lock()
	defer shared.mu.Unlock()
	shared.main = true
	return Runner{m}
}

// Run runs the tests, ends the shared server and returns the exit code.
func (r Runner) Run() int {
	code := r.m.Run()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.server != nil {
		shared.server.Remove()
		shared.server = nil
	}
	return code
}

// Shared returns the server that the tests of this binary share: one that does not flush, for what is shared is not
// to be killed; and that finds at once who waits for each other. TestMain must have called Main.
func Shared(t testing.TB) *Server {
	t.Helper()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.server == nil && shared.err == nil {
		if !shared.main {
			shared.err = errors.New("pgtest: TestMain must run the tests by pgtest.Main(m).Run(), which ends the server")
		} else {
			shared.server, shared.err = Start(Options{Unsafe: true, Settings: []string{"deadlock_timeout=50ms"}})
		}
	}
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.server
}

// Database makes an empty database on the shared server and returns its URL.
func Database(t testing.TB) string {
	t.Helper()
	s := Shared(t)
	name, err := s.Create("")
	if err != nil {
		t.Fatal(err)
	}
	return s.URL(name)
}
