//go:build real

package frr

import "sync"

// A tail keeps the end of what a process says.
type tail struct {
	mu   sync.Mutex
	text []byte
}

// Write never fails.
func (l *tail) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	const most = 16 << 10
	l.text = append(l.text, b...)
	if len(l.text) > most {
		l.text = l.text[len(l.text)-most:]
	}
	return len(b), nil
}

// String returns it.
func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}
