package bus_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/tenter-net/tenter/internal/bus"
	"github.com/tenter-net/tenter/internal/bus/bustest"
	"github.com/tenter-net/tenter/internal/bus/redistest"
	"github.com/tenter-net/tenter/internal/store"
)

// urlEnv hands the server's URL to the process that the suite starts only to kill it, filesEnv the files for TLS.
const (
	urlEnv   = "TENTER_BUSTEST_REDIS"
	filesEnv = "TENTER_BUSTEST_TLS"
)

func TestMain(m *testing.M) {
	bustest.Main(m, func(s *store.Store, worker string) bustest.Bus {
		at := place{url: os.Getenv(urlEnv)}
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
	}, func(m *testing.M) { goleak.VerifyTestMain(m) })
}

// A place is where Redis is.
type place struct {
	url string
	tls *tls.Config
}

func (at place) bus(s *store.Store, worker string) (*bus.Bus, error) {
	return bus.New(bus.Options{URL: at.url, TLS: at.tls, Fabric: "dc1", Store: s, Worker: worker, Lease: bustest.Lease, Retry: bustest.Retry})
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

// contract runs the suite over the Redis there, which c empties between the worlds, as their logs have nothing in common.
func contract(t *testing.T, at place, c redis.UniversalClient) {
	t.Setenv(urlEnv, at.url)
	bustest.Run(t, func(t testing.TB) bustest.Maker {
		flush(t, c)
		return at.maker(t)
	})
}

func TestContract(t *testing.T) {
	server := redistest.New(t)
	contract(t, place{url: server.URL()}, client(t, server))
}

func TestContractWithSentinels(t *testing.T) {
	w := redistest.NewWatched(t, 1)
	contract(t, place{url: w.URL()}, client(t, w.Servers[0]))
}

func TestContractOnCluster(t *testing.T) {
	c := redistest.NewCluster(t, 3, 0)
	all := c.Client()
	t.Cleanup(func() { _ = all.Close() })
	contract(t, place{url: c.URL()}, all)
}

// The suite passes as a user who may do no more than the documentation says, over TLS with certificates on both sides.
func TestContractWithTLSAndLeastPermissions(t *testing.T) {
	const password = "s3cr3t"
	server, files := redistest.NewTLS(t)
	admin := client(t, server)
	must(t, admin.Do(t.Context(), append([]any{"ACL", "SETUSER", "tenter", "on", ">" + password, "~tenter:{dc1}:*"}, permissions()...)...).Err())
	conf, err := clientTLS(files)
	must(t, err)
	t.Setenv(filesEnv, strings.Join([]string{files.CA, files.Cert, files.Key}, ","))
	contract(t, place{url: "rediss://tenter:" + password + "@" + server.Addr, tls: conf}, admin)
}

func permissions() (list []any) {
	for _, p := range strings.Fields(bus.Permissions) {
		list = append(list, p)
	}
	return list
}
