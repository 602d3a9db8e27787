package faults

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store/pgtest"
)

// postgresFaults are those of a store that many machines share.
var postgresFaults = []fault{
	{name: "PostgreSQL restarted", done: "killed and started three times while events flow", short: true, run: inPostgres(restartedPostgres)},
	{name: "store away for a minute, PostgreSQL", done: "it is stopped while events flow", run: inPostgres(awayPostgres)},
	{name: "a PostgreSQL transaction that commits late", done: "handlers and strangers hold theirs open for seconds while others append", run: inPostgres(lateCommit)},
	{name: "clocks an hour apart", done: "of two workers one is an hour early, one an hour late; handlers fail once", short: true, run: inPostgres(clocksApart)},
	{name: "kill -9 in a handler, PostgreSQL", done: "its process is killed inside the transaction", run: inPostgres(func(w *world, _ *pgtest.Server) { killInHandler(w) })},
	{name: "two relays and two sealers, PostgreSQL", done: "both workers relay all the time, and both append beside the test", run: inPostgres(func(w *world, _ *pgtest.Server) { twoRelays(w, 200) })},
}

func inPostgres(run func(w *world, db *pgtest.Server)) func(*testing.T, *row) {
	return func(t *testing.T, r *row) {
		w, db := onPostgres(t, r)
		run(w, db)
		w.finish()
	}
}

func restartedPostgres(w *world, db *pgtest.Server) {
	w.pair()
	stop := w.flow(200)
	for range pick(3, 1) {
		w.pass(100)
		db.Kill()
		w.must(db.Restart())
		w.ended()
		w.pass(100)
	}
	w.pass(20)
	stop()
	w.ended()
	w.note("%d appends refused or in doubt meanwhile", w.refused)
}

func awayPostgres(w *world, db *pgtest.Server) {
	w.pair()
	stop := w.flow(50)
	w.pass(50)
	db.Stop()
	long := pick(time.Minute, 3*time.Second)
	time.Sleep(long) // the fault itself
	w.must(db.Restart())
	w.ended()
	w.pass(50)
	stop()
	w.note("away for %v, %d appends refused or in doubt", long, w.refused)
}

// lateCommit opens transactions that append and commit seconds later, and a stranger's that holds the head of the log.
func lateCommit(w *world, _ *pgtest.Server) {
	w.pair()
	stop := w.flow(100)
	w.pass(50)
	var wg sync.WaitGroup
	for i := range pick(3, 1) {
		w.one(fmt.Sprintf("leaf%d", i+1), "a late 2s") // its child is appended, and then it waits
		wg.Go(func() {
			d := draft("leaf8", "")
			err := w.store.Do(context.Background(), func(tx event.Tx) error {
				if err := tx.Append(context.Background(), d); err != nil {
					return err
				}
				time.Sleep(time.Second)
				return nil
			})
			if err != nil {
				w.Error(err)
			}
		})
		conn, err := pgx.Connect(w.Context(), w.job.DSN)
		w.must(err)
		tx, err := conn.Begin(w.Context())
		w.must(err)
		_, err = tx.Exec(w.Context(), "SELECT seq FROM head FOR UPDATE")
		w.must(err)
		time.Sleep(time.Second)
		w.must(tx.Rollback(w.Context()))
		w.must(conn.Close(w.Context()))
		wg.Wait()
	}
	w.pass(20)
	stop()
	w.ended()
}

func clocksApart(w *world, _ *pgtest.Server) {
	early := w.start("early", func(j *job) { j.Clock = time.Hour })
	late := w.start("late", func(j *job) { j.Clock = -time.Hour })
	w.drift(1)
	w.quiet()
	for i := range 20 {
		w.one(fmt.Sprintf("leaf%d", i%devices+1), "a once fail") // the retry's time is written by one clock and read by the other
	}
	w.drift(5)
	begun := time.Now()
	w.quiet()
	w.note("20 retries made and taken by both within %.2f s", time.Since(begun).Seconds())
	id := w.one("leaf1", "a once block") // and a lease is neither over at once nor after an hour
	inside := w.whoIsInside(id, early, late)
	inside.kill()
	killed := time.Now()
	w.ended()
	w.handled("a", id)
	w.note("a kill is noticed after %.2f s, lease %v", time.Since(killed).Seconds(), lease)
	if took := time.Since(killed); took > rerunLimit {
		w.Errorf("taken over after %v", took)
	}
}
