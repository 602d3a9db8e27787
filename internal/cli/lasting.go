package cli

import (
	"errors"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

// A lasting writer writes to a file or a pipe. A pipe that nobody reads any more takes everything and shows nothing.
type lasting struct {
	to   *os.File
	gone atomic.Bool
}

// Write writes p, and reports its length.
func (l *lasting) Write(p []byte) (int, error) {
	if l.gone.Load() {
		return len(p), nil
	}
	n, err := l.to.Write(p)
	if errors.Is(err, syscall.EPIPE) {
		l.gone.Store(true)
		return len(p), nil
	}
	return n, err
}

// outlive makes this process outlive the readers of its output: "tenter apply | head" ends with the run, not in the middle of it.
// Without it the signal of a broken pipe ends the process, as it should where nothing is done but writing.
func outlive() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }
