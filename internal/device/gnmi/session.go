package gnmi

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	gpb "github.com/openconfig/gnmi/proto/gnmi"
	"go.uber.org/zap"
	"google.golang.org/grpc"

	"github.com/tenter-net/tenter/internal/device/fault"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/wire"
)

// connectTimeout bounds TCP and TLS together. A device that is up answers in milliseconds.
const connectTimeout = 10 * time.Second

// Config is what a session needs to know of its device.
type Config struct {
	Name    intent.DeviceName
	Address string // host:port
	Target  string // prefix.target of every request, for a device behind a gateway; empty for none
	TLS     TLS
	// Username and Password are read for each call, so that both can change; nil sends none. Their errors must not
	// hold what they read.
	Username, Password func() (string, error)
	Profile            *profile.Profile
	Table              *tree.Table // of the device: what is read is interned in it
	Log                *zap.Logger
}

// A Session is one connection to one device. It is safe for concurrent use; its Sets are sent one after the other.
type Session struct {
	cfg     Config
	log     *zap.Logger
	decoder wire.Decoder
	conn    *grpc.ClientConn
	client  gpb.GNMIClient
	trouble trouble
	setting chan struct{} // holds a token while no Set is under way
	unsaved atomic.Bool   // it was said that nothing is saved
	calls   chan struct{} // holds a token for each call under way; nil where there may be any number

	mu          sync.Mutex
	certificate string                  // SHA-256 of what the device showed last
	caps        *gpb.CapabilityResponse // nil until asked, empty where the device has no Capabilities
	lacks       map[string]bool         // calls that the device said it does not implement
	forms       map[string]form         // of reading, that worked last
	strangers   map[string]bool         // targets that nobody asked for, and that were told of
}

// Dial returns a session whose connection stands. The error is a *fault.Error unless the configuration itself is wrong.
func Dial(ctx context.Context, cfg Config) (*Session, error) {
	s := &Session{
		cfg:     cfg,
		log:     cfg.Log.With(zap.String("device", string(cfg.Name)), zap.String("address", cfg.Address)),
		decoder: wire.Decoder{Roots: cfg.Table.Roots()},
		setting: make(chan struct{}, 1),
		lacks:   map[string]bool{},
		forms:   map[string]form{},

		strangers: map[string]bool{},
	}
	s.setting <- struct{}{}
	if most := cfg.Profile.Limits.MaxCalls; most > 0 {
		s.calls = make(chan struct{}, most)
	}
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("device %q: %w", cfg.Name, err)
	}
	s.client = gpb.NewGNMIClient(s.conn)
	if err := s.ready(ctx); err != nil {
		_ = s.conn.Close() // the reason is in err
		return nil, err
	}
	return s, nil
}

// Close ends the connection and every call on it.
func (s *Session) Close() error { return s.conn.Close() }

func (s *Session) seen(certificate string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.certificate = certificate
}

func (s *Session) lack(call string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lacks[call]
}

func (s *Session) setLack(call string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.lacks[call] {
		s.log.Info("the device does not implement a call", zap.String("call", call))
	}
	s.lacks[call] = true
}

func (s *Session) worked(m profile.ReadMethod, kind gpb.GetRequest_DataType) (form, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := s.forms[string(m)+kind.String()]
	return f, ok
}

func (s *Session) setWorked(m profile.ReadMethod, kind gpb.GetRequest_DataType, f form) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forms[string(m)+kind.String()] = f
}

// begin waits until the device may get one more call. The caller ends it, once or more often.
func (s *Session) begin(ctx context.Context) (end func(), err error) {
	if s.calls == nil {
		return func() {}, nil
	}
	select {
	case s.calls <- struct{}{}:
		return sync.OnceFunc(func() { <-s.calls }), nil
	case <-ctx.Done():
		return nil, s.failure("call", fault.Unreachable, fmt.Errorf("%d calls are still under way, as many as the device takes: %w", cap(s.calls), ctx.Err()))
	}
}

// unary bounds one call and makes sure of the connection, so that whatever fails after it counts as sent.
func (s *Session) unary(ctx context.Context) (context.Context, context.CancelFunc, error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Profile.Limits.Timeout)
	end, err := s.begin(ctx)
	if err != nil {
		cancel()
		return nil, nil, err
	}
	if err := s.ready(ctx); err != nil {
		end()
		cancel()
		return nil, nil, err
	}
	return ctx, func() { cancel(); end() }, nil
}
