package store

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// A line is where the processes that write to one SQLite store wait for their turn. SQLite alone has those who wait look
// again after a pause, which leaves the store idle meanwhile and gives the turn to whoever looks at the right moment: the
// kernel wakes the next at once.
//
// It is for order and speed only. What keeps writers apart is SQLite's own lock, so that who has waited too long, behind a
// process that was stopped, goes past the line.
type line struct {
	end, turn place // held while waiting for the turn, and during it
	hasTurn   bool
	stuck     time.Time // when it was last found to be, zero if it is not
}

const (
	mostInLine = 500 * time.Millisecond // after which the line is taken to be stuck
	stuckFor   = 10 * time.Second       // for which this process does not stand in it then
)

func (l *line) open(dir string) error {
	var errs [2]error
	l.end.file, errs[0] = os.OpenFile(filepath.Join(dir, fileName+".line"), os.O_CREATE|os.O_RDWR, 0o600)
	l.turn.file, errs[1] = os.OpenFile(filepath.Join(dir, fileName+".turn"), os.O_CREATE|os.O_RDWR, 0o600)
	return errors.Join(errs[:]...)
}

// enter waits for the turn, for a bounded time and not after stop is closed.
func (l *line) enter(stop <-chan struct{}) {
	if l.end.file == nil || !l.stuck.IsZero() && time.Since(l.stuck) < stuckFor {
		return
	}
	ok := l.end.take(stop)
	if ok {
		l.hasTurn = l.turn.take(stop)
		l.end.leave()
	}
	if l.stuck = (time.Time{}); !l.hasTurn {
		l.stuck = time.Now()
	}
}

// leave gives the turn to the next in line.
func (l *line) leave() {
	if l.hasTurn {
		l.turn.leave()
		l.hasTurn = false
	}
}

func (l *line) close() error {
	var errs []error
	for _, p := range []*place{&l.end, &l.turn} {
		if p.file != nil {
			errs = append(errs, p.close())
		}
	}
	return errors.Join(errs...)
}

// A place is the lock of one file (flock(2)), which the kernel drops when its holder's process ends, however it ends.
type place struct {
	file *os.File

	mu      sync.Mutex
	waiting chan struct{} // of a wait that nobody has seen the end of, closed when it is over
	wanted  bool          // by whoever began that wait, still
	held    bool
	closed  bool
}

// take locks the file, and reports whether it did so in time.
func (p *place) take(stop <-chan struct{}) bool {
	p.mu.Lock()
	if p.waiting == nil {
		if unix.Flock(int(p.file.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
			p.held = true
			p.mu.Unlock()
			return true
		}
		p.waiting = make(chan struct{})
		go p.wait(p.waiting)
	}
	p.wanted = true
	over := p.waiting
	p.mu.Unlock()
	late := time.NewTimer(mostInLine)
	defer late.Stop()
	select {
	case <-over:
	case <-late.C:
	case <-stop:
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wanted = false
	return p.held
}

// wait locks the file for whoever still wants it then.
func (p *place) wait(over chan struct{}) {
	err := unix.Flock(int(p.file.Fd()), unix.LOCK_EX)
	for errors.Is(err, unix.EINTR) {
		err = unix.Flock(int(p.file.Fd()), unix.LOCK_EX)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held = err == nil && p.wanted; err == nil && !p.wanted {
		_ = unix.Flock(int(p.file.Fd()), unix.LOCK_UN)
	}
	p.waiting = nil
	close(over)
	if p.closed {
		_ = p.file.Close()
	}
}

func (p *place) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = false
	_ = unix.Flock(int(p.file.Fd()), unix.LOCK_UN)
}

// close closes the file, or has the wait do it that is still for its lock.
func (p *place) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed = true; p.waiting != nil {
		return nil
	}
	return p.file.Close()
}
