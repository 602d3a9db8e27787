package netconf

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/device/fault"
	"github.com/tenter-net/tenter/internal/device/ssh"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/tree"
)

// connectTimeout bounds SSH and the hellos together. The hello of a device with many modules takes seconds.
const connectTimeout = 30 * time.Second

// Config is what a session needs to know of its device.
type Config struct {
	Name    intent.DeviceName
	Address string // host:port; an IPv6 host in brackets
	Trust   ssh.Trust
	// Username, Password and PrivateKey are read for each connection, so that they can change; nil has nothing to offer.
	// Their errors must not hold what they read.
	Username, Password, PrivateKey func() (string, error)
	Profile                        *profile.Profile
	Table                          *tree.Table // of the device: what is read is interned in it
	Log                            *zap.Logger
}

// A Session is one connection to one device. It is safe for concurrent use; what it is asked for is done one after the
// other.
type Session struct {
	cfg     Config
	log     *zap.Logger
	using   chan struct{} // holds a token while nobody uses the link
	opened  *opened       // with the token: a confirmed commit of this session that is open
	secrets []string      // with the token: values of the Set under way, which nobody may quote

	mu      sync.Mutex
	link    *link // nil while there is none
	hostKey string
	closed  bool
}

// Dial returns a session whose connection stands. The error is a *fault.Error.
func Dial(ctx context.Context, cfg Config) (*Session, error) {
	s := &Session{
		cfg:   cfg,
		log:   cfg.Log.With(zap.String("device", string(cfg.Name)), zap.String("address", cfg.Address)),
		using: make(chan struct{}, 1),
	}
	s.using <- struct{}{}
	if cfg.Trust.Anyone {
		s.log.Warn("HOST KEY IS NOT CHECKED: anybody between Tenter and the device can read and change everything")
	}
	if _, err := s.connect(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// Close ends the connection and every call on it.
func (s *Session) Close() error {
	s.mu.Lock()
	s.closed = true
	l := s.link
	s.link = nil
	s.mu.Unlock()
	if l == nil {
		return nil
	}
	select {
	case <-s.using:
		l.leave()
		s.using <- struct{}{}
	default: // a call is under way, and ends with its connection
		_ = l.stream.Close()
	}
	return nil
}

var errClosed = errors.New("the session is closed")

// connect returns the link, a new one where there is none. The caller has the token, or is the only one to know s.
func (s *Session) connect(ctx context.Context) (*link, error) {
	s.mu.Lock()
	l, closed := s.link, s.closed
	s.mu.Unlock()
	switch {
	case closed:
		return nil, s.failure("connect", fault.Unreachable, errClosed)
	case l != nil && !l.broken && !l.stream.Ended():
		return l, nil
	case l != nil: // many devices end a session that was silent for a while: that is no reason to call them away
		l.close()
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	conn, err := ssh.Dial(ctx, ssh.Config{
		Address: s.cfg.Address, Trust: s.cfg.Trust,
		Username: s.cfg.Username, Password: s.cfg.Password, PrivateKey: s.cfg.PrivateKey,
	})
	if err != nil {
		return nil, s.failure("connect", connectKind(err), err)
	}
	hostKey := conn.Fingerprint()
	if l, err = open(ctx, conn, s.cfg.Profile.Limits.MaxMessage); err != nil {
		return nil, s.failure("connect", fault.Unreachable, err)
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		l.close()
		return nil, s.failure("connect", fault.Unreachable, errClosed)
	}
	s.link, s.hostKey = l, hostKey
	s.mu.Unlock()
	s.log.Debug("NETCONF session", zap.String("version", l.caps.version), zap.String("session", l.caps.session))
	return l, nil
}

func connectKind(err error) fault.Kind {
	switch {
	case errors.Is(err, ssh.ErrHostKey):
		return fault.Untrusted
	case errors.Is(err, ssh.ErrLogin):
		return fault.Unauthenticated
	}
	return fault.Unreachable
}

// use gives fn the link for itself.
func (s *Session) use(ctx context.Context, fn func(*link) error) error {
	select {
	case <-s.using:
	case <-ctx.Done():
		return s.failure("wait", fault.Unreachable, fmt.Errorf("another call is still under way: %w", ctx.Err()))
	}
	defer func() { s.using <- struct{}{} }()
	l, err := s.connect(ctx)
	if err != nil {
		return err
	}
	err = fn(l)
	if l.broken {
		l.close()
		s.mu.Lock()
		if s.link == l {
			s.link = nil
		}
		s.mu.Unlock()
	}
	return err
}

// do sends one operation within the profile's time. changes says that the operation changes what the device does, so that
// the loss of its answer leaves that open.
func (s *Session) do(ctx context.Context, l *link, name, operation string, changes bool) (*element, error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Profile.Limits.Timeout)
	defer cancel()
	data, warnings, err := l.call(ctx, []byte(operation))
	if len(warnings) > 0 {
		warnings.strike(s.secrets)
		s.log.Warn("the device warns", zap.String("call", name), zap.Error(warnings))
	}
	var said rpcErrors
	if errors.As(err, &said) {
		said.strike(s.secrets)
	}
	var unsent unsentError
	switch {
	case err == nil:
		return data, nil
	case errors.As(err, &said) && said.has("lock-denied") != nil:
		return nil, s.failure(name, fault.Locked, said)
	case errors.As(err, &said) && said.has("access-denied") != nil:
		return nil, s.failure(name, fault.Unauthenticated, said)
	case errors.As(err, &said) && said.has("operation-not-supported") != nil:
		return nil, s.failure(name, fault.Unsupported, said)
	case errors.As(err, &said):
		return nil, s.failure(name, fault.Refused, said)
	case errors.Is(err, errTooLarge) && !changes:
		return nil, s.failure(name, fault.TooLarge, err)
	case errors.As(err, &unsent) || !changes:
		return nil, s.failure(name, fault.Unreachable, fmt.Errorf("%w%s", err, complaint(l.stream)))
	}
	return nil, s.failure(name, fault.Lost, fmt.Errorf("%w%s", err, complaint(l.stream)))
}
