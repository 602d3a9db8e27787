package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/store/pgtest"
	"github.com/tenter-net/tenter/internal/store/storetest"
	"github.com/tenter-net/tenter/internal/view"
)

// One process keeps its transaction open while another commits, and commits late: it gets the later place, so that who has
// read up to the first finds it behind.
func TestATransactionThatCommitsLateIsNotPassedOver(t *testing.T) {
	at := storetest.Postgres(t)
	late, quick, reader := openAt(t, at), openAt(t, at), openAt(t, at)
	inside, leave, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- late.Do(context.Background(), func(tx event.Tx) error {
			if err := late.SaveRun(tx, view.Run{ID: "late"}); err != nil {
				return err
			}
			if err := tx.Append(context.Background(), synced("late")); err != nil {
				return err
			}
			if _, err := late.Run(context.Background(), "late"); !errors.Is(err, view.ErrNotFound) {
				t.Errorf("seen before it is committed: %v", err)
			}
			close(inside)
			<-leave
			return nil
		})
	}()
	<-inside
	appendAll(t, quick, synced("quick")) // is not kept waiting
	if err := reader.Wait(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	seen, err := reader.Events(t.Context(), event.Query{})
	if err != nil || len(seen) != 1 || seen[0].Subject != "quick" {
		t.Fatalf("%v, %v", seen, err)
	}
	close(leave)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if err := reader.Wait(t.Context(), seen[0].Seq); err != nil {
		t.Fatal(err)
	}
	rest, err := reader.Events(t.Context(), event.Query{After: seen[0].Seq})
	if err != nil || len(rest) != 1 || rest[0].Subject != "late" || rest[0].Predecessor != seen[0].Seq {
		t.Fatalf("%v, %v", rest, err)
	}
}

// A function that waits for ever is given up; who waits behind it is served.
func TestABlockedFunctionIsGivenUp(t *testing.T) {
	s := openAt(t, storetest.Postgres(t))
	inside, leave := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		err := s.Do(context.Background(), func(tx event.Tx) error {
			err := s.SaveRun(tx, view.Run{ID: "blocked"})
			close(inside)
			<-leave
			if late := s.SaveRun(tx, view.Run{ID: "after"}); late == nil {
				t.Error("it may go on writing")
			}
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "made no use of its transaction") {
			t.Errorf("Do() = %v", err)
		}
	})
	<-inside
	appendAll(t, s, synced("leaf1"))
	close(leave)
	wg.Wait()
	if _, err := s.Run(t.Context(), "blocked"); !errors.Is(err, view.ErrNotFound) {
		t.Error(err)
	}
}

// What is no text to PostgreSQL, and comes from devices all the same, is kept as it is: the rows are what events tell of them, and
// saving the same again is no news.
func TestTextOfAnyKindIsKept(t *testing.T) {
	storetest.Both(t, func(t *testing.T, at storetest.Place) {
		s := openAt(t, at)
		for _, said := range []string{"device said \xff\xfe\x00!", "\x00", "\U0010FFFE", "\U0010FFFE00\U0010FFFE--", "caf\u00e9 \U0010FFFF"} {
			for range 2 {
				do(t, s, func(tx event.Tx) error {
					err := s.UpdateDevice(tx, "leaf1", func(d *view.Device) { d.Reason, d.HeldReason, d.Mismatch = said, said, said })
					return errors.Join(err, s.SaveRun(tx, view.Run{ID: "r", Status: view.RunFailed, Reason: said}))
				})
			}
			d, err := s.Device(t.Context(), "leaf1")
			if err != nil || d.Reason != said || d.HeldReason != said || d.Mismatch != said {
				t.Errorf("%q, %q, %q, %v; want %q", d.Reason, d.HeldReason, d.Mismatch, err, said)
			}
			if r, err := s.Run(t.Context(), "r"); err != nil || r.Reason != said {
				t.Errorf("%q, %v; want %q", r.Reason, err, said)
			}
		}
		told, err := s.Events(t.Context(), event.Query{Types: []event.Type{event.TypeDeviceChanged}})
		if err != nil || len(told) != 5 {
			t.Errorf("told %d times, %v; want 5", len(told), err)
		}
	})
}

