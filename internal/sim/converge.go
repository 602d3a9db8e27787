package sim

import (
	"context"
	"sync"

	"github.com/tenter-net/tenter/internal/sim/conf"
	"github.com/tenter-net/tenter/internal/sim/plane"
)

// converge works the control plane out anew whenever something in the fabric changed.
func (f *Fabric) converge(ctx context.Context) error {
	for {
		round := f.settled.begin()
		in := plane.Input{Devices: map[string]*conf.Tree{}, Mute: map[string]bool{}, Deaf: map[string]bool{}}
		for name, s := range f.services {
			in.Devices[name] = s.running()
			in.Mute[name], in.Deaf[name] = s.faults.on(BGPDown), s.faults.on(LLDPSilent)
		}
		in.Links = f.wires.links(f.topology)
		result := plane.Compute(in)
		for name, s := range f.services {
			s.compute(in.Devices[name], result.State[name])
		}
		f.settled.end(round, result)
		if !f.wake.wait(ctx) {
			return nil
		}
	}
}

// stir tells the control plane that something changed.
func (f *Fabric) stir() {
	f.settled.stir()
	f.wake.wake()
}

// settled tells when the control plane has caught up with every change.
type settled struct {
	mu      sync.Mutex
	changed uint64 // counts changes
	done    uint64 // the changes that the last result has seen
	result  plane.Result
	news    chan struct{} // closed and replaced with every result
}

func (s *settled) init() { s.changed, s.news = 1, make(chan struct{}) }

func (s *settled) stir() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed++
}

func (s *settled) begin() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

func (s *settled) end(round uint64, r plane.Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done, s.result = round, r
	close(s.news)
	s.news = make(chan struct{})
}

// wait returns the result that has seen every change made before the call.
func (s *settled) wait(ctx context.Context) (plane.Result, error) {
	s.mu.Lock()
	want := s.changed
	s.mu.Unlock()
	for {
		s.mu.Lock()
		done, result, news := s.done, s.result, s.news
		s.mu.Unlock()
		if done >= want {
			return result, nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return plane.Result{}, ctx.Err()
		}
	}
}
