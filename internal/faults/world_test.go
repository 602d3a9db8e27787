package faults

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/bus/delivery"
	"github.com/tenter-net/tenter/internal/bus/redistest"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/store/pgtest"
)

const (
	fabric   = "dc1"
	driftKey = "tenter:{dc1}:drift"
	devices  = 8
	lease    = 2 * time.Second
	patience = 90 * time.Second // without any progress: a machine may be slow, but what stands still is broken
)

// quick is how workers try again unless a fault says otherwise: fast, and three attempts.
var quick = delivery.Policy{MaxAttempts: 3, First: 50 * time.Millisecond, Max: 200 * time.Millisecond}

// A world is what one fault breaks: a store, Redis, workers and a producer of events.
type world struct {
	*testing.T
	dir   string
	job   job          // what workers do unless start changes it
	store *store.Store // the test's own, to append and to look
	redis *redistest.Server
	recv  *receiver
	row   *row
	over  time.Time // when the fault ended

	cluster redis.UniversalClient // instead of redis, when there are several servers

	mu      sync.Mutex
	workers map[string]*worker
	acked   []event.ID // appended, and told so
	refused int        // appends that failed
	owes    []string   // groups whose effects are counted
}

// newWorld makes a world on SQLite and one Redis.
func newWorld(t *testing.T, r *row, redisArgs ...string) *world {
	t.Helper()
	w := newWorldOn(t, r, store.Options{})
	w.startRedis(redisArgs...)
	return w
}

// newWorldOn makes a world with a store of its own, but no Redis yet.
func newWorldOn(t *testing.T, r *row, at store.Options) *world {
	t.Helper()
	w := &world{T: t, row: r, dir: tempDir(t), workers: map[string]*worker{}, owes: []string{"a"}}
	w.recv = newReceiver(t)
	if at.Dir == "" && at.DSN == "" {
		at.Dir = filepath.Join(w.dir, "store")
	}
	scratch := filepath.Join(w.dir, "tried")
	if err := os.Mkdir(scratch, 0o700); err != nil {
		t.Fatal(err)
	}
	w.job = job{Dir: at.Dir, DSN: at.DSN, Scratch: scratch, Receiver: w.recv.URL, Groups: []string{"a"}, Lease: lease, Retry: quick}
	w.openStore()
	return w
}

// storeOptions are those by which all processes of a world open its store.
func (j job) storeOptions(log *zap.Logger) store.Options {
	return store.Options{Dir: j.Dir, DSN: j.DSN, Fabric: fabric, Worker: j.Worker, Log: log}
}

func (w *world) openStore() {
	w.Helper()
	j := w.job
	j.Worker = "test"
	log, err := os.OpenFile(w.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	w.must(err)
	s, err := store.Open(context.Background(), j.storeOptions(logTo(log).Named(j.Worker)))
	w.must(err)
	w.store = s
	w.Cleanup(func() {
		if err := errors.Join(s.Close(), log.Close()); err != nil {
			w.Error(err)
		}
	})
}

// onPostgres makes a world on a PostgreSQL of its own, and one Redis.
func onPostgres(t *testing.T, r *row) (*world, *pgtest.Server) {
	t.Helper()
	db, err := pgtest.Start(pgtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(whatever(db.Remove))
	if err := db.Exec("postgres", "CREATE DATABASE faults"); err != nil {
		t.Fatal(err)
	}
	w := newWorldOn(t, r, store.Options{DSN: db.URL("faults")})
	w.startRedis()
	return w, db
}

func (w *world) startRedis(args ...string) {
	w.Helper()
	s, err := redistest.Start(filepath.Join(w.dir), args...)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(whatever(s.Kill))
	w.redis, w.job.Redis = s, s.URL()
}

// client is a connection to Redis beside the bus's.
func (w *world) client() *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: w.redis.Addr, MaxRetries: 1, ReadTimeout: 30 * time.Second})
	w.Cleanup(func() { _ = c.Close() })
	return c
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// A worker is one process.
type worker struct {
	*exec.Cmd
	w     *world
	name  string
	begun time.Time
	lines chan string
	gone  chan struct{}
}

