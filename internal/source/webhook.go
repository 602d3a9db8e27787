package source

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// WebhookPath is where a Webhook takes pushes.
const WebhookPath = "/hooks/git"

// A Webhook takes push webhooks of git servers. All that a good one does is to make the source look now, so that one that is
// sent again, or late, does no harm, and what it says of commits is not believed.
//
// It answers 202 to what is signed with the secret: X-Hub-Signature-256 (GitHub, Gitea, Forgejo) and X-Gitea-Signature are
// HMAC-SHA256 of the body, X-Gitlab-Token is the secret itself. Whatever else comes gets 401, a body that is too large 413.
type Webhook struct {
	Secret func() (string, error) // read at each request, so that it can change
	Push   func()
	Log    *zap.Logger

	refused atomic.Int64 // in a row
}

// The bounds of one request. GitHub's payloads have 25 MB at most; they are not kept, only summed.
const (
	maxBody        = 25 << 20
	maxHeader      = 16 << 10
	requestTimeout = 30 * time.Second
)

// Run serves the listener until ctx ends; then it returns nil. It closes the listener.
func (w *Webhook) Run(ctx context.Context, l net.Listener) error {
	s := &http.Server{Handler: w, ReadTimeout: requestTimeout, WriteTimeout: requestTimeout, IdleTimeout: requestTimeout, MaxHeaderBytes: maxHeader}
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { defer close(ended); _ = s.Close() })
	err := s.Serve(l)
	if stop() {
		close(ended)
	}
	<-ended
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("webhook: %w", err)
}

// ServeHTTP takes one request.
func (w *Webhook) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path != WebhookPath:
		http.Error(rw, "webhooks go to "+WebhookPath, http.StatusNotFound)
		return
	case r.Method != http.MethodPost:
		rw.Header().Set("Allow", http.MethodPost)
		http.Error(rw, "a webhook is a POST", http.StatusMethodNotAllowed)
		return
	}
	secret, err := w.Secret()
	if err != nil {
		w.refuse(r, err)
		http.Error(rw, "the secret that webhooks are signed with cannot be read", http.StatusInternalServerError)
		return
	}
	sum := hmac.New(sha256.New, []byte(secret))
	var large *http.MaxBytesError
	if _, err := io.Copy(sum, http.MaxBytesReader(rw, r.Body, maxBody)); errors.As(err, &large) {
		http.Error(rw, "the body is too large", http.StatusRequestEntityTooLarge)
		return
	} else if err != nil {
		http.Error(rw, "the body ended early", http.StatusBadRequest)
		return
	}
	if !signed(r.Header, sum.Sum(nil), secret) {
		w.refuse(r, errUnsigned)
		http.Error(rw, "not signed with the secret: X-Hub-Signature-256, X-Gitea-Signature or X-Gitlab-Token", http.StatusUnauthorized)
		return
	}
	if n := w.refused.Swap(0); n > 0 {
		w.Log.Info("webhooks are signed again", zap.Int64("refused", n))
	}
	w.Push()
	rw.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(rw, "fetching\n") // whoever is gone does not need it
}

var errUnsigned = errors.New("its signature is missing or wrong")

// refuse logs the first request in a row that is refused, and every hundredth: whoever can reach the port can send as many as they like.
func (w *Webhook) refuse(r *http.Request, why error) {
	if n := w.refused.Add(1); n%warnEvery == 1 {
		w.Log.Warn("webhook refused", zap.String("from", r.RemoteAddr), zap.Int64("refused", n), zap.Error(why))
	}
}

// signed reports whether one of the headers proves that the sender knows the secret, in a time that tells nothing.
func signed(h http.Header, sum []byte, secret string) bool {
	for _, name := range []string{"X-Hub-Signature-256", "X-Gitea-Signature"} {
		given, err := hex.DecodeString(strings.TrimPrefix(h.Get(name), "sha256="))
		if err == nil && len(given) > 0 && hmac.Equal(given, sum) {
			return true
		}
	}
	token := sha256.Sum256([]byte(h.Get("X-Gitlab-Token")))
	want := sha256.Sum256([]byte(secret))
	return h.Get("X-Gitlab-Token") != "" && hmac.Equal(token[:], want[:])
}
