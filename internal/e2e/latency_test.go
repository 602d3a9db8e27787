package e2e

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	gpb "github.com/openconfig/gnmi/proto/gnmi"
	"github.com/redis/go-redis/v9"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/bus/redistest"
	"github.com/tenter-net/tenter/internal/event"
)

// BenchmarkDriftAtRedis is the time from a change on a device to drift.detected at a consumer of Redis that is not
// Tenter: simulator, service and redis-server are processes of their own, and Redis flushes every write to disk.
// It counts from the timestamp of the device's own notification, and, as set-p50 and so on, from before the stranger's
// Set is sent. Changes come with a rest between them, so that none waits for what Tenter still does about the one before.
func BenchmarkDriftAtRedis(b *testing.B) {
	for _, c := range []struct {
		settle  string
		changes int // of one operation, so that percentiles mean something
	}{{"0s", 200}, {"300ms", 50}} {
		b.Run("settle="+c.settle, func(b *testing.B) {
			f := watchedFabric(b, c.settle)
			var told, set []time.Duration
			for range b.N {
				for n := range c.changes {
					l := f.leaves[n%len(f.leaves)]
					<-time.After(rest)
					sent := time.Now()
					at := l.on.change(l, "by hand")
					seen := f.until(event.TypeDriftDetected, l.on.name)
					told, set = append(told, seen.Sub(at)), append(set, seen.Sub(sent))
					l.on.change(l, l.value)
					f.until(event.TypeDriftRemediated, l.on.name)
				}
			}
			b.ReportMetric(percentile(told, 50), "ms-p50")
			b.ReportMetric(percentile(told, 99), "ms-p99")
			b.ReportMetric(percentile(set, 50), "ms-set-p50")
			b.ReportMetric(percentile(set, 99), "ms-set-p99")
		})
	}
}

const rest = 100 * time.Millisecond

// percentile is in milliseconds.
func percentile(times []time.Duration, p int) float64 {
	slices.Sort(times)
	return float64(times[(len(times)-1)*p/100].Microseconds()) / 1000
}

// A fabricUnderWatch is the example fabric, in sync and with drift only reported.
type fabricUnderWatch struct {
	b      *testing.B
	redis  *redis.Client
	leaves []*strangeLeaf
}

// A strangeLeaf is a leaf that Tenter wrote, with the value that it has.
type strangeLeaf struct {
	on    *stranger
	path  *gpb.Path
	value string
}

func watchedFabric(b *testing.B, settle string) *fabricUnderWatch {
	b.Helper()
	dir := b.TempDir()
	ok(b, os.CopyFS(filepath.Join(dir, "intents"), os.DirFS(filepath.Join(root, "intents"))))
	policies := filepath.Join(dir, "intents", "07-policies.yaml")
	text, err := os.ReadFile(policies)
	ok(b, err)
	watched := strings.NewReplacer("mode: enforce", "mode: observe", "mode: propose", "mode: observe").Replace(string(text))
	ok(b, os.WriteFile(policies, []byte(watched), 0o600))
	topology, err := filepath.Abs(filepath.Join(root, "lab", "evpn.clab.yml"))
	ok(b, err)
	server := redistest.New(b, "--appendonly", "yes", "--appendfsync", "always")
	env := append(os.Environ(), "TENTER_CONFIG="+filepath.Join(dir, "sim", app.LabFile), "TENTER_BUS_REDIS="+server.URL()+"/0",
		"TENTER_MONITOR_SETTLE="+settle)

	process(b, dir, os.Environ(), "spine", "sim", "--dir", "sim", topology)
	tenter(b, dir, env, "device", "enroll", "--all")
	tenter(b, dir, env, "apply", "--yes")
	opts, err := redis.ParseURL(server.URL())
	ok(b, err)
	f := &fabricUnderWatch{b: b, redis: redis.NewClient(opts)}
	b.Cleanup(func() { _ = f.redis.Close() })
	process(b, dir, env, "", "serve")
	for deadline := time.Now().Add(time.Minute); strings.Count(tenter(b, dir, env, "device", "ls"), "InSync") < 6; {
		if time.Now().After(deadline) {
			b.Fatal("not in sync")
		}
	}
	ok(b, f.redis.XGroupCreateMkStream(b.Context(), driftStream, "bench", "$").Err())
	access, err := app.ReadLab(filepath.Join(dir, "sim"))
	ok(b, err)
	for name := range access.Addresses {
		f.leaves = append(f.leaves, newStranger(b, access, name).leaves()...)
	}
	return f
}

