package bus_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tenter-net/tenter/internal/bus"
	"github.com/tenter-net/tenter/internal/bus/bustest"
	"github.com/tenter-net/tenter/internal/bus/redistest"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
)

// What Redis refuses for a while is waited out.
func TestRefusalsAreWaitedOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		begin, end []any
		told       string
	}{
		"READONLY": {[]any{"REPLICAOF", "127.0.0.1", "1"}, []any{"REPLICAOF", "NO", "ONE"}, "READONLY"},
		"OOM":      {[]any{"CONFIG", "SET", "maxmemory", "1"}, []any{"CONFIG", "SET", "maxmemory", "0"}, "give Redis more maxmemory"},
		"NOPERM":   {[]any{"ACL", "SETUSER", "default", "-xadd"}, []any{"ACL", "SETUSER", "default", "+@all"}, "~tenter:{dc1}:* +@stream"},
		"renamed":  {[]any{"ACL", "SETUSER", "default", "resetkeys", "~other:*"}, []any{"ACL", "SETUSER", "default", "~*"}, "~tenter:{dc1}:* +@stream"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, w := faulty(t)
			c2 := client(t, server)
			w.Start(answering)
			w.Drift(2, "leaf1")
			w.UntilAnswered(2)
			must(t, c2.Do(t.Context(), c.begin...).Err())
			w.Drift(2, "leaf1", "leaf2")
			w.Until("bus.degraded", func() bool { return len(w.Events(event.TypeBusDegraded)) > 0 })
			if text := string(w.Events(event.TypeBusDegraded)[0].Envelope); !strings.Contains(text, c.told) {
				t.Errorf("bus.degraded says %s, want %s", text, c.told)
			}
			must(t, c2.Do(t.Context(), c.end...).Err())
			w.UntilAnswered(6)
		})
	}
}

// A server that loads its file for seconds answers LOADING meanwhile.
func TestLoadingIsWaitedOut(t *testing.T) {
	t.Parallel()
	server, w := faulty(t, "--appendonly", "yes", "--key-load-delay", "200000", "--loading-process-events-interval-bytes", "1024")
	w.Start(answering)
	w.Drift(5, "leaf1", "leaf2")
	w.UntilAnswered(10)
	server.Kill()
	w.Drift(5, "leaf1", "leaf2")
	must(t, server.Restart())
	w.Drift(5, "leaf1", "leaf2")
	w.UntilAnswered(30)
}

// Consumers of processes that are gone are taken out, what they had is handled, and groups that the log has forgotten go too.
func TestWhatIsGoneIsTakenOut(t *testing.T) {
	t.Parallel()
	server := redistest.New(t)
	w := bustest.NewWorld(t, func(s *store.Store, worker string) bustest.Bus {
		b, err := place{url: server.URL()}.bus(s, worker)
		must(t, err)
		b.SetGone(time.Second)
		return b
	})
	c := client(t, server)
	stop := w.Start(answering)
	w.Drift(5, "leaf1")
	w.UntilAnswered(5)
	// One that read and died: what it has pending must not go with it.
	_, err := c.XGroupCreateConsumer(t.Context(), driftKey, "answer", "died").Result()
	must(t, err)
	must(t, c.XGroupCreateMkStream(t.Context(), driftKey, "another-build", "0").Err())
	stop()
	w.Drift(5, "leaf1")
	relay := w.Start(func(bustest.Bus) {})
	w.Until("the stream has them", func() bool { return c.XLen(t.Context(), driftKey).Val() == 10 })
	relay()
	must(t, c.XReadGroup(t.Context(), &redis.XReadGroupArgs{Group: "answer", Consumer: "died", Streams: []string{driftKey, ">"}, Block: -1}).Err())
	w.Start(answering)
	w.UntilAnswered(10)
	w.Until("only who is there is a consumer", func() bool {
		list, err := c.XInfoConsumers(t.Context(), driftKey, "answer").Result()
		return err == nil && len(list) == 1 && list[0].Name != "died"
	})
	w.Until("the group that the log does not have is gone", func() bool {
		list, err := c.XInfoGroups(t.Context(), driftKey).Result()
		return err == nil && len(list) == 1
	})
	w.Drift(5, "leaf1")
	w.UntilAnswered(15)
}