// A relay passes what is sent to a server, and can lose a commit: the first packet in which it finds word is not answered.
type relay struct {
	l    net.Listener
	to   string
	word atomic.Pointer[string]
	pass atomic.Bool // the packet that is not answered reaches the server
	lost atomic.Int64
}

func newRelay(t *testing.T, to string) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{l: l, to: to}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { r.serve(c, &wg) })
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return r
}

func (r *relay) serve(c net.Conn, wg *sync.WaitGroup) {
	defer c.Close()
	s, err := net.Dial("tcp", r.to)
	if err != nil {
		return
	}
	defer s.Close()
	var deaf atomic.Bool
	answered := make(chan struct{}, 1)
	wg.Go(func() {
		defer c.Close()
		buf := make([]byte, 64<<10)
		for {
			n, err := s.Read(buf)
			if err != nil {
				return
			}
			if deaf.Load() { // what the server answered to the packet
				answered <- struct{}{}
				return
			}
			if _, err := c.Write(buf[:n]); err != nil {
				return
			}
		}
	})
	buf := make([]byte, 64<<10)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		if word := r.word.Load(); word != nil && bytes.Contains(buf[:n], []byte(*word)) {
			r.word.Store(nil)
			r.lost.Add(1)
			deaf.Store(true)
			if r.pass.Load() {
				if _, err := s.Write(buf[:n]); err == nil {
					<-answered
				}
			}
			return
		}
		if _, err := s.Write(buf[:n]); err != nil {
			return
		}
	}
}

// The answer to a commit is lost, with the commit or without: either way the event is there once, and Do says so.
func TestALostCommitIsAskedFor(t *testing.T) {
	server := pgtest.Shared(t)
	for name, pass := range map[string]bool{"committed": true, "not committed": false} {
		t.Run(name, func(t *testing.T) {
			at := storetest.Postgres(t)
			r := newRelay(t, server.Addr)
			r.pass.Store(pass)
			through := storetest.Place{DSN: strings.Replace(at.DSN, server.Addr, r.l.Addr().String(), 1)}
			s := openAt(t, through)
			appendAll(t, s, synced("before"))
			word := "commit-of-this" // the event is in the packet that commits it
			r.word.Store(&word)
			ran := 0
			err := s.Do(t.Context(), func(tx event.Tx) error {
				ran++
				return tx.Append(t.Context(), synced(word))
			})
			if err != nil || r.lost.Load() != 1 {
				t.Fatalf("Do() = %v; %d commits lost", err, r.lost.Load())
			}
			if again := ran > 1; again == pass {
				t.Errorf("it ran %d times", ran)
			}
			list, err := openAt(t, at).Events(t.Context(), event.Query{Subject: word})
			if err != nil || len(list) != 1 {
				t.Errorf("%d events, %v", len(list), err)
			}
			if v, err := s.VerifyLog(t.Context()); err != nil || v.Seq != 2 {
				t.Errorf("VerifyLog() = %+v, %v", v, err)
			}
		})
	}
}

