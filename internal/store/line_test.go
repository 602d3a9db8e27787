package store

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func openLine(t *testing.T, dir string) *line {
	t.Helper()
	l := new(line)
	if err := l.open(dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.close() })
	return l
}

// Locks belong to open files, so that two lines in one process are as those of two processes.
func TestLineTakesTurns(t *testing.T) {
	dir := t.TempDir()
	a, b := openLine(t, dir), openLine(t, dir)
	a.enter(nil)
	if !a.hasTurn {
		t.Fatal("nobody is in line, and the turn is not given")
	}
	got := make(chan bool)
	go func() {
		b.enter(nil)
		got <- b.hasTurn
	}()
	for free := true; free; { // until b stands in line
		f, err := os.OpenFile(filepath.Join(dir, fileName+".line"), os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		free = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	a.leave()
	a.enter(nil) // behind b, which waits already
	if !<-got {
		t.Fatal("who stood in line did not get the turn")
	}
	if a.hasTurn {
		t.Fatal("two have the turn")
	}
	b.leave()
}

// Who was stopped in the line keeps nobody from writing, and who was killed there is as if it had left.
func TestLineBehindTheDead(t *testing.T) {
	dir := t.TempDir()
	a := openLine(t, dir)
	holder, err := os.OpenFile(filepath.Join(dir, fileName+".turn"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Flock(int(holder.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if a.enter(nil); a.hasTurn || a.stuck.IsZero() {
		t.Fatal("who waited too long is to go past the line")
	}
	a.leave()
	if err := holder.Close(); err != nil { // as the kernel does for a process that ends
		t.Fatal(err)
	}
	b := openLine(t, dir)
	for deadline := time.Now().Add(time.Minute); !b.hasTurn; {
		b.stuck = time.Time{}
		if b.enter(nil); time.Now().After(deadline) {
			t.Fatal("a wait that was given up, or a dead process, keeps the turn")
		}
	}
	b.leave()
}

// A store that is closed holds no place in the line open: in a process that opens many, those would add up.
func TestLineClosesWithTheStore(t *testing.T) {
	s, err := Open(t.Context(), Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	l := &s.engine.(*sqliteDB).line
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*place{&l.end, &l.turn} {
		if err := p.file.Close(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s is open: %v", p.file.Name(), err)
		}
	}
}

// BenchmarkLine is what standing in line costs when nobody else does.
func BenchmarkLine(b *testing.B) {
	l := new(line)
	if err := l.open(b.TempDir()); err != nil {
		b.Fatal(err)
	}
	defer l.close()
	for b.Loop() {
		l.enter(nil)
		l.leave()
	}
}
