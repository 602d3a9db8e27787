package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/tenter-net/tenter/internal/device/fault"

	"github.com/scrapli/scrapligo/transport"
)

// A wire is scrapligo's way to the device. It echoes by itself what is typed, as scrapligo waits for that and the
// terminal does not: what a device echoes is folded, cut or decorated as it likes. It bounds what the device prints
// after each command, since scrapligo queues without end.
type wire struct {
	stream io.ReadWriteCloser
	limit  int

	mu     sync.Mutex
	more   sync.Cond
	buf    []byte
	got    int    // bytes since the last command
	line   []byte // the end of the last line that came
	err    error  // why there will be no more
	pumped chan struct{}
}

func newWire(stream io.ReadWriteCloser, limit int) *wire {
	w := &wire{stream: stream, limit: limit, pumped: make(chan struct{})}
	w.more.L = &w.mu
	go w.pump()
	return w
}

// pump takes what the device prints until there is no more, or too much.
func (w *wire) pump() {
	defer close(w.pumped)
	buf := make([]byte, 32<<10)
	for {
		n, err := w.stream.Read(buf)
		if !w.take(buf[:n]) {
			return
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = errors.New("the device ended the session")
			}
			w.end(err)
			return
		}
	}
}

func (w *wire) take(b []byte) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.got += len(b)
	if w.got > w.limit {
		w.fail(&kindError{fault.TooLarge, fmt.Errorf("the device prints more than %d bytes", w.limit)})
	}
	if w.err != nil {
		return false
	}
	w.buf = append(w.buf, b...)
	w.line = append(w.line, b...)
	if i := bytes.LastIndexByte(bytes.TrimRight(w.line, "\r\n"), '\n'); i >= 0 {
		w.line = w.line[i+1:]
	}
	w.line = bytes.Clone(w.line[max(0, len(w.line)-maxLine):])
	w.more.Broadcast()
	return true
}

// maxLine is how much of a line is kept for an error.
const maxLine = 200

// lastLine returns the end of the last line that came, whole or not.
func (w *wire) lastLine() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.ToValidUTF8(string(w.line), "")
}

// end says why there is no more; the first reason counts.
func (w *wire) end(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fail(err)
}

func (w *wire) fail(err error) {
	if w.err == nil {
		w.err = err
	}
	w.more.Broadcast()
}

// failure returns why there is no more, nil while there may be.
func (w *wire) failure() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// Open does nothing: the stream stands.
func (w *wire) Open(*transport.Args) error { return nil }

// Close ends both directions and returns after what the wire started has ended.
func (w *wire) Close() error {
	w.end(errors.New("the session is closed"))
	err := w.stream.Close()
	<-w.pumped
	return err
}

// IsAlive reports whether there may be more.
func (w *wire) IsAlive() bool { return w.failure() == nil }

// Read waits for bytes. After the end it says io.EOF, on which scrapligo stops reading.
func (w *wire) Read(n int) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.buf) == 0 && w.err == nil {
		w.more.Wait()
	}
	if w.err != nil {
		return nil, io.EOF
	}
	n = min(n, len(w.buf))
	out := append([]byte(nil), w.buf[:n]...)
	w.buf = append(w.buf[:0], w.buf[n:]...)
	return out, nil
}

// Write types, and echoes what is typed but for the end of a line.
func (w *wire) Write(b []byte) error {
	w.mu.Lock()
	w.got = 0
	if string(b) != "\n" {
		w.buf = append(w.buf, b...)
		w.more.Broadcast()
	}
	err := w.err
	w.mu.Unlock()
	if err != nil {
		return err
	}
	_, err = w.stream.Write(b)
	return err
}

var _ transport.Implementation = (*wire)(nil)
