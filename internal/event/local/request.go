package local

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// ErrTooFew is wrapped by the error of a Request that fewer answered than it needs.
var ErrTooFew = errors.New("too few answers")

// atOnce is how many questions one responder works on at a time. One that does not come to an end would otherwise
// collect goroutines; what it is asked beyond that it does not answer.
const atOnce = 16

// An Ask says whose answers a Request wants, and for how long. Names is required.
type Ask struct {
	Names   []string      // who is to answer; others may, and are counted as strangers
	Minimum int           // how many of them must; all when 0
	Within  time.Duration // the deadline, 5 s when 0; the context's counts too
}

// An Answer is what one of those asked said; Err when it could not say.
type Answer[A any] struct {
	From  string
	Value A
	Err   error
}

// Answers is what a Request gathered, complete or not.
type Answers[A any] struct {
	Answers    []Answer[A] // in the order of Ask.Names; those with an Err too
	Missing    []string    // who did not answer in time, or is not there
	Duplicates int         // second answers under one name: the first counts
	Strangers  int         // answers of others
}

// RequestStats counts since New.
type RequestStats struct {
	Requests, TooFew, Answers, Failed, Missing, Duplicates, Strangers uint64
	Late                                                              uint64 // came after the Request had ended
}

type requestCounts struct {
	requests, tooFew, answers, failed, missing, duplicates, strangers, late atomic.Uint64
}

func (c *requestCounts) stats() RequestStats {
	return RequestStats{
		Requests: c.requests.Load(), TooFew: c.tooFew.Load(), Answers: c.answers.Load(), Failed: c.failed.Load(),
		Missing: c.missing.Load(), Duplicates: c.duplicates.Load(), Strangers: c.strangers.Load(), Late: c.late.Load(),
	}
}

type responder struct {
	name   string
	answer any // func(context.Context, Q) (A, error)
	busy   chan struct{}
}

// Respond lets answer, under a name, take part in every Request with the same question and answer types, from now until
// stop, which may be called more than once. Its context ends with the Request. A panic is an error.
func Respond[Q, A any](b *Bus, name string, answer func(ctx context.Context, q Q) (A, error)) (stop func()) {
	r := &responder{name: name, answer: answer, busy: make(chan struct{}, atOnce)}
	topic := question{reflect.TypeFor[Q](), reflect.TypeFor[A]()}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.responders[topic] = append(slices.Clone(b.responders[topic]), r)
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.responders[topic] = slices.DeleteFunc(slices.Clone(b.responders[topic]), func(o *responder) bool { return o == r })
	}
}

// Request asks everyone who responds, all at the same time, and gathers what those named answer until all have or the
// deadline comes. When fewer than the minimum answered without an error, it returns what there is with an error that
// wraps ErrTooFew; so partial answers are there in any case. It needs no Start.
func Request[Q, A any](ctx context.Context, b *Bus, q Q, ask Ask) (Answers[A], error) {
	if ask.Within <= 0 {
		ask.Within = 5 * time.Second
	}
	if ask.Minimum <= 0 {
		ask.Minimum = len(ask.Names)
	}
	ctx, cancel := context.WithTimeout(ctx, ask.Within)
	defer cancel()
	g := &gathering[A]{ask: ask, counts: &b.asked, first: map[string]Answer[A]{}, all: make(chan struct{})}
	if err := begin(ctx, b, q, g); err != nil {
		return Answers[A]{}, err
	}
	select {
	case <-g.all:
	case <-ctx.Done():
	}
	return g.end()
}

// begin starts everyone who responds.
func begin[Q, A any](ctx context.Context, b *Bus, q Q, g *gathering[A]) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return ErrClosed
	}
	b.asked.requests.Add(1)
	g.seen() // who nobody is asked of is complete
	for _, r := range b.responders[question{reflect.TypeFor[Q](), reflect.TypeFor[A]()}] {
		select {
		case r.busy <- struct{}{}:
		default:
			continue
		}
		ctx, cancel := context.WithCancel(ctx)
		stop := context.AfterFunc(b.ctx, cancel)
		b.wg.Go(func() {
			defer cancel()
			defer stop()
			defer func() { <-r.busy }()
			a := Answer[A]{From: r.name}
			func() {
				defer recovered(&a.Err)
				a.Value, a.Err = r.answer.(func(context.Context, Q) (A, error))(ctx, q)
			}()
			g.take(a)
		})
	}
	return nil
}

// A gathering is one Request's answers as they come.
type gathering[A any] struct {
	ask    Ask
	counts *requestCounts

	mu    sync.Mutex
	over  bool
	full  bool
	first map[string]Answer[A]
	out   Answers[A]
	all   chan struct{} // closed when all who were asked have answered
}

func (g *gathering[A]) take(a Answer[A]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, had := g.first[a.From]
	switch {
	case !slices.Contains(g.ask.Names, a.From):
		g.counts.strangers.Add(1)
		g.out.Strangers++
		return
	case had:
		g.counts.duplicates.Add(1)
		g.out.Duplicates++
		return
	case g.over:
		g.counts.late.Add(1)
		return
	}
	g.first[a.From] = a
	g.counts.answers.Add(1)
	if a.Err != nil {
		g.counts.failed.Add(1)
	}
	g.seen()
}

func (g *gathering[A]) seen() {
	for _, name := range g.ask.Names {
		if _, ok := g.first[name]; !ok {
			return
		}
	}
	if !g.full {
		g.full = true
		close(g.all)
	}
}

func (g *gathering[A]) end() (Answers[A], error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.over = true
	good := 0
	for _, name := range g.ask.Names {
		a, ok := g.first[name]
		if !ok {
			g.out.Missing = append(g.out.Missing, name)
			continue
		}
		g.out.Answers = append(g.out.Answers, a)
		if a.Err == nil {
			good++
		}
	}
	g.counts.missing.Add(uint64(len(g.out.Missing)))
	if good < g.ask.Minimum {
		g.counts.tooFew.Add(1)
		return g.out, fmt.Errorf("%w: %d of the %d that are needed", ErrTooFew, good, g.ask.Minimum)
	}
	return g.out, nil
}