// The server is killed again and again while events are appended. What Do says is committed is there once, what it says is
// not is not; and everything goes on by itself.
func TestAServerThatIsKilled(t *testing.T) {
	server := pgtest.New(t, pgtest.Options{})
	core, logs := observer.New(zap.WarnLevel)
	at := storetest.Place{DSN: server.URL("postgres")}
	s := at.Open(t, store.Options{Log: zap.New(core)})
	follower := openAt(t, at)
	var wg sync.WaitGroup
	var mu sync.Mutex
	outcome := map[string]bool{}
	stop := make(chan struct{})
	for w := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				id := fmt.Sprintf("leaf%d-%d", w, i)
				err := s.Do(context.Background(), func(tx event.Tx) error { return tx.Append(context.Background(), synced(id)) })
				var unknown *store.LostError
				if errors.As(err, &unknown) {
					t.Errorf("%s: %v", id, err)
				}
				if err != nil && !strings.Contains(err.Error(), "cannot be reached") {
					t.Errorf("%s: %v", id, err)
				}
				mu.Lock()
				outcome[id] = err == nil
				mu.Unlock()
				if err != nil {
					time.Sleep(5 * time.Millisecond) // as every loop does after a failure
				}
			}
		})
	}
	grow := func() {
		seq, err := s.Last(t.Context(), event.StreamDevice)
		for err != nil { // it is not back yet
			seq, err = s.Last(t.Context(), event.StreamDevice)
		}
		if err := follower.Wait(t.Context(), seq+10); err != nil {
			t.Fatal(err)
		}
	}
	grow()
	for _, end := range []func(){server.Kill, server.Stop, server.Kill} {
		end()
		if _, err := s.Last(t.Context(), event.StreamDevice); err == nil || !strings.Contains(err.Error(), "cannot be reached") || !strings.Contains(err.Error(), "pg_isready") {
			t.Errorf("a read while it is away: %v", err)
		}
		if err := server.Restart(); err != nil {
			t.Fatal(err)
		}
		grow()
	}
	close(stop)
	wg.Wait()
	v, err := s.VerifyLog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]int{}
	for after := event.Seq(0); after < v.Seq; {
		list, err := s.Events(t.Context(), event.Query{After: after, Limit: 1000})
		if err != nil || len(list) == 0 {
			t.Fatal(len(list), err)
		}
		for _, e := range list {
			there[e.Subject]++
		}
		after = list[len(list)-1].Seq
	}
	failed := 0
	for id, committed := range outcome {
		if want := map[bool]int{true: 1}[committed]; there[id] != want {
			t.Errorf("%s: there %d times, want %d", id, there[id], want)
		}
		if !committed {
			failed++
		}
	}
	t.Logf("%d events, %d refused while the server was away, %d warnings", v.Seq, failed, logs.Len())
}

func TestWhatIsWrongWithTheServerIsSaid(t *testing.T) {
	server := pgtest.New(t, pgtest.Options{Unsafe: true, Password: "ge heim"})
	for _, statement := range []string{
		"CREATE ROLE guest LOGIN PASSWORD 'g'", "CREATE ROLE locked PASSWORD 'l'", "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1'",
	} {
		if err := server.Exec("postgres", statement); err != nil {
			t.Fatal(err)
		}
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := free.Addr().String()
	free.Close()
	for name, c := range map[string]struct{ dsn, want, next string }{
		"wrong password":     {"postgres://tenter:geheimnis@" + server.Addr + "/postgres", "password authentication failed", "TENTER_STORE_DSN"},
		"no such database":   {"postgres://tenter:ge%20heim@" + server.Addr + "/nowhere", `database "nowhere" does not exist`, "createdb"},
		"no rights":          {"postgres://guest:g@" + server.Addr + "/postgres", "may not make tables", "OWNER TO"},
		"may not log in":     {"postgres://locked:l@" + server.Addr + "/postgres", "not permitted to log in", "LOGIN"},
		"nobody listens":     {"postgres://tenter:geheimnis@" + nobody + "/postgres", "connection refused", "pg_isready"},
		"other encoding":     {"postgres://tenter:ge%20heim@" + server.Addr + "/latin", "encoding is LATIN1", "ENCODING 'UTF8'"},
		"no TLS there":       {"postgres://tenter:geheimnis@" + server.Addr + "/postgres?sslmode=require", "refused TLS", "sslmode"},
		"no URL":             {"postgres://tenter:geheimnis@" + server.Addr + ":x/postgres", "no URL of PostgreSQL", "postgres://user"},
		"not what it is for": {"postgres://tenter:geheimnis@" + server.Addr + "/postgres?sslmode=maybe", "no URL of PostgreSQL", "postgres://user"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := store.Open(t.Context(), store.Options{DSN: c.dsn})
			if err == nil {
				t.Fatal("opened", s.Close())
			}
			if text := err.Error(); !strings.Contains(text, c.want) || !strings.Contains(text, c.next) || strings.Contains(text, "geheim") || strings.Contains(text, "ge heim") {
				t.Errorf("%s", text)
			}
		})
	}
	if _, err := store.Open(t.Context(), store.Options{DSN: server.URL("postgres"), Existing: true}); !errors.Is(err, store.ErrNone) {
		t.Errorf("Open() of what is not there = %v", err)
	}
}