// An older server is refused with the version that it has and the one that is needed.
func TestOldServerIsRefused(t *testing.T) {
	t.Parallel()
	at := oldServer(t, "6.2.14")
	w := bustest.NewWorld(t, place{url: "redis://" + at}.maker(t))
	w.Start(answering)
	w.Until("bus.degraded", func() bool { return len(w.Events(event.TypeBusDegraded)) > 0 })
	text := string(w.Events(event.TypeBusDegraded)[0].Envelope)
	for _, want := range []string{"6.2.14", "7.0 is the oldest", "leave bus.redis empty"} {
		if !strings.Contains(text, want) {
			t.Errorf("bus.degraded says %s, want %s", text, want)
		}
	}
}

// oldServer speaks the protocol as far as a greeting goes, and returns its address.
func oldServer(t *testing.T, version string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	done := make(chan struct{})
	t.Cleanup(func() { must(t, l.Close()); <-done })
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serveOld(c, version)
		}
	}()
	return l.Addr().String()
}

func serveOld(c net.Conn, version string) {
	defer c.Close()
	for r := bufio.NewReader(c); ; {
		words, err := readCommand(r)
		if err != nil {
			return
		}
		answer := "-ERR unknown command\r\n"
		if strings.EqualFold(words[0], "hello") {
			answer = fmt.Sprintf("%%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$%d\r\n%s\r\n", len(version), version)
		}
		if _, err := io.WriteString(c, answer); err != nil {
			return
		}
	}
}

func readCommand(r *bufio.Reader) (words []string, err error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(strings.Trim(line, "*\r\n"))
	for range n {
		if _, err = r.ReadString('\n'); err != nil {
			return nil, err
		}
		word, err := r.ReadString('\n')
		if err != nil {
			return nil, err
		}
		words = append(words, strings.TrimSpace(word))
	}
	return words, err
}

func TestURLs(t *testing.T) {
	w := bustest.NewWorld(t, nil)
	const password = "s3cr3t-Passw0rd"
	for url, ok := range map[string]bool{
		"redis+sentinel://u:" + password + "@h1:26379,h2/main/3":                                 true,
		"redis+sentinel://h1,[::1]:26379/main?sentinel_username=s&sentinel_password=" + password: true,
		"rediss+cluster://u:" + password + "@h1:7000,h2,[fe80::1]":                               true,
		"redis+cluster://h/0": true,
		"redis+sentinel://:" + password + "@h1:26379,h2:26379":       false,
		"redis+sentinel://:" + password + "@h1/main/x":               false,
		"redis+sentinel://:" + password + "@h1/main/0?nope=1":        false,
		"redis+sentinel://:" + password + "@/main":                   false,
		"redis+cluster://:" + password + "@h1,/1":                    false,
		"redis+cluster://:" + password + "@h1/1":                     false,
		"redis+cluster://:" + password + "%zz@h":                     false,
		"redis://:" + password + "@h:65536/0":                        false,
		"redis://:" + password + "@h:0":                              false,
		"redis+sentinel://:" + password + "@h1:26379,h2:262626/main": false,
		"redis+cluster://:" + password + "@h1:7000,h2:x":             false,
		"redis+both://:" + password + "@h1":                          false,
		"https+cluster://:" + password + "@h1":                       false,
		"":                                                           false,
	} {
		_, err := bus.New(bus.Options{URL: url, Fabric: "dc1", Worker: "w", Store: w.Store})
		if (err == nil) != ok {
			t.Errorf("URL %q: %v", url, err)
		}
		if err != nil && strings.Contains(err.Error(), password) {
			t.Errorf("the error tells the password: %v", err)
		}
	}
}
