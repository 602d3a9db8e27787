package gnmi

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/tenter-net/tenter/internal/device/fault"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

// tcpKeepAlive finds a dead peer in about 25 s. It stands in for gRPC's own pings where the profile spaces those
// widely: many devices answer them with GOAWAY when they come more often than every five minutes.
var tcpKeepAlive = net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3}

// mostAnswer bounds a message that a device sends, whatever it takes itself: one answer may hold all that a big one has.
const mostAnswer = 64 << 20

// trouble remembers why connecting failed last. gRPC would only tell within the error text of some later call.
type trouble struct {
	mu    sync.Mutex
	count int
	err   error
}

func (t *trouble) note(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count++
	t.err = err
}

func (t *trouble) last() (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.count, t.err
}

// noting is the TLS of a connection, with its failures noted.
type noting struct {
	credentials.TransportCredentials
	trouble *trouble
}

// ClientHandshake notes why a handshake failed. With TLS 1.3 a device refuses our certificate only after it, on
// the first read.
func (n noting) ClientHandshake(ctx context.Context, authority string, c net.Conn) (net.Conn, credentials.AuthInfo, error) {
	conn, info, err := n.TransportCredentials.ClientHandshake(ctx, authority, c)
	if err != nil {
		n.trouble.note(handshakeError{err})
		return conn, info, err
	}
	return &notingConn{Conn: conn, trouble: n.trouble}, info, nil
}

// Clone keeps the notes.
func (n noting) Clone() credentials.TransportCredentials {
	return noting{n.TransportCredentials.Clone(), n.trouble}
}

// A handshakeError is why a TLS handshake failed.
type handshakeError struct{ error }

func (h handshakeError) Unwrap() error { return h.error }

// errSpeaksTLS says that the peer answered what was not TLS with a TLS alert.
var errSpeaksTLS = errors.New("it answered with a TLS alert")

// preface is how many bytes a peer must have sent before it can be said to speak HTTP/2: the head of its first frame.
const preface = 9

// A notingConn notes why a connection ended before the peer was heard. Whether the network tells of that by an end or a
// reset, on reading or on writing, is a matter of timing.
type notingConn struct {
	net.Conn
	trouble *trouble

	mu    sync.Mutex
	heard []byte // the first bytes, up to preface
}

// Read keeps the first bytes.
func (c *notingConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.heard) < preface {
		c.heard = append(c.heard, b[:min(n, preface-len(c.heard))]...)
	}
	c.note(err)
	return n, err
}

// Write notes its failures too: a peer that hung up may be noticed by either.
func (c *notingConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.note(err)
	return n, err
}

// note tells of a failure before anything was heard of the peer. That gRPC itself has closed the connection, since
// something else failed first, says nothing of why.
func (c *notingConn) note(err error) {
	const alert, version = 0x15, 0x03 // a TLS record of that type begins so (RFC 8446, section 5.1)
	switch {
	case err == nil || len(c.heard) == preface && c.heard[0] != alert:
	case len(c.heard) > 1 && c.heard[0] == alert && c.heard[1] == version:
		c.trouble.note(errSpeaksTLS)
	case len(c.heard) < preface && !errors.Is(err, net.ErrClosed):
		c.trouble.note(err)
	}
}

// login sends user and password with each call, as the gNMI authentication specification asks.
type login struct {
	user, password func() (string, error)
	plaintext      bool
}

// GetRequestMetadata reads both anew for each call, so that a rotated password needs no restart.
func (l login) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	md := map[string]string{}
	for key, from := range map[string]func() (string, error){"username": l.user, "password": l.password} {
		if from == nil {
			continue
		}
		v, err := from()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		if v != "" {
			md[key] = v
		}
	}
	return md, nil
}

// RequireTransportSecurity keeps a password off an unencrypted connection unless that was asked for.
func (l login) RequireTransportSecurity() bool { return !l.plaintext }

