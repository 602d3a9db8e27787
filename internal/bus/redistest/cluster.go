package redistest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/tenter-net/tenter/internal/loopback"
)

const slots = 16384

// A Cluster is a Redis Cluster on loopback: masters that share the slots evenly, and replicas.
type Cluster struct {
	Masters  []*Server
	Replicas []*Server // the one at i is of the master at i modulo the number of masters
}

// NewCluster starts a cluster that ends with the test, and returns when all of its nodes agree that it is whole. Args are for each
// redis-server.
func NewCluster(t testing.TB, masters, replicas int, args ...string) *Cluster {
	t.Helper()
	c := &Cluster{}
	for i := range masters + replicas {
		s, err := startNode(t.TempDir(), args)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Kill)
		if i < masters {
			c.Masters = append(c.Masters, s)
		} else {
			c.Replicas = append(c.Replicas, s)
		}
	}
	if err := c.build(context.Background()); err != nil {
		t.Fatal(err)
	}
	return c
}

// startNode starts a node, whose second port may be taken too by the time that it wants it.
func startNode(dir string, args []string) (s *Server, err error) {
	for range attempts {
		if s, err = tryNode(dir, args); err == nil {
			return s, nil
		}
	}
	return nil, err
}

func tryNode(dir string, args []string) (*Server, error) {
	addr, err := loopback.Free()
	if err != nil {
		return nil, err
	}
	_, gossip, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	s, err := start(nil, func(host, port string) []string {
		return append([]string{
			"--bind", host, "--port", port, "--dir", dir, "--save", "", "--appendonly", "no",
			"--cluster-enabled", "yes", "--cluster-config-file", filepath.Join(dir, "nodes.conf"), "--cluster-port", gossip,
			"--cluster-node-timeout", "2000", "--cluster-require-full-coverage", "no", "--repl-diskless-sync-delay", "0", "--cluster-replica-validity-factor", "0",
		}, args...)
	})
	if err == nil {
		s.gossip = gossip
	}
	return s, err
}

// build gives the masters their slots, makes the nodes meet and the replicas follow.
func (c *Cluster) build(ctx context.Context) error {
	all := c.nodes()
	for i, s := range all {
		if err := s.do(ctx, "CLUSTER", "SET-CONFIG-EPOCH", i+1); err != nil {
			return err
		}
		if i < len(c.Masters) {
			first, last := i*slots/len(c.Masters), (i+1)*slots/len(c.Masters)-1
			if err := s.do(ctx, "CLUSTER", "ADDSLOTSRANGE", first, last); err != nil {
				return err
			}
		}
	}
	for _, s := range all[1:] {
		host, port, _ := net.SplitHostPort(all[0].Addr)
		if err := s.do(ctx, "CLUSTER", "MEET", host, port, all[0].gossip); err != nil {
			return err
		}
	}
	if err := within("cluster", func(ctx context.Context) error { return c.agree(ctx, 0) }); err != nil {
		return err
	}
	for i, s := range c.Replicas {
		id, err := c.Masters[i%len(c.Masters)].ID(ctx)
		if err != nil {
			return err
		}
		if err := s.do(ctx, "CLUSTER", "REPLICATE", id); err != nil {
			return err
		}
	}
	return within("cluster", func(ctx context.Context) error { return c.agree(ctx, len(c.Replicas)) })
}

// agree reports what is missing until every node sees a whole cluster with so many replicas.
func (c *Cluster) agree(ctx context.Context, replicas int) error {
	for _, s := range c.nodes() {
		client := s.Client()
		info, err := client.ClusterInfo(ctx).Result()
		if err == nil && (!strings.Contains(info, "cluster_state:ok") || !strings.Contains(info, fmt.Sprintf("cluster_known_nodes:%d\r", len(c.nodes())))) {
			err = errors.New("a node does not know all of the cluster")
		}
		var list string
		if err == nil {
			list, err = client.ClusterNodes(ctx).Result()
		}
		_ = client.Close()
		if err != nil {
			return err
		}
		if n := strings.Count(list, "slave "); n != replicas {
			return fmt.Errorf("a node knows %d replicas of %d", n, replicas)
		}
	}
	return nil
}

