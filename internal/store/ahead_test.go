package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"runtime"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/store/storetest"
	"github.com/tenter-net/tenter/internal/view"
)

// Deliveries that come together are begun together. Among them are one event twice, two of one subject, the later first, two without
// a subject, one that fails and one that nobody is owed: each is handled once, in order, and only what failed is owed still.
func TestDeliveriesThatComeTogether(t *testing.T) { both(t, testDeliveriesThatComeTogether) }

func testDeliveriesThatComeTogether(t *testing.T, s *store.Store) {
	pass := func(context.Context, event.Tx, event.Event) error { return nil }
	e := owed(t, s, synced("a"), synced("b"), synced("b"), synced(""), synced(""), synced("fails"), synced("c"))
	deliver(t, s, e[6], pass) // so that it is not owed any more

	var mu sync.Mutex
	handled := map[event.Seq]int{}
	var order []event.Seq
	handle := func(_ context.Context, _ event.Tx, e event.Event) error {
		mu.Lock()
		defer mu.Unlock()
		if e.Subject == "fails" {
			return errors.New("broken")
		}
		handled[e.Seq]++
		if e.Subject == "b" {
			order = append(order, e.Seq)
		}
		return nil
	}
	list := []event.Event{e[0], e[2], e[1], e[0], e[3], e[5], e[4], e[6]}
	earlier := make([]event.Seq, len(list))
	inside, leave := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = s.Do(context.Background(), func(event.Tx) error { close(inside); <-leave; return nil })
	})
	<-inside
	for i, one := range list {
		wg.Go(func() {
			var err error
			if earlier[i], err = s.Deliver(context.Background(), grp, one, handle); (err != nil) != (one.Subject == "fails") {
				t.Errorf("Deliver(%d) = %v", one.Seq, err)
			}
		})
		for store.Waiting(s) <= i { // they come in this order
			runtime.Gosched()
		}
	}
	close(leave)
	wg.Wait()
	if earlier[1] != e[1].Seq {
		t.Errorf("Deliver(%d) sends to %d, want %d", e[2].Seq, earlier[1], e[1].Seq)
	}
	deliver(t, s, e[2], handle)
	want := map[event.Seq]int{e[0].Seq: 1, e[1].Seq: 1, e[2].Seq: 1, e[3].Seq: 1, e[4].Seq: 1}
	if diff := cmp.Diff(want, handled); diff != "" {
		t.Errorf("handled, -want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]event.Seq{e[1].Seq, e[2].Seq}, order); diff != "" {
		t.Errorf("of one subject, -want +got:\n%s", diff)
	}
	if g := counts(t, s); g.Pending != 1 || g.Oldest != e[5].Seq {
		t.Errorf("owed is %+v, want the one that failed", g)
	}
}

// owed appends the drafts and returns the events; the group is owed all of them.
func owed(t *testing.T, s *store.Store, drafts ...event.Draft) []event.Event {
	t.Helper()
	if err := s.JoinGroup(t.Context(), view.Group{Name: grp, Streams: []string{event.StreamDevice}}); err != nil {
		t.Fatal(err)
	}
	appendAll(t, s, drafts...)
	list, err := s.Events(t.Context(), event.Query{Limit: len(drafts)})
	if err != nil || len(list) != len(drafts) {
		t.Fatalf("%d events, %v", len(list), err)
	}
	return list
}

// What a delivery costs does not grow with what waits behind it.
func TestADeliveryReadsNothingOfTheQueueBehindIt(t *testing.T) {
	at := storetest.Postgres(t)
	s := openAt(t, at)
	const waiting = 2000
	drafts := make([]event.Draft, waiting)
	for i := range drafts {
		drafts[i] = synced("a")
	}
	owed(t, s, drafts...)

	config, err := pgx.ParseConfig(at.DSN)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(config.RuntimeParams, store.Session(s))
	c, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	first, many := store.TakeStatements(s)
	for _, x := range []struct {
		text string
		args []any
		most float64
	}{
		{first, []any{grp, "a", int64(1), grp, "a", int64(1)}, 10},
		{many, []any{[]string{grp, grp}, []string{"a", "a"}, []int64{1, 2}}, 20},
	} {
		var plan []byte
		if err := c.QueryRow(t.Context(), "EXPLAIN (ANALYZE, FORMAT JSON) "+x.text, x.args...).Scan(&plan); err != nil {
			t.Fatal(err)
		}
		var nodes any
		if err := json.Unmarshal(plan, &nodes); err != nil {
			t.Fatal(err)
		}
		if n := rowsRead(nodes); n == 0 || n > x.most {
			t.Errorf("%s\nreads %v rows of %d:\n%s", x.text, n, waiting, plan)
		}
	}
}

// rowsRead counts the rows that the nodes of a plan have read, those that they threw away included.
func rowsRead(node any) (n float64) {
	switch v := node.(type) {
	case []any:
		for _, child := range v {
			n += rowsRead(child)
		}
	case map[string]any:
		loops, _ := v["Actual Loops"].(float64)
		for _, what := range []string{"Actual Rows", "Rows Removed by Filter", "Rows Removed by Join Filter", "Rows Removed by Index Recheck"} {
			rows, _ := v[what].(float64)
			n += loops * rows
		}
		for _, child := range v {
			n += rowsRead(child)
		}
	}
	return n
}
