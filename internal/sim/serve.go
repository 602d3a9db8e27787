package sim

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	gpb "github.com/openconfig/gnmi/proto/gnmi"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	tlscreds "google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
)

// A service is how one node is served: always at the same address.
type service struct {
	*node
	address string
	login   credentials
	tls     tlscreds.TransportCredentials
	cert    atomic.Pointer[tls.Certificate]
	first   net.Listener // bound by New, so that the address is known before Run
	gate    gate
}

// run serves the node while it is reachable, until the context ends. A reboot, a cut management path and
// a configuration that locks everybody out end every connection.
func (s *service) run(ctx context.Context) error {
	var srv *grpc.Server
	var done chan struct{}
	served := 0
	stop := func() {
		if srv != nil {
			srv.Stop()
			<-done
			srv = nil
		}
	}
	defer stop()
	defer s.close()
	for {
		ok, boot := s.reachable()
		if srv != nil && (!ok || boot != served) {
			s.log.Info("unreachable", zap.Bool("rebooting", ok))
			stop()
		}
		if srv == nil && ok {
			l, err := s.listen(ctx)
			if err != nil {
				return err
			}
			srv, done, served = s.newServer(boot), make(chan struct{}), boot
			go func(srv *grpc.Server, done chan struct{}) {
				defer close(done)
				if err := srv.Serve(l); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
					s.log.Error("serving ended", zap.Error(err))
				}
			}(srv, done)
		}
		if !s.kick.wait(ctx) {
			return nil
		}
	}
}

// close releases what Run will not use any more.
func (s *service) close() {
	if s.first != nil {
		_ = s.first.Close() // was never served from
		s.first = nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropPendingLocked()
}

func (s *service) listen(ctx context.Context) (net.Listener, error) {
	l := s.first
	s.first = nil
	if l == nil {
		var err error
		var lc net.ListenConfig
		if l, err = lc.Listen(ctx, "tcp", s.address); err != nil {
			return nil, err
		}
	}
	return gatedListener{l, &s.gate, &s.faults}, nil
}

// newServer returns the gNMI server of one boot. After a reboot it answers nothing more, though its connections may live
// on for a moment.
func (s *service) newServer(boot int) *grpc.Server {
	up := func() error {
		if _, now := s.reachable(); now != boot {
			return status.Error(codes.Unavailable, "the device reboots")
		}
		return nil
	}
	srv := grpc.NewServer(
		grpc.Creds(s.tls),
		grpc.ChainUnaryInterceptor(s.login.unary, func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
			if err := up(); err != nil {
				return nil, err
			}
			return next(ctx, req)
		}),
		grpc.ChainStreamInterceptor(s.login.stream, func(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
			if err := up(); err != nil {
				return err
			}
			return next(srv, ss)
		}),
		grpc.WaitForHandlers(true),
		// Clients that look after their sessions ping every few seconds; gRPC's own limit is five minutes.
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Second, PermitWithoutStream: true}),
	)
	gpb.RegisterGNMIServer(srv, &server{node: s.node})
	return srv
}

// A gate holds back all bytes of a management path while it is shut: connections stay, and nothing comes
// through.
type gate struct {
	mu   sync.Mutex
	open chan struct{} // closed while bytes may pass; nil likewise

	now, most int // connections
}

// counted takes a connection in, or out.
func (g *gate) counted(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now += n
	g.most = max(g.most, g.now)
}

// connections is how many there are, and how many there were at once since that was last asked.
func (g *gate) connections() (now, most int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now, most = g.now, g.most
	g.most = now
	return now, most
}

func (g *gate) shut(shut bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case shut && g.passable():
		g.open = make(chan struct{})
	case !shut && !g.passable():
		close(g.open)
	}
}

func (g *gate) passable() bool {
	if g.open == nil {
		return true
	}
	select {
	case <-g.open:
		return true
	default:
		return false
	}
}

// wait blocks while the gate is shut and the connection lives.
func (g *gate) wait(dead <-chan struct{}) {
	g.mu.Lock()
	open := g.open
	g.mu.Unlock()
	if open == nil {
		return
	}
	select {
	case <-open:
	case <-dead:
	}
}

type gatedListener struct {
	net.Listener
	gate   *gate
	faults *faults
}

func (l gatedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	for err == nil && l.faults.on(RefuseNew) {
		_ = c.Close() // whoever it was sees that
		c, err = l.Listener.Accept()
	}
	if err != nil {
		return nil, err
	}
	l.gate.counted(1)
	return &gatedConn{Conn: c, gate: l.gate, dead: make(chan struct{})}, nil
}

type gatedConn struct {
	net.Conn
	gate *gate
	once sync.Once
	dead chan struct{}
}

func (c *gatedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.gate.wait(c.dead)
	return n, err
}

func (c *gatedConn) Write(b []byte) (int, error) {
	c.gate.wait(c.dead)
	return c.Conn.Write(b)
}

func (c *gatedConn) Close() error {
	c.once.Do(func() {
		close(c.dead)
		c.gate.counted(-1)
	})
	return c.Conn.Close()
}
