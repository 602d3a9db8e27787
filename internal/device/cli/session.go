package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sync"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/device/fault"
	"github.com/tenter-net/tenter/internal/device/ssh"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/tree"
)

// Config is what a session needs to know of its device.
type Config struct {
	Name    intent.DeviceName
	Address string // host:port
	Trust   ssh.Trust
	// Username, Password and PrivateKey are read for each connection, so that all can change; nil has nothing to offer.
	// Their errors must not hold what they read.
	Username, Password, PrivateKey func() (string, error)
	Profile                        *profile.Profile
	Table                          *tree.Table // of the device: what is read is interned in it
	Log                            *zap.Logger
}

// A Session is the way to one device. It is safe for concurrent use; what it does is done one after the other.
type Session struct {
	cfg    Config
	log    *zap.Logger
	turn   chan struct{} // holds a token while nothing is under way
	closed chan struct{}
	close  sync.Once

	mu      sync.Mutex
	hostKey string // SHA-256 of what the device showed last
}

// Dial returns a session after the device has shown a prompt. The error is a *fault.Error unless the configuration itself is
// wrong.
func Dial(ctx context.Context, cfg Config) (*Session, error) {
	s := &Session{
		cfg:    cfg,
		log:    cfg.Log.With(zap.String("device", string(cfg.Name)), zap.String("address", cfg.Address)),
		turn:   make(chan struct{}, 1),
		closed: make(chan struct{}),
	}
	s.turn <- struct{}{}
	if cfg.Trust.Anyone {
		s.log.Warn("HOST KEY IS NOT CHECKED: anybody between Tenter and the device can read and change everything")
	}
	if err := s.do(ctx, "connect", func(context.Context, *terminal) error { return nil }); err != nil {
		return nil, err
	}
	return s, nil
}

// Close ends what is under way, and refuses what comes after. A second Close does nothing.
func (s *Session) Close() error {
	s.close.Do(func() {
		close(s.closed)
		<-s.turn // nothing is under way any more, and nothing will be
	})
	return nil
}

var errClosed = errors.New("the session is closed")

// do runs a call on a terminal of its own.
func (s *Session) do(ctx context.Context, call string, fn func(context.Context, *terminal) error) error {
	select {
	case <-s.turn:
	case <-s.closed:
		return s.failure(call, fault.Unreachable, errClosed)
	case <-ctx.Done():
		return s.failure(call, fault.Unreachable, fmt.Errorf("another call is still under way: %w", ctx.Err()))
	}
	defer func() { s.turn <- struct{}{} }()
	limit := s.cfg.Profile.Limits.Timeout
	ctx, stop := context.WithTimeoutCause(ctx, limit, fmt.Errorf("not done within %s", limit))
	defer stop()
	ctx, done := s.whileOpen(ctx)
	defer done()
	t, err := s.connect(ctx)
	if err != nil {
		return s.fail("connect", err)
	}
	defer t.close()
	return s.fail(call, fn(ctx, t))
}

// whileOpen returns a context that ends with the session. done gives back what that takes.
func (s *Session) whileOpen(ctx context.Context) (_ context.Context, done func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-s.closed:
			cancel(errClosed)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil); <-watched }
}

// connect opens connection, shell and terminal.
func (s *Session) connect(ctx context.Context) (*terminal, error) {
	conn, err := ssh.Dial(ctx, ssh.Config{
		Address: s.cfg.Address, Trust: s.cfg.Trust, Username: s.cfg.Username, Password: s.cfg.Password, PrivateKey: s.cfg.PrivateKey,
	})
	if err != nil {
		return nil, &kindError{connectKind(err), because(ctx, err)}
	}
	s.mu.Lock()
	s.hostKey = conn.Fingerprint()
	s.mu.Unlock()
	open, cancel := context.WithTimeout(ctx, s.cfg.Profile.CLI.Patience)
	defer cancel()
	stream, err := conn.Shell(open, uint32(s.cfg.Profile.CLI.Columns), 1000)
	if err != nil {
		_ = conn.Close() // the reason is in err
		return nil, &kindError{fault.Unreachable, because(ctx, err)}
	}
	t, err := openTerminal(ctx, newWire(stream, s.cfg.Profile.Limits.MaxMessage), s.cfg.Profile)
	var known *kindError
	if err != nil && !errors.As(err, &known) {
		err = &kindError{fault.Unreachable, err} // no command that changes anything was sent
	}
	if err != nil {
		return nil, err
	}
	return t, nil
}

// Probe asks the device what it is. What it does not tell stays zero; the error is about the connection only.
func (s *Session) Probe(ctx context.Context) (profile.Facts, error) {
	var f profile.Facts
	version := s.cfg.Profile.CLI.Version
	err := s.do(ctx, "probe", func(ctx context.Context, t *terminal) error {
		if version.Command == "" {
			return nil
		}
		out, err := t.command(ctx, version.Command)
		f.SoftwareVersion = firstMatch(string(version.Pattern), out)
		return err
	})
	s.mu.Lock()
	f.HostKeySHA256 = s.hostKey
	s.mu.Unlock()
	return f, err
}

// firstMatch returns what the first parentheses match, or all of the match, or nothing.
func firstMatch(pattern, text string) string {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return ""
	}
	m := re.FindStringSubmatch(text)
	if len(m) == 0 {
		return ""
	}
	return m[min(1, len(m)-1)]
}