func ok(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func tenter(b *testing.B, dir string, env []string, args ...string) string {
	b.Helper()
	cmd := exec.Command("tenter", args...)
	cmd.Dir, cmd.Env = dir, env
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.Fatalf("tenter %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// process starts tenter, and returns when it has printed a line that begins with ready. It ends with the benchmark.
func process(b *testing.B, dir string, env []string, ready string, args ...string) {
	b.Helper()
	cmd := exec.Command("tenter", args...)
	cmd.Dir, cmd.Env = dir, env
	log, err := os.Create(filepath.Join(dir, args[0]+".log"))
	ok(b, err)
	defer log.Close()
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	ok(b, err)
	ok(b, cmd.Start())
	b.Cleanup(func() {
		if cmd.Process.Signal(syscall.SIGTERM) == nil {
			_ = cmd.Wait() // it was told to end
		}
	})
	for in := bufio.NewScanner(out); ready != "" && !strings.HasPrefix(in.Text(), ready); {
		if !in.Scan() {
			b.Fatalf("tenter %q: ended: %v", args, in.Err())
		}
	}
	go func() { _, _ = io.Copy(io.Discard, out) }() // ends with the process
}

const driftStream = "tenter:{default}:drift"

// until waits for the next event in the stream of drift, which must be such a one, and returns when it came.
func (f *fabricUnderWatch) until(t event.Type, device string) time.Time {
	f.b.Helper()
	got, err := f.redis.XReadGroup(f.b.Context(), &redis.XReadGroupArgs{
		Group: "bench", Consumer: "one", Streams: []string{driftStream, ">"}, Count: 1, Block: 20 * time.Second, NoAck: true,
	}).Result()
	now := time.Now()
	if err != nil {
		f.b.Fatalf("%s of %s: %v", t, device, err)
	}
	text, _ := got[0].Messages[0].Values["data"].(string)
	var e struct{ Type, Subject string }
	ok(f.b, json.Unmarshal([]byte(text), &e))
	if e.Type != string(t) || e.Subject != device {
		f.b.Fatalf("%s of %s, want %s of %s", e.Type, e.Subject, t, device)
	}
	return now
}

// A stranger changes a device, and listens to it by a subscription of its own.
type stranger struct {
	b      *testing.B
	name   string
	access app.LabAccess
	client gpb.GNMIClient
	stream gpb.GNMI_SubscribeClient
}

func newStranger(b *testing.B, access app.LabAccess, name string) *stranger {
	b.Helper()
	ca, err := os.ReadFile(access.CA)
	ok(b, err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	conn, err := grpc.NewClient(access.Addresses[name], grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{
		RootCAs: pool, ServerName: name, MinVersion: tls.VersionTLS12,
	})))
	ok(b, err)
	b.Cleanup(func() { _ = conn.Close() })
	return &stranger{b: b, name: name, access: access, client: gpb.NewGNMIClient(conn)}
}

func (s *stranger) login() context.Context {
	return metadata.AppendToOutgoingContext(s.b.Context(), "username", s.access.Username, "password", s.access.Password)
}

// leaves subscribes to the names and descriptions of the device, and returns those that there are.
func (s *stranger) leaves() []*strangeLeaf {
	elem := func(name, key string) *gpb.PathElem {
		e := &gpb.PathElem{Name: name}
		if key != "" {
			e.Key = map[string]string{key: "*"}
		}
		return e
	}
	list := &gpb.SubscriptionList{Encoding: gpb.Encoding_JSON_IETF}
	for _, p := range [][]*gpb.PathElem{
		{elem("interfaces", ""), elem("interface", "name"), elem("config", ""), elem("description", "")},
		{elem("network-instances", ""), elem("network-instance", "name"), elem("vlans", ""), elem("vlan", "vlan-id"), elem("config", ""), elem("name", "")},
	} {
		list.Subscription = append(list.Subscription, &gpb.Subscription{Path: &gpb.Path{Elem: p}, Mode: gpb.SubscriptionMode_ON_CHANGE})
	}
	var err error
	s.stream, err = s.client.Subscribe(s.login())
	ok(s.b, err)
	ok(s.b, s.stream.Send(&gpb.SubscribeRequest{Request: &gpb.SubscribeRequest_Subscribe{Subscribe: list}}))
	var found []*strangeLeaf
	for {
		m, err := s.stream.Recv()
		ok(s.b, err)
		if m.GetSyncResponse() {
			return found
		}
		for _, u := range m.GetUpdate().GetUpdate() {
			l := &strangeLeaf{on: s, path: &gpb.Path{Elem: slices.Concat(m.GetUpdate().GetPrefix().GetElem(), u.GetPath().GetElem())}}
			ok(s.b, json.Unmarshal(u.GetVal().GetJsonIetfVal(), &l.value))
			found = append(found, l)
		}
	}
}

// change sets a leaf, and returns the timestamp of the notification that tells so.
func (s *stranger) change(l *strangeLeaf, value string) time.Time {
	text, err := json.Marshal(value)
	ok(s.b, err)
	_, err = s.client.Set(s.login(), &gpb.SetRequest{Update: []*gpb.Update{{
		Path: l.path, Val: &gpb.TypedValue{Value: &gpb.TypedValue_JsonIetfVal{JsonIetfVal: text}},
	}}})
	ok(s.b, err)
	for {
		m, err := s.stream.Recv()
		ok(s.b, err)
		for _, u := range m.GetUpdate().GetUpdate() {
			if string(u.GetVal().GetJsonIetfVal()) == string(text) {
				return time.Unix(0, m.GetUpdate().GetTimestamp())
			}
		}
		if len(m.GetUpdate().GetDelete()) > 0 {
			s.b.Fatalf("%s: unexpected %v", s.name, m)
		}
	}
}
