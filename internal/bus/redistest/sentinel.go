package redistest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// MasterName is what the Sentinels call their master.
const MasterName = "tenter-test"

// A Watched is a master with replicas, watched by three Sentinels of which two are enough to fail over.
type Watched struct {
	Servers   []*Server // the first begins as the master
	Sentinels []*Server
}

// NewWatched starts a master with so many replicas and three Sentinels, which end with the test. It returns when all know each
// other, so that a failover is possible at once. Args are for each redis-server.
func NewWatched(t testing.TB, replicas int, args ...string) *Watched {
	t.Helper()
	w := &Watched{Servers: []*Server{New(t, args...)}}
	host, port, err := net.SplitHostPort(w.Servers[0].Addr)
	if err != nil {
		t.Fatal(err)
	}
	for range replicas {
		more := append([]string{"--replicaof", host + " " + port, "--repl-diskless-sync-delay", "0", "--repl-timeout", "5"}, args...)
		w.Servers = append(w.Servers, New(t, more...))
	}
	for range 3 {
		s, err := startSentinel(t.TempDir(), host, port)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Kill)
		w.Sentinels = append(w.Sentinels, s)
	}
	if err := within("sentinels", w.ready); err != nil {
		t.Fatal(err)
	}
	return w
}

func startSentinel(dir, masterHost, masterPort string) (*Server, error) {
	file := filepath.Join(dir, "sentinel.conf") // Sentinel writes there what it learns
	conf := fmt.Sprintf("dir %[1]s\nsentinel monitor %[2]s %[3]s %[4]s 2\nsentinel down-after-milliseconds %[2]s 1500\n"+
		"sentinel failover-timeout %[2]s 3000\nsentinel parallel-syncs %[2]s 1\n", dir, MasterName, masterHost, masterPort)
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		return nil, err
	}
	return start(nil, func(host, port string) []string {
		return []string{file, "--sentinel", "--bind", host, "--port", port}
	})
}

// ready reports what is missing until every Sentinel knows the replicas and the other Sentinels.
func (w *Watched) ready(ctx context.Context) error {
	for _, s := range w.Sentinels {
		c := redis.NewSentinelClient(&redis.Options{Addr: s.Addr})
		m, err := c.Master(ctx, MasterName).Result()
		_ = c.Close()
		if err != nil {
			return err
		}
		if m["num-slaves"] != fmt.Sprint(len(w.Servers)-1) || m["num-other-sentinels"] != fmt.Sprint(len(w.Sentinels)-1) {
			return fmt.Errorf("knows %s replicas and %s Sentinels", m["num-slaves"], m["num-other-sentinels"])
		}
	}
	for _, s := range w.Servers[1:] {
		c := s.Client()
		info, err := c.Info(ctx, "replication").Result()
		_ = c.Close()
		if err != nil {
			return err
		}
		if !strings.Contains(info, "master_link_status:up") {
			return errors.New("a replica has no link to the master")
		}
	}
	return nil
}

// URL is the URL of whichever server is the master.
func (w *Watched) URL() string {
	addrs := make([]string, len(w.Sentinels))
	for i, s := range w.Sentinels {
		addrs[i] = s.Addr
	}
	return "redis+sentinel://" + strings.Join(addrs, ",") + "/" + MasterName
}

// Master returns the server that the Sentinels say is the master.
func (w *Watched) Master(ctx context.Context) (*Server, error) {
	var err error
	for _, s := range w.Sentinels {
		c := redis.NewSentinelClient(&redis.Options{Addr: s.Addr})
		var addr []string
		addr, err = c.GetMasterAddrByName(ctx, MasterName).Result()
		_ = c.Close()
		if err != nil {
			continue
		}
		for _, s := range w.Servers {
			if s.Addr == net.JoinHostPort(addr[0], addr[1]) {
				return s, nil
			}
		}
		err = fmt.Errorf("the master is at %v, which is none of the servers", addr)
	}
	return nil, err
}

// AwaitMaster returns when another server than the given one is the master and takes writes.
func (w *Watched) AwaitMaster(than *Server) (*Server, error) {
	var now *Server
	err := within("failover", func(ctx context.Context) error {
		s, err := w.Master(ctx)
		if err != nil {
			return err
		}
		if s == than {
			return errors.New("the master is still the old one")
		}
		c := s.Client()
		defer c.Close()
		role, err := c.Do(ctx, "ROLE").Slice()
		if err != nil {
			return err
		}
		if role[0] != "master" {
			return fmt.Errorf("the new master says that it is %v", role[0])
		}
		now = s
		return nil
	})
	return now, err
}
