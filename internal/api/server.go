// Package api lets a second process use a running Tenter: operations as HTTP POST on a unix socket in the state
// directory, errors as RFC 9457 problems.
//
// The socket's directory permissions are the access control, and who calls is the uid that the kernel reports for
// the peer, never something the caller says of itself.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/user"
	"strconv"
	"time"

	"go.uber.org/zap"
)

// maxRequest bounds what a caller can make the server read.
const maxRequest = 8 << 20

// A Caller is who asks for an operation.
type Caller struct {
	UID  uint32
	Name string // the user name, or the uid as text when the system knows none
}

// A Problem is an error as it travels (RFC 9457). Code is stable, for programs: "stale", "locked", "denied", "partial"
// or "error".
type Problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Code   string `json:"code"`
}

// Error returns the detail.
func (p *Problem) Error() string { return p.Detail }

// A Server answers operations on a unix socket.
type Server struct {
	log  *zap.Logger
	code func(error) string
	mux  *http.ServeMux
	stop chan struct{} // closed when Run is to end: streams have no end of their own
}

// NewServer returns a server without operations. code names an error for Problem.Code.
func NewServer(log *zap.Logger, code func(error) string) *Server {
	return &Server{log: log, code: code, mux: http.NewServeMux(), stop: make(chan struct{})}
}

type callerKey struct{}

// Register adds the operation name; it must be called before Run.
func Register[Req, Res any](s *Server, name string, do func(context.Context, Caller, Req) (Res, error)) {
	s.mux.HandleFunc("POST /api/v1/"+name, func(w http.ResponseWriter, r *http.Request) {
		caller, ok := r.Context().Value(callerKey{}).(Caller)
		if !ok {
			s.problem(w, http.StatusForbidden, "the peer's user could not be told", "denied")
			return
		}
		var req Req
		dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&req); err != nil {
			s.problem(w, http.StatusBadRequest, fmt.Sprintf("%s: %v", name, err), "error")
			return
		}
		res, err := do(r.Context(), caller, req)
		if err != nil {
			s.problem(w, http.StatusUnprocessableEntity, err.Error(), s.code(err))
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(res); err != nil {
			s.log.Warn("reply not sent", zap.String("operation", name), zap.Error(err))
		}
	})
}

func (s *Server) problem(w http.ResponseWriter, status int, detail, code string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	p := Problem{Title: http.StatusText(status), Status: status, Detail: detail, Code: code}
	if err := json.NewEncoder(w).Encode(p); err != nil {
		s.log.Warn("problem not sent", zap.Error(err))
	}
}

// Run listens on the socket file until ctx ends, then lets requests under way finish within a second. A file left
// by a killed process is replaced: the caller holds the state directory's lock, so nobody can be listening there.
func (s *Server) Run(ctx context.Context, socket string) error {
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("api socket: %w", err)
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "unix", socket)
	if err != nil {
		return fmt.Errorf("api socket: %w", err)
	}
	if err := os.Chmod(socket, 0o600); err != nil {
		return errors.Join(fmt.Errorf("api socket: %w", err), l.Close())
	}
	srv := &http.Server{Handler: s.mux, ReadHeaderTimeout: 5 * time.Second, ConnContext: withCaller}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	select {
	case err := <-done:
		return fmt.Errorf("api socket %s: %w", socket, err)
	case <-ctx.Done():
	}
	close(s.stop)
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	err = srv.Shutdown(grace)
	if err != nil {
		err = srv.Close()
	}
	<-done
	return err
}

// withCaller notes the peer's uid for the requests of a connection. It is transport data, so the
// context that net/http gives for it is its place.
func withCaller(ctx context.Context, c net.Conn) context.Context {
	uc, ok := c.(*net.UnixConn)
	if !ok {
		return ctx
	}
	raw, err := uc.SyscallConn()
	if err != nil {
		return ctx
	}
	var uid uint32
	var peerErr error
	if err := raw.Control(func(fd uintptr) { uid, peerErr = peerUID(int(fd)) }); err != nil || peerErr != nil {
		return ctx
	}
	return context.WithValue(ctx, callerKey{}, NewCaller(uid))
}

// NewCaller looks the user of uid up.
func NewCaller(uid uint32) Caller {
	text := strconv.FormatUint(uint64(uid), 10)
	if u, err := user.LookupId(text); err == nil {
		return Caller{UID: uid, Name: u.Username}
	}
	return Caller{UID: uid, Name: "uid " + text}
}