func (c *Cluster) nodes() []*Server { return append(append([]*Server{}, c.Masters...), c.Replicas...) }

// URL is the cluster's URL for a client without a password.
func (c *Cluster) URL() string {
	addrs := make([]string, len(c.Masters))
	for i, s := range c.Masters {
		addrs[i] = s.Addr
	}
	return "redis+cluster://" + strings.Join(addrs, ",")
}

// Client returns a client of the whole cluster; the caller closes it.
func (c *Cluster) Client() *redis.ClusterClient {
	return redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{c.Masters[0].Addr, c.Masters[len(c.Masters)-1].Addr}})
}

// Owner returns the node that has the key's slot, as the first node that answers knows, and the slot.
func (c *Cluster) Owner(ctx context.Context, key string) (owner *Server, slot int64, err error) {
	for _, s := range c.nodes() {
		client := s.Client()
		var shards []redis.ClusterShard
		if slot, err = client.ClusterKeySlot(ctx, key).Result(); err == nil {
			shards, err = client.ClusterShards(ctx).Result()
		}
		_ = client.Close()
		if err != nil {
			continue
		}
		for _, shard := range shards {
			if s := c.masterOf(shard, slot); s != nil {
				return s, slot, nil
			}
		}
		err = fmt.Errorf("slot %d is nobody's", slot)
	}
	return nil, 0, err
}

// masterOf returns the shard's master if it has the slot, else nil.
func (c *Cluster) masterOf(shard redis.ClusterShard, slot int64) *Server {
	if !slices.ContainsFunc(shard.Slots, func(r redis.SlotRange) bool { return r.Start <= slot && slot <= r.End }) {
		return nil
	}
	for _, n := range shard.Nodes {
		if n.Role != "master" {
			continue
		}
		for _, s := range c.nodes() {
			if s.Addr == net.JoinHostPort(n.IP, strconv.FormatInt(n.Port, 10)) {
				return s
			}
		}
	}
	return nil
}

// Move moves the key's slot with all of its keys to another master, as an operator would.
func (c *Cluster) Move(ctx context.Context, key string, to *Server) error {
	from, slot, err := c.Owner(ctx, key)
	if err != nil {
		return err
	}
	fromID, err := from.ID(ctx)
	if err != nil {
		return err
	}
	toID, err := to.ID(ctx)
	if err != nil {
		return err
	}
	if err := to.do(ctx, "CLUSTER", "SETSLOT", slot, "IMPORTING", fromID); err != nil {
		return err
	}
	if err := from.do(ctx, "CLUSTER", "SETSLOT", slot, "MIGRATING", toID); err != nil {
		return err
	}
	client := from.Client()
	defer client.Close()
	host, port, _ := net.SplitHostPort(to.Addr)
	for {
		keys, err := client.ClusterGetKeysInSlot(ctx, int(slot), 100).Result()
		if err != nil {
			return err
		}
		if len(keys) == 0 {
			break
		}
		args := []any{"MIGRATE", host, port, "", 0, 5000, "KEYS"}
		for _, k := range keys {
			args = append(args, k)
		}
		if err := client.Do(ctx, args...).Err(); err != nil {
			return err
		}
	}
	for _, s := range []*Server{to, from} {
		if err := s.do(ctx, "CLUSTER", "SETSLOT", slot, "NODE", toID); err != nil {
			return err
		}
	}
	return nil
}

// ID is the node's name in its cluster.
func (s *Server) ID(ctx context.Context) (string, error) {
	c := s.Client()
	defer c.Close()
	return c.Do(ctx, "CLUSTER", "MYID").Text()
}

func (s *Server) do(ctx context.Context, args ...any) error {
	c := s.Client()
	defer c.Close()
	if err := c.Do(ctx, args...).Err(); err != nil {
		return fmt.Errorf("redis-server %s: %v: %w", s.Addr, args, err)
	}
	return nil
}
