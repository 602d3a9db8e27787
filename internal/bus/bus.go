// Package bus distributes events over Redis Streams. The event log is the truth: a relay copies it to one stream per kind
// of event, consumer groups read those, load each event from the log by its place, and commit what the handler does
// together with the end of the delivery before they acknowledge. So Redis may be down, flushed, restored from an old snapshot or
// written to by others, and no event is lost, none handled twice, and none believed that the log does not have.
//
// Keys are tenter:{fabric}:<stream>, and tenter:{fabric}:<group>:retry for a group's own retries; the braces are Redis'
// hash tag, which keeps one fabric's keys on one node of a cluster. An entry's id is <seq>-0, its one field is data.
package bus

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/bus/delivery"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/view"
)

// Store is the event log, with leases for the relay.
type Store interface {
	delivery.Log
	delivery.Leases
	Last(ctx context.Context, stream string) (event.Seq, error)
	Do(ctx context.Context, fn func(tx event.Tx) error) error
	RetriesDue(ctx context.Context, group string) (bool, error)
	Groups(ctx context.Context) ([]view.Group, error)
	RetryLost(ctx context.Context, group, stream string, before event.Seq) (int64, error)
}

// Options make a Bus. URL, Fabric, Store and Worker are required.
type Options struct {
	// URL is redis:// or rediss://, with user and password when the server wants them; redis+sentinel://host,host/MASTER
	// for the master that Sentinels know by that name; or redis+cluster://host,host. rediss is TLS.
	URL    string
	TLS    *tls.Config // whom to trust and as whom to log in with TLS; nil for the system's authorities
	Fabric string
	Store  Store
	Worker string        // unique among the processes on the fabric, better the same after a restart
	Lease  time.Duration // after which a killed process's events go to others; 5 s when 0
	Retry  delivery.Policy
	MaxLen int64         // entries that a stream keeps, about; 100,000 when 0
	MaxAge time.Duration // for which a stream keeps entries, about; 24 h when 0
	Log    *zap.Logger
}

// A Bus relays and delivers to the groups that were subscribed before Run.
type Bus struct {
	opts    Options
	log     *zap.Logger
	at      endpoint
	client  redis.UniversalClient
	away    delivery.Streak // of what this process's groups do with Redis
	careful delivery.Careful
	newer   delivery.Newer
	gone    time.Duration // after which a consumer that does nothing and has nothing is gone
	tidy    time.Duration // between the relay's looks for what is too old, too much or gone
	subs    []delivery.Subscription

	failures atomic.Uint64 // of handing the log on
}

// New returns a Bus that does nothing until Run. Redis need not be there yet. An error never holds the URL's password.
func New(opts Options) (*Bus, error) {
	if opts.Fabric == "" || opts.Worker == "" || opts.Store == nil {
		return nil, errors.New("bus: fabric, worker and store are required")
	}
	at, err := parseEndpoint(opts.URL, opts.TLS)
	if err != nil {
		return nil, fmt.Errorf("bus: redis URL: %w", err)
	}
	if opts.Lease <= 0 {
		opts.Lease = 5 * time.Second
	}
	if opts.MaxLen <= 0 {
		opts.MaxLen = 100_000
	}
	if opts.MaxAge <= 0 {
		opts.MaxAge = 24 * time.Hour
	}
	if opts.Log == nil {
		opts.Log = zap.NewNop()
	}
	log := delivery.Calm(opts.Log.Named("bus"))
	return &Bus{
		opts: opts, log: log, at: at, client: at.client(0), gone: max(10*opts.Lease, time.Minute), tidy: time.Minute,
		away: delivery.Streak{Log: log, Failing: "groups are interrupted; their events wait in the log", Over: "groups go on"},
	}, nil
}

// Subscribe adds a group. Types are patterns as in event.Type.Matches; without streams those of the types are read. A group
// that the log has never had begins at its end; any other goes on where it stands. It must not be called after Join or Run.
func (b *Bus) Subscribe(group string, streams []string, types []event.Type, h event.Handler) {
	b.subs = append(b.subs, delivery.NewSubscription(group, streams, types, h))
}

// Replay is Subscribe for a group that begins with the log's first event when it is new.
func (b *Bus) Replay(group string, streams []string, types []event.Type, h event.Handler) {
	b.Subscribe(group, streams, types, h)
	b.subs[len(b.subs)-1].Past = true
}

// Newer returns how many events were passed over, by their types, which this build does not know.
func (b *Bus) Newer() map[event.Type]uint64 { return b.newer.Counts() }

// Join makes the groups known to the log, so that they are owed what happens from now on. Run does so too.
func (b *Bus) Join(ctx context.Context) error {
	for _, sub := range b.subs {
		if err := b.opts.Store.JoinGroup(ctx, sub.Group); err != nil {
			return fmt.Errorf("bus: %w", err)
		}
	}
	return nil
}

// Run relays, when no other process does, and delivers, until the context ends; it returns when nothing it
// started is running any more. A Redis that hangs delays that by leaveTime. A Bus runs once.
func (b *Bus) Run(ctx context.Context) (err error) {
	if err := b.Join(ctx); err != nil {
		if ctx.Err() != nil {
			err = nil // asked to end before it had begun
		}
		return errors.Join(err, b.client.Close())
	}
	var wg sync.WaitGroup
	wg.Go(func() { b.runRelay(ctx) })
	for _, sub := range b.subs {
		wg.Go(func() { newGroup(b, sub).run(ctx) })
	}
	ended, closed := make(chan struct{}), make(chan error)
	go func() {
		// The client gives up on a call only by time: closing its connections is what ends one that hangs.
		<-ctx.Done()
		late := time.NewTimer(leaveTime)
		defer late.Stop()
		select {
		case <-late.C:
		case <-ended:
		}
		closed <- b.client.Close()
	}()
	wg.Wait()
	close(ended)
	return <-closed
}

// key is the Redis key of a fabric's stream.
func key(fabric, stream string) string { return "tenter:{" + fabric + "}:" + stream }

func (b *Bus) key(stream string) string { return key(b.opts.Fabric, stream) }

// retryKey is the Redis key of a group's own stream of retries.
func (b *Bus) retryKey(group string) string { return b.key(group + ":retry") }

// deadEntry tells of an entry that the log does not stand behind.
func (b *Bus) deadEntry(ctx context.Context, d event.DeadLettered) error {
	b.log.Warn("entry is not what the log has", zap.String("stream", d.Stream), zap.String("entry", d.Entry),
		zap.String("group", d.Group), zap.String("reason", d.Reason))
	return b.opts.Store.Do(ctx, func(tx event.Tx) error {
		return tx.Append(ctx, event.Draft{Type: event.TypeDeadLettered, Data: d})
	})
}
