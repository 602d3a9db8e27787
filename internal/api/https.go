package api

import (
	"context"
	"crypto/tls"
	"log"
	"net"
	"sync"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// HTTPS says where to listen for those who have a token, and with which certificate.
type HTTPS struct {
	Address           string
	CertFile, KeyFile string
}

// listen listens with TLS 1.2 or newer. Another certificate in the files is shown to whoever connects from then on.
func (h HTTPS) listen(ctx context.Context, log *zap.Logger) (net.Listener, error) {
	pair, err := newKeyPair(h, log)
	if err != nil {
		return nil, err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", h.Address)
	if err != nil {
		return nil, err
	}
	return tls.NewListener(l, &tls.Config{GetCertificate: pair.get, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}), nil
}

// quiet logs what net/http says of single connections, such as broken handshakes, for those who look for it.
func quiet(l *zap.Logger) *log.Logger {
	std, err := zap.NewStdLogAt(l, zapcore.DebugLevel)
	if err != nil { // the level is a fixed one
		return log.Default()
	}
	return std
}

// How many wrong tokens an address may send in a while, and for how many addresses that is remembered.
const (
	mostWrong     = 20
	wrongWithin   = time.Minute
	mostAddresses = 10_000
)

// A gate keeps addresses that sent too many wrong tokens from trying further ones for a while. It is safe for concurrent use.
type gate struct {
	mu    sync.Mutex
	now   func() time.Time
	wrong map[string]attempts
}

type attempts struct {
	since time.Time
	n     int
}

func newGate() *gate { return &gate{now: time.Now, wrong: map[string]attempts{}} }

// open reports whether the address may try.
func (g *gate) open(host string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	a, known := g.wrong[host]
	if known && g.now().Sub(a.since) >= wrongWithin {
		delete(g.wrong, host)
		return true
	}
	return a.n < mostWrong
}

// failed notes a wrong token. With too many addresses at once, all are forgotten: memory is bounded, tokens cannot be guessed.
func (g *gate) failed(host string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.wrong) >= mostAddresses {
		clear(g.wrong)
	}
	a := g.wrong[host]
	if a.n == 0 {
		a.since = g.now()
	}
	a.n++
	g.wrong[host] = a
}
