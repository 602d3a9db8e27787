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
			time.Sleep(5 * time.Millisecond) // as every loop does after a failure
		}
	}
}

// killBackend kills one process of the server that serves somebody, as the system does when memory is short. The server itself
// stays and begins anew.
func killBackend(t *testing.T, dsn string) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	if err := c.QueryRow(t.Context(), "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'tenter %' LIMIT 1").Scan(&pid); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = c.Close(context.Background()) // if it is there still
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