// start starts a worker, changed from the world's job by change, and returns when it delivers.
func (w *world) start(name string, change ...func(*job)) *worker {
	w.Helper()
	p := w.launch(name, change...)
	p.until("ready")
	return p
}

func (w *world) launch(name string, change ...func(*job)) *worker {
	w.Helper()
	j := w.job
	j.Worker = name
	for _, c := range change {
		c(&j)
	}
	text, err := json.Marshal(j)
	w.must(err)
	p := &worker{Cmd: exec.Command(self(w)), w: w, name: name, begun: time.Now(), lines: make(chan string, 100_000), gone: make(chan struct{})}
	p.Env = append(os.Environ(), jobEnv+"="+string(text), "GORACE=atexit_sleep_ms=10") // else every process built with -race ends a second late
	out, err := p.StdoutPipe()
	w.must(err)
	spawn(w, p.Cmd, w.logFile())
	go func() {
		for in := bufio.NewScanner(out); in.Scan(); {
			p.lines <- in.Text()
		}
		_ = p.Wait() // killed, most of the time
		close(p.gone)
	}()
	w.Cleanup(whatever(func() { p.signal(syscall.SIGKILL); <-p.gone }))
	w.mu.Lock()
	defer w.mu.Unlock()
	w.workers[name] = p
	return p
}

func (p *worker) signal(sig syscall.Signal) { _ = p.Process.Signal(sig) } // one that is gone needs none

// kill ends the worker as a power cut would, and returns when it is gone.
func (p *worker) kill() { p.signal(syscall.SIGKILL); <-p.gone }

// stop asks the worker to end and returns how long that took.
func (p *worker) stop() time.Duration {
	p.w.Helper()
	begun := time.Now()
	p.signal(syscall.SIGTERM)
	select {
	case <-p.gone:
	case <-time.After(patience):
		p.w.Fatalf("%s did not end", p.name)
	}
	return time.Since(begun)
}

// until waits for a line that the worker says, by its first word, and returns the rest of it.
func (p *worker) until(word string) string {
	p.w.Helper()
	for deadline := time.After(patience); ; {
		select {
		case line := <-p.lines:
			first, rest, _ := strings.Cut(line, " ")
			if first == word {
				return rest
			}
		case <-p.gone:
			p.w.Fatalf("%s ended before it said %q: see its log\n%s", p.name, word, p.w.logTail())
		case <-deadline:
			p.w.Fatalf("%s does not say %q\n%s", p.name, word, p.w.logTail())
		}
	}
}

// whoIsInside waits until one of the workers is inside the handler of an event that was told to say so.
func (w *world) whoIsInside(id event.ID, among ...*worker) *worker {
	w.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		for _, p := range among {
			select {
			case line := <-p.lines:
				if line == "inside "+string(id) {
					return p
				}
			default:
			}
		}
	}
	w.Fatalf("no worker is inside the handler\n%s", w.logTail())
	return nil
}

// logFile is where all processes of the world log.
func (w *world) logFile() string { return filepath.Join(w.dir, "workers.log") }

// logTail is the end of what the workers logged.
func (w *world) logTail() string {
	b, err := os.ReadFile(w.logFile())
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-6000):])
}

func draft(device, reason string) event.Draft {
	return event.Draft{Type: event.TypeDriftDetected, Subject: device, Data: event.Drift{Episode: "e-" + device, Device: intent.DeviceName(device), Reason: reason}}
}

// try appends the drafts in one transaction, and keeps in mind what became of them.
func (w *world) try(drafts ...event.Draft) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var ids []event.ID
	for i := range drafts {
		id, err := uuid.NewV7()
		if err != nil {
			return err
		}
		drafts[i].ID = event.ID(id.String())
		ids = append(ids, drafts[i].ID)
	}
	err := w.store.Do(ctx, func(tx event.Tx) error { return tx.Append(ctx, drafts...) })
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.refused++
		return err
	}
	w.acked = append(w.acked, ids...)
	return nil
}

