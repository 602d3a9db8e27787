package api

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os/user"
	"strconv"
	"strings"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/policy"
)

// A Caller is who asks for an operation. UID is that of a process on this machine; it is 0 and means nothing for a token.
type Caller struct {
	policy.Who
	UID uint32
}

// A TokenError says that a token is of nobody, or not any more. Its text is told to whoever sent the token, so it does not
// say which.
type TokenError struct{}

// Error says what to do.
func (*TokenError) Error() string {
	return "the token is not known here, was revoked or has expired; next: ask an admin for another one: tenter token create"
}

// UserName is the name of the system's user of uid, or the uid as text when the system knows none.
func UserName(uid uint32) string {
	text := strconv.FormatUint(uint64(uid), 10)
	if u, err := user.LookupId(text); err == nil {
		return u.Username
	}
	return "uid " + text
}

// admit finds out who calls, and whether they may. If not, it has answered.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, operation string) (Caller, bool) {
	who, status, err := s.identify(r)
	if err != nil {
		code := CodeUnauthorized
		if status == http.StatusForbidden {
			code = codeDenied
		}
		if status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Bearer realm="tenter"`)
		}
		s.refuse(w, status, err.Error(), code)
		return who, false
	}
	if err := s.o.May(operation, who); err != nil {
		s.refuse(w, http.StatusForbidden, err.Error(), codeDenied)
		return who, false
	}
	return who, true
}

var (
	errNoToken = errors.New("a token is needed: TENTER_TOKEN, or the setting token_file; next: tenter token create, on the server")
	errTooMany = errors.New("too many wrong tokens from this address; next: wait a minute")
	errTrouble = errors.New("who this is could not be found out; next: look at the server's log")
)

// identify says who calls, or with which status to refuse them.
func (s *Server) identify(r *http.Request) (Caller, int, error) {
	if uid, ok := r.Context().Value(peerKey{}).(uint32); ok {
		who, err := s.o.Peer(uid)
		return who, http.StatusForbidden, err
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil || s.o.Token == nil {
		return Caller{}, http.StatusForbidden, errTrouble
	}
	if !s.gate.open(host) {
		return Caller{}, http.StatusTooManyRequests, errTooMany
	}
	token, ok := bearer(r)
	if !ok {
		return Caller{}, http.StatusUnauthorized, errNoToken
	}
	who, err := s.o.Token(r.Context(), token)
	var bad *TokenError
	switch {
	case errors.As(err, &bad):
		s.gate.failed(host)
		s.log.Warn("a wrong token was sent", zap.String("from", host))
		return Caller{}, http.StatusUnauthorized, err
	case err != nil:
		s.log.Error("token", zap.Error(err))
		return Caller{}, http.StatusServiceUnavailable, errTrouble
	}
	return who, http.StatusOK, nil
}

// bearer is the token of a request that came over HTTPS, if there is one. On the socket tokens mean nothing.
func bearer(r *http.Request) (string, bool) {
	if _, local := r.Context().Value(peerKey{}).(uint32); local {
		return "", false
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return token, ok && token != ""
}

type peerKey struct{}

// withPeer notes the peer's uid for the requests of a connection. It is transport data, so the context that net/http gives
// for it is its place.
func withPeer(ctx context.Context, c net.Conn) context.Context {
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
	return context.WithValue(ctx, peerKey{}, uid)
}
