// Package api lets a second process use a running Tenter: operations as HTTP POST and streams as Server-Sent Events, on a
// unix socket in the state directory and, where it is told to, over HTTPS; errors as RFC 9457 problems.
//
// Who calls is never something that the caller says: on the socket it is the uid that the kernel reports for the peer, over
// HTTPS whom a token was given to. Whether somebody may is asked for every operation by its name, before anything of the
// request is read.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"go.uber.org/zap"
)

// maxRequest bounds what a caller can make the server read.
const maxRequest = 8 << 20

// bodyTimeout is how long a request may take to arrive, so that nobody keeps connections busy by sending slowly.
const bodyTimeout = 30 * time.Second

// A Problem is an error as it travels (RFC 9457). Code is stable, for programs: "stale", "locked", "denied", "partial",
// "unauthorized" or "error".
type Problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Code   string `json:"code"`
}

// Error returns the detail.
func (p *Problem) Error() string { return p.Detail }

// The codes that the server itself gives.
const (
	codeError  = "error"
	codeDenied = "denied"
	// CodeUnauthorized says that the server does not know who calls.
	CodeUnauthorized = "unauthorized"
)

// Options are what a Server needs. All but Token, Shared and Listening must be set.
type Options struct {
	Log  *zap.Logger
	Code func(error) string // names an error for Problem.Code
	// Peer says who the user of a process on this machine is.
	Peer func(uid uint32) (Caller, error)
	// Token says whom a token was given to. An error that is a *TokenError is told to whoever sent it.
	Token func(ctx context.Context, token string) (Caller, error)
	// May says why the caller may not carry out the operation or follow the stream, nil if they may.
	May func(operation string, who Caller) error
	// Shared lets every user of the machine open the socket: Peer knows who may.
	Shared bool
	// Listening is called once, when Run listens everywhere.
	Listening func()
}

// A Server answers operations on a unix socket and over HTTPS.
type Server struct {
	o    Options
	log  *zap.Logger
	mux  *http.ServeMux
	gate *gate
	stop chan struct{} // closed when Run is to end: streams have no end of their own

	bodyTimeout, recheck time.Duration
}

// NewServer returns a server without operations.
func NewServer(o Options) *Server {
	return &Server{o: o, log: o.Log, mux: http.NewServeMux(), gate: newGate(), stop: make(chan struct{}), bodyTimeout: bodyTimeout, recheck: recheck}
}

// Register adds the operation name; it must be called before Run.
func Register[Req, Res any](s *Server, name string, do func(context.Context, Caller, Req) (Res, error)) {
	s.mux.HandleFunc("POST /api/v1/"+name, func(w http.ResponseWriter, r *http.Request) {
		caller, ok := s.admit(w, r, name)
		if !ok {
			return
		}
		var req Req
		if err := s.read(w, r, &req); err != nil {
			s.problem(w, http.StatusBadRequest, fmt.Sprintf("%s: %v", name, err), codeError)
			return
		}
		res, err := do(r.Context(), caller, req)
		if err != nil {
			s.problem(w, http.StatusUnprocessableEntity, err.Error(), s.o.Code(err))
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(res); err != nil {
			s.log.Warn("reply not sent", zap.String("operation", name), zap.Error(err))
		}
	})
}

// read reads what is asked for. Whoever sends it has bodyTimeout for that; what is done then may take longer.
func (s *Server) read(w http.ResponseWriter, r *http.Request, req any) error {
	until := http.NewResponseController(w).SetReadDeadline
	if err := until(time.Now().Add(s.bodyTimeout)); err != nil {
		return err
	}
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest))
	dec.DisallowUnknownFields()
	if err := dec.Decode(req); err != nil {
		return err
	}
	return until(time.Time{})
}

// refuse answers whoever may not. Of what they sent besides, nothing is waited for: net/http would read it to use the
// connection again, for as long as they take.
func (s *Server) refuse(w http.ResponseWriter, status int, detail, code string) {
	w.Header().Set("Connection", "close")
	if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(s.bodyTimeout)); err != nil {
		s.log.Debug("no deadline", zap.Error(err))
	}
	s.problem(w, status, detail, code)
}

func (s *Server) problem(w http.ResponseWriter, status int, detail, code string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	p := Problem{Title: http.StatusText(status), Status: status, Detail: detail, Code: code}
	if err := json.NewEncoder(w).Encode(p); err != nil {
		s.log.Warn("problem not sent", zap.Error(err))
	}
}

// Run listens on the socket file, and over HTTPS unless https is nil, until ctx ends, then lets requests under way finish
// within a second. A file left by a killed process is replaced: the caller holds the state directory's lock, so nobody can be
// listening there. Any other file is left, and an error.
func (s *Server) Run(ctx context.Context, socket string, https *HTTPS) error {
	if err := removeSocket(socket); err != nil {
		return fmt.Errorf("api socket: %w", err)
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "unix", socket)
	if err != nil {
		return fmt.Errorf("api socket: %w", err)
	}
	mode := os.FileMode(0o600)
	if s.o.Shared {
		mode = 0o666
	}
	if err := os.Chmod(socket, mode); err != nil {
		return errors.Join(fmt.Errorf("api socket: %w", err), l.Close())
	}
	listeners := []net.Listener{l}
	if https != nil {
		t, err := https.listen(ctx, s.log)
		if err != nil {
			return errors.Join(fmt.Errorf("api %s: %w", https.Address, err), l.Close())
		}
		listeners = append(listeners, t)
		s.log.Info("the API listens", zap.String("address", t.Addr().String()))
	}
	if s.o.Listening != nil {
		s.o.Listening()
	}
	srv := &http.Server{
		Handler: s.mux, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10, ConnContext: withPeer,
		ErrorLog: quiet(s.log),
	}
	done := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() { done <- srv.Serve(l) }()
	}
	var failed error
	select {
	case err := <-done:
		failed = fmt.Errorf("api: %w", err)
	case <-ctx.Done():
	}
	close(s.stop)
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	err = srv.Shutdown(grace)
	if err != nil {
		err = srv.Close()
	}
	for n := range listeners {
		if failed == nil || n > 0 {
			<-done
		}
	}
	return errors.Join(failed, err)
}

func removeSocket(file string) error {
	info, err := os.Lstat(file)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != os.ModeSocket:
		return fmt.Errorf("%s is there already, and is no socket", file)
	}
	return os.Remove(file)
}
