package app

import (
	"context"
	"strings"
	"time"

	"github.com/tenter-net/tenter/internal/bus"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/settings"
	"github.com/tenter-net/tenter/internal/store"
)

// A GroupsPicture is how far the consumer groups are, and over Redis what the streams have.
type GroupsPicture struct {
	Groups  []GroupState  `json:"groups"`
	Streams []StreamState `json:"streams,omitempty"` // on Redis
	Trouble string        `json:"trouble,omitempty"` // why Redis could not be asked
}

// A GroupState is how far one group has come, as the log knows it, and who serves it.
type GroupState struct {
	Name       string          `json:"name"`
	Streams    []string        `json:"streams"`
	Pending    int             `json:"pending"` // events that were not handled yet
	Retry      int             `json:"retry"`   // events that wait to be tried again
	Dead       int             `json:"dead"`
	Oldest     event.Seq       `json:"oldest,omitempty"`
	OldestTime time.Time       `json:"oldest_time,omitzero"`
	Consumers  []ConsumerState `json:"consumers,omitempty"`
}

// A ConsumerState is one process that serves a group.
type ConsumerState struct {
	Name  string        `json:"name"`
	State string        `json:"state"` // serving or gone
	Has   int64         `json:"has"`   // entries that it has read and not settled
	Idle  time.Duration `json:"idle_ns"`
}

// A StreamState is one stream on Redis beside the log.
type StreamState struct {
	Name    string    `json:"name"`
	Entries int64     `json:"entries"`
	Ends    string    `json:"ends"`     // id of the last entry
	LogEnds event.Seq `json:"log_ends"` // place of the stream's last event
}

// lookTime is how long Redis may take to be asked: who looks wants to know what there is.
const lookTime = 3 * time.Second

// LookAtGroups reads the store, and Redis when the settings name one. That it does not answer is part of the picture.
func LookAtGroups(ctx context.Context, set *settings.Settings, st *store.Store) (GroupsPicture, error) {
	p := GroupsPicture{Groups: []GroupState{}}
	list, err := st.Groups(ctx)
	if err != nil {
		return p, err
	}
	for _, g := range list {
		s := GroupState{Name: g.Name, Streams: g.Streams, Pending: g.Pending, Retry: g.Retry, Dead: g.Dead, Oldest: g.Oldest}
		if g.Oldest > 0 {
			events, err := st.EventsAt(ctx, []event.Seq{g.Oldest})
			if err != nil {
				return p, err
			}
			if len(events) > 0 {
				s.OldestTime = events[0].Time
			}
		}
		p.Groups = append(p.Groups, s)
	}
	if set.Bus.Redis == "" {
		return p, p.addHolders(ctx, st)
	}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	if err := p.addRedis(ctx, set, st); err != nil {
		p.Trouble = err.Error()
	}
	return p, nil
}

// addHolders adds who serves each group on the embedded bus: whoever has its lease.
func (p *GroupsPicture) addHolders(ctx context.Context, st *store.Store) error {
	leases, err := st.Elections(ctx)
	if err != nil {
		return err
	}
	for _, l := range leases {
		name, ok := strings.CutPrefix(l.Key, "group/")
		for i := range p.Groups {
			if g := &p.Groups[i]; ok && g.Name == name {
				g.Consumers = append(g.Consumers, ConsumerState{Name: l.Holder, State: "serving"})
			}
		}
	}
	return nil
}

func (p *GroupsPicture) addRedis(ctx context.Context, set *settings.Settings, st *store.Store) error {
	conf, err := busTLS(set)
	if err != nil {
		return err
	}
	streams, consumers, err := bus.Look(ctx, bus.Options{URL: string(set.Bus.Redis), TLS: conf, Fabric: set.Fabric})
	if err != nil {
		return err
	}
	for _, s := range streams {
		last, err := st.Last(ctx, s.Name)
		if err != nil {
			return err
		}
		p.Streams = append(p.Streams, StreamState{Name: s.Name, Entries: s.Entries, Ends: s.Ends, LogEnds: last})
	}
	for _, c := range consumers {
		state := "serving"
		if c.Gone {
			state = "gone"
		}
		for i := range p.Groups {
			if g := &p.Groups[i]; g.Name == c.Group {
				g.Consumers = append(g.Consumers, ConsumerState{Name: c.Name, State: state, Has: c.Pending, Idle: c.Idle})
			}
		}
	}
	return nil
}
