package bus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tenter-net/tenter/internal/event"
)

// A Stream is what Redis has of one stream.
type Stream struct {
	Name    string
	Entries int64
	Ends    string // id of the last entry; empty when there is no stream
}

// A Consumer is one process in a group, over all streams that the group reads.
type Consumer struct {
	Group, Name string
	Pending     int64         // entries that it has and has not acknowledged
	Idle        time.Duration // since it last asked for anything
	Gone        bool          // it did not ask for longer than one that runs ever waits
}

// goneAfter is longer than a consumer that runs is ever silent: it looks for what others left several times in a second.
const goneAfter = 15 * time.Second

// Look asks the Redis of the options' URL, TLS and Fabric what it has. Nothing is changed.
func Look(ctx context.Context, opts Options) (streams []Stream, consumers []Consumer, err error) {
	at, err := parseEndpoint(opts.URL, opts.TLS)
	if err != nil {
		return nil, nil, fmt.Errorf("bus: redis URL: %w", err)
	}
	client := at.client(0)
	defer func() { err = errors.Join(err, client.Close()) }()
	all := map[[2]string]*Consumer{}
	for _, name := range event.Streams() {
		s, err := lookAt(ctx, client, key(opts.Fabric, name), all)
		if err != nil {
			return nil, nil, fmt.Errorf("redis: stream %s: %w", name, explained(err, opts.Fabric))
		}
		s.Name = name
		streams = append(streams, s)
	}
	for _, c := range all {
		c.Gone = c.Idle > goneAfter
		consumers = append(consumers, *c)
	}
	slices.SortFunc(consumers, func(a, b Consumer) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Name, b.Name))
	})
	return streams, consumers, nil
}

// lookAt adds the stream's consumers to all.
func lookAt(ctx context.Context, client redis.UniversalClient, key string, all map[[2]string]*Consumer) (Stream, error) {
	info, err := client.XInfoStream(ctx, key).Result()
	if redis.HasErrorPrefix(err, "no such key") {
		return Stream{}, nil
	}
	if err != nil {
		return Stream{}, err
	}
	groups, err := client.XInfoGroups(ctx, key).Result()
	if err != nil {
		return Stream{}, err
	}
	for _, g := range groups {
		list, err := client.XInfoConsumers(ctx, key, g.Name).Result()
		if err != nil {
			return Stream{}, err
		}
		for _, c := range list {
			at := [2]string{g.Name, c.Name}
			if all[at] == nil {
				all[at] = &Consumer{Group: g.Name, Name: c.Name, Idle: c.Idle}
			}
			all[at].Pending += c.Pending
			all[at].Idle = min(all[at].Idle, c.Idle)
		}
	}
	return Stream{Entries: info.Length, Ends: info.LastGeneratedID}, nil
}
