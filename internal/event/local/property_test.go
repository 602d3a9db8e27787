package local_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/event/local"
)

// FuzzOrderAndCounts does what the bytes say, with subscribers of every kind, and holds the bus to its promises: whoever
// handled events did so in the order in which they were emitted, and for each subscriber nothing is unaccounted for.
func FuzzOrderAndCounts(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})
	f.Add([]byte("emit emit pause emit lead emit emit resign emit resume start"))
	f.Add([]byte{5, 0, 6, 0, 0, 0, 0, 0, 7, 0, 0, 3, 0, 0, 4, 0, 0, 1, 1, 1, 2, 2, 2})
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) > 300 {
			script = script[:300]
		}
		synctest.Test(t, func(t *testing.T) { play(t, script) })
	})
}

// A player has one subscriber of each kind, and notes what they handled.
type player struct {
	b       *local.Bus
	mu      sync.Mutex
	handled map[string][]int
	drops   map[string]uint64
}

func play(t *testing.T, script []byte) {
	p := &player{handled: map[string][]int{}, drops: map[string]uint64{}}
	p.b = local.New(local.Options{Hold: 4, Wait: time.Second, Dropped: func(d local.Drop) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.drops[d.Subscriber]++
	}})
	var handles []*local.Handle
	for _, of := range []local.Subscription{
		{Name: "oldest", Buffer: 2, Every: true},
		{Name: "newest", Buffer: 2, Full: local.DropNewest, Every: true},
		{Name: "critical", Buffer: 2, Critical: true, Every: true},
		{Name: "merging", Buffer: 3},
		{Name: "leader", Buffer: 3, Leader: true, Every: true},
	} {
		handles = append(handles, subscribe(t, p.b, of, func(_ context.Context, e, _ event.Event) error {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.handled[of.Name] = append(p.handled[of.Name], int(e.Seq))
			return nil
		}))
	}
	emitted, kept := p.do(t, script, handles)
	p.b.Start()
	for _, h := range handles {
		h.Resume()
	}
	synctest.Wait()
	st := p.b.Stats()
	p.b.Close()
	if st.Emitted != emitted || st.Overflow != emitted-kept {
		t.Errorf("emitted %d, of which %d were taken: %+v", emitted, kept, st)
	}
	for name, s := range st.Subscribers {
		p.check(t, name, s, kept)
	}
}

// do plays the script and returns how many events were emitted, and how many of them the bus took.
func (p *player) do(t *testing.T, script []byte, handles []*local.Handle) (emitted, kept uint64) {
	resign := func() {}
	defer func() { resign() }()
	for i, op := range script {
		switch op % 8 {
		case 1:
			handles[int(op/8)%len(handles)].Pause()
		case 2:
			handles[int(op/8)%len(handles)].Resume()
		case 3:
			resign()
			resign = p.b.Lead()
		case 4:
			resign()
		case 5:
			p.b.Start()
		case 6:
			synctest.Wait()
		default:
			emitted++
			key := ""
			if op >= 128 {
				key = fmt.Sprint(op % 3)
			}
			err := p.b.EmitLatest(t.Context(), key, of(i+1, event.TypeDeviceSynced))
			var stuck *local.StuckError
			if err != nil && !errors.Is(err, local.ErrNotStarted) && !errors.As(err, &stuck) {
				t.Errorf("emit: %v", err)
			}
			if !errors.Is(err, local.ErrNotStarted) {
				kept++
			}
		}
	}
	return emitted, kept
}

func (p *player) check(t *testing.T, name string, s local.SubscriberStats, kept uint64) {
	if sum := s.Handled + s.Merged + s.Dropped + s.Refused + s.Left + uint64(s.Pending); s.Offered != sum {
		t.Errorf("%s: offered %d, accounted for %d: %+v", name, s.Offered, sum, s)
	}
	if s.Offered+s.Skipped != kept || s.Handled != uint64(len(p.handled[name])) || s.Dropped != p.drops[name] {
		t.Errorf("%s: of %d: handled %d, told of %d drops: %+v", name, kept, len(p.handled[name]), p.drops[name], s)
	}
	if name != "merging" && !slices.IsSorted(p.handled[name]) {
		t.Errorf("%s: out of order: %v", name, p.handled[name])
	}
	if s.Critical && s.Dropped > 0 || !s.Critical && s.Refused > 0 {
		t.Errorf("%s: dropped or refused what it must not: %+v", name, s)
	}
}

// TestManyEmitters has emitters that race, so that the race detector sees them: what one emitted comes in its order, and
// all subscribers see the same one.
func TestManyEmitters(t *testing.T) {
	const emitters, each = 8, 200
	b := local.New(local.Options{Wait: time.Minute})
	defer b.Close()
	b.Start()
	var first, second sheet
	all := make(chan struct{}, 2)
	for _, s := range []*sheet{&first, &second} {
		subscribe(t, b, local.Subscription{Name: "s", Buffer: 4, Critical: true}, func(ctx context.Context, e, _ event.Event) error {
			_ = s.note(ctx, e, e)
			if len(s.seqs) == emitters*each {
				all <- struct{}{}
			}
			return nil
		})
	}
	var wg sync.WaitGroup
	for i := range emitters {
		wg.Go(func() {
			for n := range each {
				if err := b.Emit(t.Context(), of(i*each+n, event.TypeDeviceSynced)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	<-all
	<-all
	if !slices.Equal(first.seqs, second.seqs) {
		t.Error("two subscribers saw two orders")
	}
	last := make([]int, emitters)
	for _, seq := range first.seqs {
		if i := seq / each; seq < last[i] {
			t.Fatalf("emitter %d: %d after %d", i, seq, last[i])
		} else {
			last[i] = seq
		}
	}
}

func BenchmarkEmit(b *testing.B) {
	bus := local.New(local.Options{Wait: time.Minute})
	defer bus.Close()
	bus.Start()
	for i := range 4 {
		if _, err := local.Subscribe(bus, local.Subscription{Name: fmt.Sprint(i), Critical: true}, func(context.Context, event.Event, event.Event) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	e := of(1, event.TypeDeviceSynced)
	for b.Loop() {
		if err := bus.Emit(b.Context(), e); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