func (s *Session) open() error {
	var secure credentials.TransportCredentials
	switch {
	case s.cfg.TLS.Plaintext:
		s.log.Warn("CONNECTION IS NOT ENCRYPTED: user and password are readable on the wire")
		secure = insecure.NewCredentials()
	default:
		conf, err := clientTLS(s.cfg.TLS, s.cfg.Address, s.seen)
		if err != nil {
			return err
		}
		if s.cfg.TLS.SkipVerify {
			s.log.Warn("CERTIFICATE IS NOT CHECKED: anybody between Tenter and the device can read and change everything")
		}
		secure = credentials.NewTLS(conf)
	}
	limits := s.cfg.Profile.Limits
	opts := []grpc.DialOption{
		grpc.WithTransportCredentials(noting{secure, &s.trouble}),
		grpc.WithPerRPCCredentials(login{s.cfg.Username, s.cfg.Password, s.cfg.TLS.Plaintext}),
		grpc.WithContextDialer(s.dial),
		grpc.WithNoProxy(),
		grpc.WithDisableRetry(),
		grpc.WithDisableServiceConfig(),
		grpc.WithUserAgent("tenter"),
		grpc.WithStatsHandler(sentStats{}),
		grpc.WithIdleTimeout(0),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: limits.KeepaliveTime, Timeout: limits.KeepaliveTimeout}),
		grpc.WithConnectParams(grpc.ConnectParams{MinConnectTimeout: connectTimeout, Backoff: backoff.Config{BaseDelay: time.Second, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 10 * time.Second}}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(max(limits.MaxMessage, mostAnswer)), grpc.MaxCallSendMsgSize(limits.MaxMessage)),
	}
	conn, err := grpc.NewClient("passthrough:///"+s.cfg.Address, opts...)
	if err != nil {
		return err
	}
	s.conn = conn
	return nil
}

func (s *Session) dial(ctx context.Context, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{KeepAliveConfig: tcpKeepAlive}).DialContext(ctx, "tcp", address)
	if err != nil {
		s.trouble.note(err)
	}
	return conn, err
}

// ready waits until the connection stands, so that a call that fails after it must be taken as sent.
func (s *Session) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	before, _ := s.trouble.last()
	s.conn.ResetConnectBackoff()
	for {
		state := s.conn.GetState()
		switch state {
		case connectivity.Ready:
			return nil
		case connectivity.Idle:
			s.conn.Connect()
		case connectivity.Shutdown:
			return s.failure("connect", fault.Unreachable, errors.New("the session is closed"))
		case connectivity.TransientFailure:
			if n, err := s.trouble.last(); n > before {
				return s.unconnected(err)
			}
		}
		if !s.conn.WaitForStateChange(ctx, state) {
			_, err := s.trouble.last()
			if err == nil || ctx.Err() == context.Canceled {
				err = ctx.Err()
			}
			return s.unconnected(err)
		}
	}
}

// nextOfOther is what to do about a peer that answers, and not as a gNMI server does.
const nextOfOther = "something answers there, so the route to it is right: check that the port is that of the device's gNMI server, the TLS settings, and that the device lets this host in"

// unconnected is why no connection came about.
func (s *Session) unconnected(err error) error {
	e := s.failure("connect", connectKind(err), s.explain(err))
	if e.Kind == fault.Unreachable && peerThere(err) {
		e.Next = nextOfOther
	}
	return e
}

// peerThere reports whether there was a peer at the address that took the connection.
func peerThere(err error) bool {
	var record tls.RecordHeaderError
	var dial *net.OpError
	return oldTLS(err) || errors.As(err, &record) || errors.Is(err, errSpeaksTLS) || hungUp(err) && !(errors.As(err, &dial) && dial.Op == "dial")
}

// explain puts into words what the peer's behaviour most likely means.
func (s *Session) explain(err error) error {
	var record tls.RecordHeaderError
	switch {
	case oldTLS(err):
		return fmt.Errorf("it speaks neither TLS 1.2 nor 1.3, and Tenter nothing older: %w", err)
	case errors.As(err, &record):
		return fmt.Errorf("it does not speak TLS on this port, and the TLS settings say that it does: %w", err)
	case s.cfg.TLS.Plaintext && (hungUp(err) || errors.Is(err, errSpeaksTLS)):
		return fmt.Errorf("it hung up at once, as a device does that speaks TLS only: %w", err)
	case errors.As(err, new(handshakeError)) && hungUp(err):
		return fmt.Errorf("it hung up in the TLS handshake, as a device does that speaks no TLS on this port: %w", err)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("it takes connections but does not speak gRPC, or not in time: %w", err)
	}
	return err
}

// oldTLS reports whether both sides could not agree on a version of TLS.
func oldTLS(err error) bool {
	return strings.Contains(err.Error(), "tls: protocol version not supported") || strings.Contains(err.Error(), "tls: server selected unsupported protocol version")
}

// hungUp reports whether the peer ended the connection. One that has not read all that was sent to it ends it by a reset.
func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

func connectKind(err error) fault.Kind {
	switch {
	case errors.Is(err, errCertificate):
		return fault.Untrusted
	case strings.Contains(err.Error(), "remote error: tls:") && !oldTLS(err):
		return fault.Unauthenticated // the device refused our certificate, or that we showed none
	}
	return fault.Unreachable
}
