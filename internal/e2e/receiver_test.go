package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tenter-net/tenter/internal/loopback"
)

// A receiver is a chat server: it keeps every request's path and body, in order, and says whether the signature is
// that of the secret it shares with Tenter.
type receiver struct {
	mu      sync.Mutex
	file    string
	secret  string
	address string
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	f, err := os.OpenFile(r.file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer f.Close()
	fmt.Fprintf(f, "%s %s signature=%s\n%s\n", req.Method, req.URL.Path, r.judge(req.Header, body), body)
}

// judge checks the signature from its description in the documentation alone.
func (r *receiver) judge(h http.Header, body []byte) string {
	got := h.Get("X-Tenter-Signature")
	if got == "" {
		return "none"
	}
	mac := hmac.New(sha256.New, []byte(r.secret))
	fmt.Fprintf(mac, "%s.%s", h.Get("X-Tenter-Timestamp"), body)
	if got != "sha256="+hex.EncodeToString(mac.Sum(nil)) {
		return "wrong"
	}
	return "good"
}

// receiverVerb names the address of a chat server in $RECEIVER_URL, and starts it: what it gets goes to received.txt. It
// shares the secret in $RECEIVER_SECRET.
//
//	receiver address
//	receiver start
func receiverVerb(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: receiver address|start")
	}
	r, ok := ts.Value(key("receiver")).(*receiver)
	if !ok {
		ts.Fatalf("receiver: no setup")
	}
	if r.address == "" {
		addr, err := loopback.Free()
		ts.Check(err)
		r.address = addr
	}
	ts.Setenv("RECEIVER_URL", "http://"+r.address)
	switch args[0] {
	case "address":
	case "start":
		l, err := net.Listen("tcp", r.address)
		ts.Check(err)
		r.secret = ts.Getenv("RECEIVER_SECRET")
		srv := &http.Server{Handler: r}
		done := make(chan error, 1)
		go func() { done <- srv.Serve(l) }()
		ts.Defer(func() {
			_ = srv.Close() // its requests end with the script
			<-done
		})
	default:
		ts.Fatalf("receiver %s: no such verb", args[0])
	}
}
