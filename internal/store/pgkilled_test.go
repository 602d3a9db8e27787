package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/store/pgtest"
	"github.com/tenter-net/tenter/internal/store/storetest"
	"github.com/tenter-net/tenter/internal/view"
)

// outcomes are what Do said: nil for committed, a *LostError for what nobody knows, another error for undone.
type outcomes struct {
	mu  sync.Mutex
	all map[string]error
}

func (o *outcomes) set(id string, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all[id] = err
}

// writeUntil writes one after the other, each second one without an event, until it is stopped.
func (o *outcomes) writeUntil(stop <-chan struct{}, s *store.Store, name string) {
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		default:
		}
		id := fmt.Sprintf("%s-%d", name, i)
		err := s.Do(context.Background(), func(tx event.Tx) error {
			if i%2 == 0 {
				return s.SaveRun(tx, view.Run{ID: id})
			}
			return tx.Append(context.Background(), synced(id))
		})
		o.set(id, err)
		if err != nil {
			time.Sleep(20 * time.Millisecond) // as every loop does after a failure
		}
	}
}

// killBackend kills one process of the server that serves somebody, as the system does when memory is short. The server itself
// stays and begins anew.
func killBackend(t *testing.T, dsn string) {
	t.Helper()
	if err := syscall.Kill(backends(t, dsn)[0], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// backends are the processes of the server that serve stores.
func backends(t *testing.T, dsn string) []int {
	t.Helper()
	c, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := c.Query(t.Context(), "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'tenter %'")
	if err != nil {
		t.Fatal(err)
	}
	pids, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil || len(pids) == 0 {
		t.Fatal(pids, err)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
	return pids
}

// Several processes write while the server is killed again and again. After that it gives out the ids of the transactions that
// it has lost once more, to others: what became of them does not stand for what became of those.
func TestACommitIsNotTakenForAnothers(t *testing.T) {
	server := pgtest.New(t, pgtest.Options{})
	at := storetest.Place{DSN: server.URL("postgres")}
	stores := []*store.Store{openAt(t, at), openAt(t, at), openAt(t, at), openAt(t, at)}
	said := &outcomes{all: map[string]error{}}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	defer wg.Wait()
	end := sync.OnceFunc(func() { close(stop) })
	defer end()
	for i, s := range stores {
		for k := range 2 {
			wg.Go(func() { said.writeUntil(stop, s, fmt.Sprintf("w%d-%d", i, k)) })
		}
	}
	grow := func() {
		seq, err := stores[0].Last(t.Context(), event.StreamDevice)
		for err != nil { // it is not back yet
			seq, err = stores[0].Last(t.Context(), event.StreamDevice)
		}
		if err := stores[0].Wait(t.Context(), seq+20); err != nil {
			t.Fatal(err)
		}
	}
	grow()
	for round := range 8 {
		if round%4 == 3 {
			killBackend(t, at.DSN)
		} else {
			server.Kill()
			if err := server.Restart(); err != nil {
				t.Fatal(err)
			}
		}
		grow()
	}
	end()
	wg.Wait()
	there := map[string]int{}
	v, err := stores[0].VerifyLog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for after := event.Seq(0); after < v.Seq; {
		list, err := stores[0].Events(t.Context(), event.Query{After: after, Limit: 1000})
		if err != nil || len(list) == 0 {
			t.Fatal(len(list), err)
		}
		for _, e := range list {
			there[e.Subject]++
		}
		after = list[len(list)-1].Seq
	}
	unknown, undone := 0, 0
	for id, said := range said.all {
		if _, err := stores[0].Run(t.Context(), id); err == nil {
			there[id]++
		} else if !errors.Is(err, view.ErrNotFound) {
			t.Fatal(err)
		}
		var lost *store.LostError
		switch {
		case said == nil && there[id] != 1:
			t.Errorf("%s: said to be committed, and there %d times", id, there[id])
		case errors.As(said, &lost):
			unknown++
		case said != nil:
			undone++
			if there[id] != 0 || !strings.Contains(said.Error(), "cannot be reached") {
				t.Errorf("%s: there %d times after %v", id, there[id], said)
			}
		}
	}
	t.Logf("%d written, %d undone, %d unknown", len(said.all), undone, unknown)
}

// A server that was stopped, and takes connections all the same, keeps nobody waiting for ever; and all goes on when it does.
func TestAServerThatIsStopped(t *testing.T) {
	t.Parallel() // it waits most of the time
	server := pgtest.New(t, pgtest.Options{Unsafe: true})
	at := storetest.Place{DSN: server.URL("postgres")}
	s := openAt(t, at)
	store.SetAnswerTime(s, 500*time.Millisecond)
	appendAll(t, s, synced("before"))
	pids := append(backends(t, at.DSN), server.PID())
	signal := func(sig syscall.Signal) {
		for _, pid := range pids {
			if err := syscall.Kill(pid, sig); err != nil {
				t.Error(err)
			}
		}
	}
	signal(syscall.SIGSTOP)
	goOn := sync.OnceFunc(func() { signal(syscall.SIGCONT) })
	defer goOn()
	if _, err := s.Runs(context.Background(), view.RunQuery{}); err == nil || !strings.Contains(err.Error(), "cannot be reached") {
		t.Errorf("Runs() = %v", err)
	}
	write := func(id string) error {
		return s.Do(context.Background(), func(tx event.Tx) error { return tx.Append(context.Background(), synced(id)) })
	}
	if err := write("meanwhile"); err == nil || !strings.Contains(err.Error(), "cannot be reached") {
		t.Errorf("Do() = %v", err)
	}
	goOn()
	for write("after") != nil { // the stopped transaction's locks go with its connection
		time.Sleep(5 * time.Millisecond)
	}
	list, err := s.Events(t.Context(), event.Query{})
	if err != nil || len(list) != 2 || list[1].Subject != "after" {
		t.Errorf("%v, %v", list, err)
	}
}

// A session that could only read when it began could only read for ever.
func TestADatabaseThatIsReadOnlyForAWhile(t *testing.T) {
	at := storetest.Postgres(t)
	s := openAt(t, at)
	appendAll(t, s, synced("before"))
	config, err := pgx.ParseConfig(at.DSN)
	if err != nil {
		t.Fatal(err)
	}
	stranger := func(statements ...string) {
		t.Helper()
		for _, text := range statements {
			if err := pgtest.Exec(at.DSN+"&default_transaction_read_only=off", text); err != nil {
				t.Fatal(err)
			}
		}
	}
	name := pgx.Identifier{config.Database}.Sanitize()
	stranger("ALTER DATABASE "+name+" SET default_transaction_read_only = on",
		"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
	put := func() error {
		return s.Do(t.Context(), func(tx event.Tx) error { return tx.Append(t.Context(), synced("leaf1")) })
	}
	if err := put(); err == nil || !strings.Contains(err.Error(), "read-only") {
		t.Fatalf("Do() = %v", err)
	}
	stranger("ALTER DATABASE " + name + " RESET default_transaction_read_only")
	_ = put() // finds the connection as it was
	if err := put(); err != nil {
		t.Errorf("Do() after that = %v", err)
	}
}