// one appends an event of the device whose handler does what the reason says, and returns its ID.
func (w *world) one(device, reason string) event.ID {
	w.Helper()
	d := []event.Draft{draft(device, reason)}
	w.must(w.try(d...))
	return d[0].ID
}

// drift appends n events for every device.
func (w *world) drift(n int) {
	w.Helper()
	for ; n > 0; n -= 10 {
		var list []event.Draft
		for range min(n, 10) {
			for d := range devices {
				list = append(list, draft(fmt.Sprintf("leaf%d", d+1), ""))
			}
		}
		w.must(w.try(list...))
	}
}

// flow appends events, so many in a second, until the function returned is called. What the store refuses is counted, and not
// appended again.
func (w *world) flow(perSecond int) (stop func()) {
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for n := 0; ; {
			select {
			case <-quit:
				return
			case <-tick.C:
			}
			var list []event.Draft
			for range max(1, perSecond/50) {
				n++
				list = append(list, draft(fmt.Sprintf("leaf%d", n%devices+1), ""))
			}
			_ = w.try(list...)
		}
	}()
	stop = sync.OnceFunc(func() { close(quit); <-ended })
	w.Cleanup(stop)
	return stop
}

// until waits for the condition, for as long as count moves from time to time.
func (w *world) until(what string, cond func() bool, count func() int) {
	w.Helper()
	moved, last := time.Now(), count()
	for !cond() {
		if n := count(); n != last {
			moved, last = time.Now(), n
		}
		if time.Since(moved) > patience {
			groups, err := w.store.Groups(context.Background())
			w.Fatalf("not within %v: %s; groups %+v, %v\nworkers' log:\n%s", patience, what, groups, err, w.logTail())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// owed is how many deliveries wait; one more when the store does not say.
func (w *world) owed() (n int) {
	groups, err := w.store.Groups(context.Background())
	if err != nil {
		return 1
	}
	for _, g := range groups {
		n += g.Pending + g.Retry
	}
	return n
}

// quiet waits until nothing is owed to any group.
func (w *world) quiet() {
	w.Helper()
	w.until("nothing is owed", func() bool { return w.owed() == 0 }, w.owed)
}

// handled waits until the event has its child for the group.
func (w *world) handled(group string, id event.ID) {
	w.Helper()
	w.until("the event is handled", func() bool { return len(w.children(group)[id]) > 0 }, func() int { return 0 })
}

// events reads the whole log, or the events of the types only.
func (w *world) events(types ...event.Type) (all []event.Event) {
	w.Helper()
	for after := event.Seq(0); ; {
		page, err := w.store.Events(context.Background(), event.Query{After: after, Types: types, Limit: 5000})
		w.must(err)
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
		after = page[len(page)-1].Seq
	}
}

// children are the group's effects, by the event that caused them.
func (w *world) children(group string) map[event.ID][]event.Event {
	w.Helper()
	out := map[event.ID][]event.Event{}
	for _, e := range w.events(childOf[group]) {
		out[e.Causation] = append(out[e.Causation], e)
	}
	return out
}

// begin starts workers with the world's job and waits until they have handled a first event.
func (w *world) begin(names ...string) (list []*worker) {
	w.Helper()
	for _, name := range names {
		list = append(list, w.start(name))
	}
	w.drift(1)
	w.quiet()
	return list
}

// ended says that the fault ends now: from here on the time until all is normal is measured.
func (w *world) ended() { w.over = time.Now() }

// finish waits until nothing is owed any more, and judges.
func (w *world) finish() {
	w.Helper()
	w.quiet()
	if w.row.Normal == 0 && !w.over.IsZero() {
		w.row.Normal = time.Since(w.over)
	}
	w.judge()
}

// note adds to what the table says was measured.
func (w *world) note(format string, args ...any) {
	if w.row.Note != "" {
		w.row.Note += "; "
	}
	w.row.Note += fmt.Sprintf(format, args...)
}
