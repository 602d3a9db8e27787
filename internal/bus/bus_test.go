package bus_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tenter-net/tenter/internal/bus"
	"github.com/tenter-net/tenter/internal/bus/bustest"
	"github.com/tenter-net/tenter/internal/bus/redistest"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/store/pgtest"
	"github.com/tenter-net/tenter/internal/store/storetest"
)

// urlEnv hands the server's URL to the process that the suite starts only to kill it, filesEnv the files for TLS.
const (
	urlEnv    = "TENTER_BUSTEST_REDIS"
	fabricEnv = "TENTER_BUSTEST_FABRIC"
	filesEnv  = "TENTER_BUSTEST_TLS"
)

func TestMain(m *testing.M) {
	bustest.Main(m, func(s *store.Store, worker string) bustest.Bus {
		at := place{url: os.Getenv(urlEnv), fabric: os.Getenv(fabricEnv)}
		if files := strings.Split(os.Getenv(filesEnv), ","); len(files) == 3 {
			conf, err := clientTLS(redistest.Files{CA: files[0], Cert: files[1], Key: files[2]})
			if err != nil {
				panic(err)
			}
			at.tls = conf
		}
		b, err := at.bus(s, worker)
		if err != nil {
			panic(err)
		}
		return b
	}, func(m *testing.M) { goleak.VerifyTestMain(settled{pgtest.Main(m)}) })
}

// settled are tests that end when go-redis has: a closed client whose server was away looks for it once more, a second and a dial
// later. What it leaves for good is still found.
type settled struct{ goleak.TestingM }

func (s settled) Run() int {
	code, stacks := s.TestingM.Run(), make([]byte, 1<<20)
	for limit := time.Now().Add(time.Minute); time.Now().Before(limit); time.Sleep(20 * time.Millisecond) {
		if !bytes.Contains(stacks[:runtime.Stack(stacks, true)], []byte("pool.(*ConnPool).tryDial(")) {
			break
		}
	}
	return code
}

// A place is where Redis is.
type place struct {
	url    string
	tls    *tls.Config
	files  redistest.Files
	fabric string // dc1 when empty
}

func (at place) bus(s *store.Store, worker string) (*bus.Bus, error) {
	if at.fabric == "" {
		at.fabric = "dc1"
	}
	return bus.New(bus.Options{URL: at.url, TLS: at.tls, Fabric: at.fabric, Store: s, Worker: worker, Lease: bustest.Lease, Retry: bustest.Retry})
}

// maker makes buses over the Redis there.
func (at place) maker(t testing.TB) bustest.Maker {
	return func(s *store.Store, worker string) bustest.Bus {
		b, err := at.bus(s, worker)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
}

func clientTLS(f redistest.Files) (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(f.Cert, f.Key)
	if err != nil {
		return nil, err
	}
	ca, err := os.ReadFile(f.CA)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return nil, fmt.Errorf("%s holds no certificate", f.CA)
	}
	return &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}, ServerName: redistest.ServerName, MinVersion: tls.VersionTLS12}, nil
}

// lite is what is done where only the way to Redis differs.
var lite = bustest.Suite{Places: bustest.Places{"sqlite": storetest.SQLite}, Rounds: 6}

// contract runs the suite over the Redis there, with a fabric of its own for each world.
func contract(t *testing.T, at place, suite bustest.Suite) {
	t.Parallel()
	var worlds atomic.Int32
	bustest.Run(t, suite, func(t testing.TB) (bustest.Maker, []string) {
		at := at
		at.fabric = fmt.Sprintf("dc-%d", worlds.Add(1))
		env := []string{urlEnv + "=" + at.url, fabricEnv + "=" + at.fabric}
		if at.tls != nil {
			env = append(env, filesEnv+"="+strings.Join([]string{at.files.CA, at.files.Cert, at.files.Key}, ","))
		}
		return at.maker(t), env
	})
}

func TestContract(t *testing.T) {
	contract(t, place{url: redistest.New(t).URL()}, bustest.Suite{Places: bustest.AllPlaces})
}

func TestContractWithSentinels(t *testing.T) {
	contract(t, place{url: redistest.NewWatched(t, 1).URL()}, lite)
}

func TestContractOnCluster(t *testing.T) {
	contract(t, place{url: redistest.NewCluster(t, 3, 0).URL()}, lite)
}

// The suite passes as a user who may do no more than the documentation says, over TLS with certificates on both sides.
func TestContractWithTLSAndLeastPermissions(t *testing.T) {
	const password = "s3cr3t"
	server, files := redistest.NewTLS(t)
	must(t, client(t, server).Do(t.Context(), append([]any{"ACL", "SETUSER", "tenter", "on", ">" + password, "~tenter:{dc-*}:*"}, permissions()...)...).Err())
	conf, err := clientTLS(files)
	must(t, err)
	contract(t, place{url: "rediss://tenter:" + password + "@" + server.Addr, tls: conf, files: files}, lite)
}

func permissions() (list []any) {
	for _, p := range strings.Fields(bus.Permissions) {
		list = append(list, p)
	}
	return list
}
